import { leafPartition } from '../catalogue/leaf-pack.ts';
import { findRange, noteEmptied, type RangeRow, readRanges } from '../catalogue/range-map.ts';
import { recordPartition } from '../catalogue/record.ts';
import type { Table } from '../model/ports/table.ts';
import type { Place } from './empty-partitions.ts';

/** Which round of a purge this is, and which of its workers: each begins at another part of the ranges, and all go
 *  through all of them, so that none is left to a worker that died. */
export type Share = { readonly round: 1 | 2; readonly worker: number; readonly workers: number };

/** The ranges of a uid that this round has not emptied, as places. Their rows stay, for they lead to the records. */
export async function* purgedRanges(table: Table, uid: string, share: Share): AsyncIterable<Place> {
  const ranges = (await readRanges(table, uid)).filter((range) => !isEmptied(range, share.round));
  const first = Math.floor((share.worker * ranges.length) / share.workers);
  for (const { lo } of [...ranges.slice(first), ...ranges.slice(0, first)]) {
    // Another worker may have come by since.
    const range = await findRange(table, uid, lo);
    if (range === undefined || isEmptied(range, share.round)) continue;
    yield { partitions: partitionsOf(uid, range), emptied: () => noteEmptied(table, uid, range, share.round) };
  }
}

function partitionsOf(uid: string, { id, moving }: RangeRow): string[] {
  const ids = moving === undefined ? [id] : [id, moving.id];
  return ids.flatMap((each) => [recordPartition(uid, each), leafPartition(uid, each)]);
}

function isEmptied({ emptied = 0 }: RangeRow, round: number): boolean {
  return emptied >= round;
}
