import { Failure } from '../model/errors.ts';
import type { Bucket } from '../model/ports/bucket.ts';
import type { Clock } from '../model/ports/host.ts';
import type { Table } from '../model/ports/table.ts';
import type { EnrichmentSteps } from '../registry/enrichment-pipeline.ts';
import { enrichRecord } from './enrich-record.ts';
import { gatherDetails } from './gather-details.ts';
import type { JobFailureCode, RecordOutcome } from './job.ts';
import { mayPass } from './source-patience.ts';

/** How a key's processing ended; `later` if the source may answer another time. */
export type KeyOutcome =
  | {
      readonly status: 'completed';
      readonly degraded: boolean;
      readonly record: RecordOutcome;
    }
  | { readonly status: 'failed'; readonly code: JobFailureCode; readonly reason: string }
  | { readonly status: 'later'; readonly reason: string };

/** Gathers all there is to know of a key and puts it on its record, if `uid` has one. Only defects are thrown. */
export async function processKey(
  deps: { readonly table: Table; readonly clock: Clock; readonly bucket: Bucket },
  { key, uid, prefix, steps }: { key: string; uid?: string | undefined; prefix: string; steps: EnrichmentSteps },
): Promise<KeyOutcome> {
  if (!key.startsWith(prefix)) {
    return failed('outside_prefix', `the key is outside of the connector's prefix "${prefix}"`);
  }
  try {
    const gathered = await gatherDetails(deps, key, steps);
    if (gathered.status !== 'gathered') {
      return gathered.status === 'missing' ? failed('object_missing', missing) : failed('object_forbidden', forbidden);
    }
    if (gathered.archived) return failed('object_archived', archived);
    const { etag, details, degraded } = gathered;
    const record = uid === undefined ? 'not_catalogued' : await enrichRecord(deps.table, uid, key, etag, details);
    return { status: 'completed', degraded, record };
  } catch (error) {
    return outcomeOfFailure(error);
  }
}

/** What a Failure of the source, or of opening it, means for a key. Throws on whatever is no Failure. */
export function outcomeOfFailure(error: unknown): Exclude<KeyOutcome, { status: 'completed' }> {
  if (!(error instanceof Failure)) throw error;
  return mayPass(error) ? { status: 'later', reason: error.message } : failed('source_failed', error.message);
}

const missing = 'there is no object with this key in the bucket';
const forbidden =
  'access is denied: give the key of the connector s3:GetObject on this object, and s3:ListBucket to be told of missing ones';
const archived = 'the object lies in an archive (S3 Glacier) and cannot be read; restore it, then submit its key again';

function failed(code: JobFailureCode, reason: string): Extract<KeyOutcome, { status: 'failed' }> {
  return { status: 'failed', code, reason };
}
