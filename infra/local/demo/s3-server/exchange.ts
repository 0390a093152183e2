import type { Page } from './listing.ts';
import type { S3Request } from './request.ts';
import type { S3User } from './signature.ts';
import type { StoredBucket } from './storage.ts';

/** All that the server remembers. */
export type ServerState = {
  readonly region: string;
  readonly buckets: Map<string, StoredBucket>;
  /** Which page each version 1 marker leads to; tokens of version 2 carry that themselves. */
  readonly markers: Map<string, number>;
};

/** One request on its way to an answer. `bucket` exists, except for ListBuckets and CreateBucket. */
export type Exchange = {
  readonly state: ServerState;
  readonly request: S3Request;
  readonly user: S3User;
  readonly payload: Buffer;
  readonly bucket: StoredBucket;
  /** How a fault alters the page of a listing. */
  readonly alterPage?: (page: Page) => Page;
};
