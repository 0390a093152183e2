import type { ListingPage, ListRequest } from './listing.ts';
import type { AccessKeys, TemporaryKeys } from './roles.ts';

/** Where a bucket is and with what keys to ask for it. Credentials are always explicit: never the host's own role. */
export type BucketTarget = {
  readonly bucket: string;
  /** The account that the bucket is to belong to: said with every request about it, and S3 refuses those about another's. */
  readonly expectedOwner?: string;
  /** host[:port]; empty means AWS's own endpoint for the region. */
  readonly endpoint: string;
  readonly region?: string;
  readonly useSsl: boolean;
  readonly pathStyle: boolean;
  readonly listVersion: 'auto' | 1 | 2;
  readonly credentials: BucketCredentials;
};

/** Keys, or a role whose keys are taken anew as they come to their end: a run may outlast them. */
export type BucketCredentials = AccessKeys | { readonly roleArn: string; take(): Promise<TemporaryKeys> };

/** What a HEAD of one key said. `unusable`: this server, or this object, takes no such question; it tells nothing. */
export type HeadResult = FoundObject | { readonly status: 'missing' | 'forbidden' | 'unusable' };

export type FoundObject = {
  readonly status: 'found';
  readonly lastModified: number;
  readonly size: number;
  readonly etag: string;
  /** It lies in an archive and has to be restored before it can be read; absent when it can. */
  readonly archived?: boolean;
};

/** The same with all that its headers tell. */
export type DescribeResult =
  | (FoundObject & { readonly headers: ObjectHeaders })
  | { readonly status: 'missing' }
  | { readonly status: 'forbidden' };

/**
 * What a GET of the first byte of one key said. `found`: the byte came, or could have. `unreadable`: an object is there
 * whose first byte cannot be had, for it has none or lies in an archive. `refused`: the question may not be asked.
 * `unclear`: any other answer.
 */
export type FirstByte =
  | {
      readonly status: 'found';
      /** '' where none came. */
      readonly etag: string;
      /** Epoch milliseconds, where it can be read. */
      readonly lastModified?: number;
    }
  | { readonly status: 'missing' | 'unreadable' | 'refused' | 'unclear' };

/** What tells a bucket from another of its name. `created` in epoch milliseconds; each only where the server tells it. */
export type BucketIdentity =
  | { readonly status: 'found'; readonly created?: number; readonly region?: string }
  | { readonly status: 'missing' | 'unclear' };

/** What the headers of an object tell beyond what a listing does. Names are in lower case, values as they were sent. */
export type ObjectHeaders = {
  readonly contentType?: string;
  readonly contentEncoding?: string;
  readonly cacheControl?: string;
  /** The user's own, without `x-amz-meta-`. */
  readonly metadata: Readonly<Record<string, string>>;
  /** By algorithm, such as `sha256`, in base64. */
  readonly checksums: Readonly<Record<string, string>>;
  readonly encryption?: { readonly algorithm: string; readonly keyId?: string };
  /** Absent where the bucket keeps no versions. */
  readonly versionId?: string;
  /** `STANDARD` where the server names none. */
  readonly storageClass: string;
};

/** What asking for the tags of one key said. `unavailable`: the server has no tags, or cannot tell of them. */
export type TagsResult =
  | { readonly status: 'found'; readonly tags: Readonly<Record<string, string>> }
  | { readonly status: 'missing' | 'forbidden' | 'unavailable' };

/** One bucket, opened with one set of keys or as one role. Throws Failure with a SourceFailureCode. */
export interface Bucket {
  /**
   * How often the server closed a connection that was kept for further requests, without having announced it: a server
   * that is started anew does so. Absent where that is not known.
   */
  readonly closings?: number;
  list(request: ListRequest): Promise<ListingPage>;
  head(key: string): Promise<HeadResult>;
  /** A GET of one byte, for servers that take no HEAD and for what a HEAD leaves open. No more than headers is read. */
  firstByte(key: string): Promise<FirstByte>;
  /** HEAD of the bucket, and when it was made where the server says so. */
  identify(): Promise<BucketIdentity>;
  /** A HEAD that asks for everything; without checksums where the credentials may not read those. */
  describe(key: string): Promise<DescribeResult>;
  tags(key: string): Promise<TagsResult>;
  /** A URL that reads the object without further keys, valid for so many seconds (at most 7 days, S3's limit). */
  presign(key: string, expiresInSeconds: number): Promise<string>;
  close(): void;
}

/** Opens buckets. Refuses an endpoint that may not be dialled before any connection is made. */
export interface Buckets {
  open(target: BucketTarget): Bucket;
}
