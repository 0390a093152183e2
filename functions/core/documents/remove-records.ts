import { type RangeRow, rangeItem, rangeOf } from '../catalogue/range-map.ts';
import { type RecordRow, readRecord, recordPartition, tombstoneOf } from '../catalogue/record.ts';
import { asItWas } from '../catalogue/record-condition.ts';
import { compareKeys } from '../keys/byte-order.ts';
import { ConditionFailed } from '../model/errors.ts';
import type { Clock } from '../model/ports/host.ts';
import type { Table, TransactWrite } from '../model/ports/table.ts';
import { type Demand, demandTag } from '../model/row-tag.ts';
import { documentTag } from './document-tag.ts';

/** A transaction takes 4 MB; a record with tags, summary and details may have some 100 KB. */
const atOnce = 25;

type RemoveDeps = { readonly table: Table; readonly clock: Clock };

type Removal = {
  /** Further writes of each transaction, from the number of records removed by then. */
  readonly alongside: (removed: number) => readonly TransactWrite[];
  readonly demand: Demand | undefined;
};

/**
 * Takes the records of these keys out of a catalogue and tells so downstream (`removed_by_request`). Returns the keys
 * that have no live record. Each transaction takes in what `alongside` makes of how many it and those before it removed.
 *
 * Records and counts change in one transaction, conditional on the range's version: of two removals at once one finds
 * the tombstone of the other when it tries again. Against a running sync the last writer wins, for sync puts records
 * without conditions: the object was there a moment ago, so a record that comes back is right, and the count that is
 * then one off is set right when the next run completes. With a demand each record must be as it was demanded when it is
 * removed; else Failure `precondition_failed` is thrown.
 */
export async function removeRecords(
  deps: RemoveDeps,
  uid: string,
  keys: readonly string[],
  { alongside, demand }: Removal,
): Promise<string[]> {
  const absent: string[] = [];
  let count = 0;
  let left = [...new Set(keys)].sort(compareKeys);
  while (left.length > 0) {
    const [first = ''] = left;
    const range = await rangeOf(deps.table, uid, first);
    const some = range === undefined ? [first] : left.filter((key) => isIn(range, key)).slice(0, atOnce);
    // The range first: a tombstone put by another request after this read fails the condition of the write.
    const records = range === undefined ? [] : await liveRecords(deps.table, uid, range, some);
    for (const record of records) demandTag(demand, documentTag(record), 'the document');
    if (range !== undefined && records.length > 0) {
      const others = alongside(count + records.length);
      if (!(await tryToRemove(deps, uid, range, { records, others, conditional: demand !== undefined }))) continue;
      count += records.length;
    }
    const removed = new Set(records.map(({ sk }) => sk));
    absent.push(...some.filter((key) => !removed.has(key)));
    left = left.slice(some.length);
  }
  return absent;
}

/** For keys that are sorted, and not below the range. */
function isIn({ hi }: RangeRow, key: string): boolean {
  return hi === undefined || compareKeys(key, hi) <= 0;
}

async function liveRecords(table: Table, uid: string, range: RangeRow, keys: readonly string[]): Promise<RecordRow[]> {
  const pk = recordPartition(uid, range.id);
  const items = await table.batchGet(keys.map((sk) => ({ pk, sk })));
  return items.filter((item) => item.gone === undefined).map(readRecord);
}

/** What goes in one transaction; `conditional` where each record must be the one that was read. */
type RemovedTogether = {
  readonly records: readonly RecordRow[];
  readonly others: readonly TransactWrite[];
  readonly conditional: boolean;
};

/** False if the range changed meanwhile, so that all must be read again. */
async function tryToRemove(
  { table, clock }: RemoveDeps,
  uid: string,
  range: RangeRow,
  { records, others, conditional }: RemovedTogether,
): Promise<boolean> {
  const now = clock.now();
  const at = new Date(now).toISOString();
  // Each removal is a change of its own, with an event id of its own.
  const run = `request-${now.toString(36)}-${range.version}`;
  const counted: RangeRow = {
    ...range,
    version: range.version + 1,
    objects: range.objects - records.length,
    bytes: records.reduce((bytes, { size }) => bytes - size, range.bytes),
    edits: range.edits + 1,
    // The digests still tell of the records: the next run reads what is stored instead.
    doubted: true,
  };
  const tombstones = records.map((record): TransactWrite => {
    const stamp = { run, seq: record.seq, at, quiet: false };
    const put = tombstoneOf(record, stamp, 'removed_by_request');
    return conditional ? { put, condition: asItWas(record) } : { put };
  });
  try {
    await table.transact([
      { put: rangeItem(uid, counted), condition: { type: 'version', equals: range.version } },
      ...tombstones,
      ...others,
    ]);
    return true;
  } catch (error) {
    if (error instanceof ConditionFailed) return false;
    throw error;
  }
}
