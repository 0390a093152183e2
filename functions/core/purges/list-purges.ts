import { type RangeRow, readRanges } from '../catalogue/range-map.ts';
import { readLease } from '../lease/lease.ts';
import type { Table } from '../model/ports/table.ts';
import { type PurgeMark, purgePartition, readPurgeMark } from '../registry/purge-item.ts';

/** So many are looked into for one answer. */
export const mostShown = 100;

/**
 * How far the removal of data is that belongs to no datasource any more. `id` is that of the datasource which was deleted
 * or got another bucket, or of the connector whose documents these are. `waiting`: a run is being stopped first;
 * `purging`; `purged`: all is removed, and is looked for once more at `again_at`, when no worker of that time can be alive.
 * Records and percent by the ranges of the catalogue that are done.
 */
export type PurgeView = {
  readonly id: string;
  readonly status: 'waiting' | 'purging' | 'purged';
  readonly percent: number;
  readonly records_left: number;
  readonly ranges: { readonly done: number; readonly total: number };
  readonly again_at?: string;
};

/** The purges that have not come to their end, at most a hundred of them told in full; `total` counts all. */
export async function listPurges(table: Table): Promise<{ readonly total: number; readonly purges: PurgeView[] }> {
  const uids: string[] = [];
  let total = 0;
  for await (const { sk } of table.query({ pk: purgePartition })) {
    total += 1;
    if (uids.length < mostShown) uids.push(sk);
  }
  const purges: PurgeView[] = [];
  for (const uid of uids) {
    const mark = await readPurgeMark(table, uid);
    if (mark !== undefined) purges.push(await viewOf(table, uid, mark));
  }
  return { total, purges };
}

async function viewOf(table: Table, uid: string, mark: PurgeMark): Promise<PurgeView> {
  const ranges = await readRanges(table, uid);
  const left = ranges.filter(({ emptied }) => emptied === undefined);
  const records = countOf(left);
  const counted = { records_left: records, ranges: { done: ranges.length - left.length, total: ranges.length } };
  const id = mark.datasource;
  if (mark.again_at !== undefined) {
    return { id, status: 'purged', percent: 100, ...counted, again_at: new Date(mark.again_at).toISOString() };
  }
  const { purged = false } = await readLease(table, uid);
  const percent = Math.min(99, Math.floor((100 * (countOf(ranges) - records)) / Math.max(1, countOf(ranges))));
  return { id, status: purged ? 'purging' : 'waiting', percent, ...counted };
}

function countOf(ranges: readonly RangeRow[]): number {
  return ranges.reduce((sum, { objects }) => sum + objects, 0);
}
