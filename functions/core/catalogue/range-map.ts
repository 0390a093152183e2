import * as z from 'zod';
import { leaseLost } from '../lease/lease.ts';
import { ConditionFailed } from '../model/errors.ts';
import type { Item, Table, TransactWrite } from '../model/ports/table.ts';
import { fromItem, toItem } from '../table/stored-item.ts';

/** One slice `(lo, hi]` of a datasource's key space, with its own partition of records. The first slice's `lo` is
 *  U+0000, which no key may be; an absent `hi` means to the end. `objects` and `bytes` count its live records, `edits`
 *  the changes made to it outside runs. */
const rangeRow = z.object({
  v: z.literal(1),
  version: z.number().int(),
  id: z.string(),
  lo: z.string(),
  hi: z.string().optional(),
  objects: z.number().int(),
  bytes: z.number(),
  edits: z.number().int(),
  /** The fence of a run that began to write here and has not come to the end of the range: its digests may not tell
   *  what is stored. */
  dirty: z.number().int().optional(),
  /** The next run reads every record, for something may have been written that no digest knows of. */
  doubted: z.boolean().optional(),
  /** What lies after this key is being copied to a partition of its own. */
  moving: z.object({ id: z.string(), after: z.string() }).optional(),
  /** What stood up to here, or to the end if empty, was moved; what is left of it is to be deleted. */
  trim: z.string().optional(),
  /** The round of a purge that has removed all of it. */
  emptied: z.number().int().optional(),
});
export type RangeRow = z.output<typeof rangeRow>;

/** Where the key space begins. */
export const firstKey = '\u0000';

export function mapPartition(uid: string): string {
  return `map#${uid}`;
}

/** The slices of a datasource in key order; none before its first run. */
export async function readRanges(table: Table, uid: string): Promise<RangeRow[]> {
  const ranges: RangeRow[] = [];
  for await (const item of table.query({ pk: mapPartition(uid) })) ranges.push(fromItem(rangeRow, item));
  return ranges;
}

/** The slice that a key belongs to. */
export async function rangeOf(table: Table, uid: string, key: string): Promise<RangeRow | undefined> {
  const query = { pk: mapPartition(uid), before: key, direction: 'descending', limit: 1 } as const;
  for await (const item of table.query(query)) return fromItem(rangeRow, item);
  return undefined;
}

/** The slice that begins after `lo`. Throws Failure `lease_lost` if it is gone. */
export async function readRange(table: Table, uid: string, lo: string): Promise<RangeRow> {
  const range = await findRange(table, uid, lo);
  // Only a purge removes slices, and it took the lease first.
  if (range === undefined) throw leaseLost();
  return range;
}

/** The same, or undefined. */
export async function findRange(table: Table, uid: string, lo: string): Promise<RangeRow | undefined> {
  const item = await table.get({ pk: mapPartition(uid), sk: lo });
  return item && fromItem(rangeRow, item);
}

/** Notes that a round of a purge removed all that the slice leads to. Not where the row changed since, or is gone: a
 *  worker that comes late must not bring it back. */
export async function noteEmptied(table: Table, uid: string, range: RangeRow, round: number): Promise<void> {
  const next = { ...range, version: range.version + 1, emptied: round };
  try {
    await table.put(rangeItem(uid, next), { type: 'version', equals: range.version });
  } catch (error) {
    if (!(error instanceof ConditionFailed)) throw error;
  }
}

/** A slice that nothing is stored in yet. */
export function emptyRange(id: string, lo: string, hi: string | undefined): RangeRow {
  return { v: 1, version: 1, id, lo, hi, objects: 0, bytes: 0, edits: 0 };
}

export function rangeItem(uid: string, range: RangeRow): Item {
  return toItem({ pk: mapPartition(uid), sk: range.lo }, range);
}

/**
 * Changes a slice's counts together with other writes, reading it again when someone else changed it. `others` must be
 * writes that may be tried again; a condition of theirs that fails is thrown on as ConditionFailed with its index
 * among them.
 */
export async function amendRange(
  table: Table,
  uid: string,
  lo: string,
  amend: (range: RangeRow) => RangeRow,
  others: readonly TransactWrite[] = [],
): Promise<RangeRow> {
  for (;;) {
    const range = await readRange(table, uid, lo);
    const next = { ...amend(range), version: range.version + 1 };
    const put: TransactWrite = { put: rangeItem(uid, next), condition: { type: 'version', equals: range.version } };
    try {
      await table.transact([put, ...others]);
      return next;
    } catch (error) {
      if (!(error instanceof ConditionFailed)) throw error;
      if (error.index > 0) throw new ConditionFailed(error.index - 1);
    }
  }
}
