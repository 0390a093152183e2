import type { Item, Table } from '../model/ports/table.ts';
import {
  type Direction,
  intersect,
  type KeyPosition,
  type KeySpan,
  queryOfSpan,
  spanBeyond,
  spanOfRange,
} from './key-span.ts';
import type { RangeRow } from './range-map.ts';
import { type RecordRow, readRecord, recordPartition } from './record.ts';

/** One step of a walk over the catalogue: a live record, a folder (`whole`, with its marker's record if that lives), or
 *  only a position, where a tombstone stands. */
export type WalkStep = KeyPosition & { readonly record?: RecordRow };

/** What a walk has cost so far; it grows with each step. */
export type ReadMeter = {
  /** Stored items read, tombstones among them. */
  items: number;
  /** Live records read. */
  records: number;
  /** Queries that a folder listing made beyond one for each range. */
  jumps: number;
};

export type Walk = {
  readonly table: Table;
  readonly uid: string;
  /** The range map, ascending. */
  readonly ranges: readonly RangeRow[];
  readonly span: KeySpan;
  readonly direction: Direction;
  readonly meter: ReadMeter;
  /** Read so many items at once where more are not likely to be wanted. */
  readonly pageItems?: number;
};

/** Walks over all records of a span in key order. */
export async function* walkRecords(walk: Walk): AsyncIterable<WalkStep> {
  const { table, uid, direction, meter, pageItems } = walk;
  for (const range of inOrder(walk)) {
    let left = intersect(walk.span, spanOfRange(range));
    let read: number;
    do {
      read = 0;
      const query = queryOfSpan(recordPartition(uid, range.id), left, direction, pageItems);
      if (query === undefined) break;
      let last: KeyPosition | undefined;
      for await (const item of table.query(query)) {
        read += 1;
        last = { key: item.sk, whole: false };
        yield noteRead(meter, item) ? stepOf(item) : last;
      }
      if (last !== undefined) left = intersect(left, spanBeyond(last, direction));
    } while (read === pageItems);
  }
}

/** The ranges in the order in which a walk meets them. */
export function inOrder(walk: Pick<Walk, 'ranges' | 'direction'>): readonly RangeRow[] {
  return walk.direction === 'descending' ? walk.ranges.toReversed() : walk.ranges;
}

/** Counts an item that was read; true if it is a live record. */
export function noteRead(meter: ReadMeter, item: Item): boolean {
  meter.items += 1;
  if (item.gone !== undefined) return false;
  meter.records += 1;
  return true;
}

/** The step at a live record. */
export function stepOf(item: Item): WalkStep {
  return { key: item.sk, whole: false, record: readRecord(item) };
}
