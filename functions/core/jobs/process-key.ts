import { Failure } from '../model/errors.ts';
import type { Bucket } from '../model/ports/bucket.ts';
import type { Clock } from '../model/ports/host.ts';
import type { Table } from '../model/ports/table.ts';
import type { EnrichmentSteps } from '../registry/enrichment-pipeline.ts';
import { enrichRecord } from './enrich-record.ts';
import { type Gathered, gatherDetails, stateOf } from './gather-details.ts';
import type { JobFailureCode, RecordOutcome } from './job.ts';
import { type Keeper, keepDocument } from './keep-document.ts';
import { keptDocumentId } from './kept-document.ts';
import { mayPass } from './source-patience.ts';

/** How a key's processing ended; `later` if the source may answer another time. */
export type KeyOutcome =
  | {
      readonly status: 'completed';
      readonly degraded: boolean;
      readonly record: RecordOutcome;
      readonly kept_id?: string;
    }
  | { readonly status: 'failed'; readonly code: JobFailureCode; readonly reason: string }
  | { readonly status: 'later'; readonly reason: string };

type KeyDeps = { readonly table: Table; readonly clock: Clock; readonly bucket: Bucket };

/** What is to be done with a key: `uid` names the catalogue that it belongs to, if one does. */
type KeyWork = {
  readonly key: string;
  readonly uid: string | undefined;
  readonly prefix: string;
  readonly steps: EnrichmentSteps;
  readonly keeper: Keeper;
};

/** Gathers all there is to know of a key and puts it on its record, or keeps it where there is none. Only defects are
 *  thrown. */
export async function processKey(deps: KeyDeps, work: KeyWork): Promise<KeyOutcome> {
  const { key, prefix, steps } = work;
  if (!key.startsWith(prefix)) {
    return failed('outside_prefix', `the key is outside of the connector's prefix "${prefix}"`);
  }
  try {
    const gathered = await gatherDetails(deps, key, steps);
    if (gathered.status !== 'gathered') return unread(gathered.status);
    if (gathered.archived) return failed('object_archived', archived);
    return await record(deps, work, gathered);
  } catch (error) {
    return outcomeOfFailure(error);
  }
}

async function record(deps: KeyDeps, { key, uid, keeper }: KeyWork, gathered: Gathered): Promise<KeyOutcome> {
  const { object, details, degraded } = gathered;
  const outcome =
    uid === undefined ? 'not_catalogued' : await enrichRecord(deps.table, uid, key, object?.etag, details);
  if (outcome !== 'not_catalogued') return { status: 'completed', degraded, record: outcome };
  // A pipeline that leaves the headers out leaves them out of the details; a record needs its object's state all the same.
  const described = object === undefined ? await deps.bucket.describe(key) : undefined;
  if (described !== undefined && described.status !== 'found') return unread(described.status);
  const state = object ?? (described && stateOf(described));
  if (state === undefined) throw new Error('an object that was found has no state');
  const kept = await keepDocument(deps.table, keeper, { key, object: state, details });
  return { status: 'completed', degraded, record: kept, kept_id: keptDocumentId(keeper.number, key) };
}

function unread(status: 'missing' | 'forbidden'): KeyOutcome {
  return status === 'missing' ? failed('object_missing', missing) : failed('object_forbidden', forbidden);
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
