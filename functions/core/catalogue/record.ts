import * as z from 'zod';
import type { ListedObject } from '../model/ports/listing.ts';
import type { Item } from '../model/ports/table.ts';
import { fromItem } from '../table/stored-item.ts';
import { objectDetails } from './object-details.ts';

/** A record at rest; `sk` is the bare object key. `run` and `seq` (the fence) say who wrote it. A record that was
 *  removed stays for a while as a tombstone, so that the feed's new images tell everything; readers skip it. */
export const recordRow = z.object({
  pk: z.string(),
  sk: z.string(),
  v: z.literal(1),
  size: z.number(),
  etag: z.string(),
  last_modified: z.string(),
  storage_class: z.string(),
  run: z.string(),
  seq: z.number().int(),
  at: z.string(),
  fresh: z.boolean().optional(),
  gone: z.object({ reason: z.enum(['deleted', 'out_of_scope', 'removed_by_request']) }).optional(),
  ttl: z.number().int().optional(),
  quiet: z.boolean().optional(),
  details: objectDetails.optional(),
  /** How often details were gathered of the object as it is now, by jobs and by the enrichment pipeline. */
  processing_count: z.number().int().optional(),
  /** What somebody wrote about the object as it is now. A sync that finds it changed writes the record without them. */
  tags: z.array(z.string()).optional(),
  summary: z.string().optional(),
  /** How often tags or summary were written. */
  annotation_count: z.number().int().optional(),
});
export type RecordRow = z.output<typeof recordRow>;

export type TombstoneReason = NonNullable<RecordRow['gone']>['reason'];

/** Tombstones are kept so long: more than enough for the slowest reader of the feed (a stream keeps 24 hours). */
const tombstoneSeconds = 7 * 86_400;

export const recordPartitionPrefix = 'record#';

export function recordPartition(uid: string, range: string): string {
  return `${recordPartitionPrefix}${uid}#${range}`;
}

export function readRecord(item: Item): RecordRow {
  return fromItem(recordRow, item);
}

/** Who writes, and when: stamped on each record. `quiet` keeps it out of the feed. */
export type Stamp = { readonly run: string; readonly seq: number; readonly at: string; readonly quiet: boolean };

/** A live record of a listed object. `fresh` tells a reader of the feed that it was added rather than modified. */
export function recordOf(pk: string, object: ListedObject, stamp: Stamp, fresh: boolean): Item {
  return {
    pk,
    sk: object.key,
    v: 1,
    size: object.size,
    etag: object.etag,
    last_modified: object.lastModified,
    storage_class: object.storageClass,
    run: stamp.run,
    seq: stamp.seq,
    at: stamp.at,
    fresh,
    ...(stamp.quiet ? { quiet: true } : {}),
  };
}

/** What takes the place of a removed record. */
export function tombstoneOf(record: RecordRow, stamp: Stamp, reason: TombstoneReason): Item {
  const { quiet: _quiet, fresh: _fresh, ...kept } = record;
  const ttl = Math.floor(Date.parse(stamp.at) / 1000) + tombstoneSeconds;
  // An object that was never announced is not said to be gone either.
  const quiet = stamp.quiet ? { quiet: true } : {};
  return { ...kept, ...quiet, run: stamp.run, seq: stamp.seq, at: stamp.at, gone: { reason }, ttl };
}

/** True if the listing tells of the same object state as the record: an opaque comparison of four fields. */
export function describesSame(record: RecordRow, object: ListedObject): boolean {
  return (
    record.etag === object.etag &&
    record.size === object.size &&
    record.last_modified === object.lastModified &&
    record.storage_class === object.storageClass
  );
}
