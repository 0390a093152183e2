import type { ObjectDetails } from '../catalogue/object-details.ts';
import type { Bucket, DescribeResult, TagsResult } from '../model/ports/bucket.ts';
import type { Clock } from '../model/ports/host.ts';
import type { EnrichmentSteps } from '../registry/enrichment-pipeline.ts';

/** What a record says of an object. `lastModified` in epoch milliseconds. */
export type ObjectState = {
  readonly size: number;
  readonly etag: string;
  readonly lastModified: number;
  readonly storageClass: string;
};

/** What was gathered of an object, and of which version of it. */
export type Gathered = {
  readonly status: 'gathered';
  readonly details: ObjectDetails;
  /** Undefined if its headers were not asked for. */
  readonly object: ObjectState | undefined;
  readonly archived: boolean;
  /** The tags were asked for and not given. */
  readonly degraded: boolean;
};

/** Asks the bucket what the steps name, a request each. Throws Failure with a SourceFailureCode. */
export async function gatherDetails(
  deps: { readonly clock: Clock; readonly bucket: Bucket },
  key: string,
  steps: EnrichmentSteps,
): Promise<Gathered | { readonly status: 'missing' | 'forbidden' }> {
  const described = steps.includes('s3_head') ? await deps.bucket.describe(key) : undefined;
  if (described !== undefined && described.status !== 'found') return { status: described.status };
  const tagged = steps.includes('s3_tags') ? await deps.bucket.tags(key) : undefined;
  // Deleted between the two requests.
  if (tagged?.status === 'missing') return { status: 'missing' };
  return {
    status: 'gathered',
    details: {
      ...(described === undefined ? {} : headersOf(described)),
      ...tagsOf(tagged),
      gathered_at: new Date(deps.clock.now()).toISOString(),
    },
    object: described && stateOf(described),
    archived: described?.archived ?? false,
    degraded: tagged !== undefined && tagged.status !== 'found',
  };
}

type Described = Extract<DescribeResult, { status: 'found' }>;

/** What a record says of an object, from its headers. */
export function stateOf({ size, etag, lastModified, headers }: Described): ObjectState {
  return { size, etag, lastModified, storageClass: headers.storageClass };
}

function headersOf({ headers }: Described): Partial<ObjectDetails> {
  const { encryption } = headers;
  return {
    content_type: headers.contentType,
    content_encoding: headers.contentEncoding,
    cache_control: headers.cacheControl,
    version_id: headers.versionId,
    encryption: encryption && { algorithm: encryption.algorithm, key_id: encryption.keyId },
    user_metadata: headers.metadata,
    checksums: headers.checksums,
  };
}

function tagsOf(tagged: TagsResult | undefined): Partial<ObjectDetails> {
  return tagged?.status === 'found' ? { tags: tagged.tags } : {};
}
