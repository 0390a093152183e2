import { addRecord, nothing, without } from '../../catalogue/leaf.ts';
import { type LeafPack, leafPartition, packBefore, packItem } from '../../catalogue/leaf-pack.ts';
import { amendRange, type RangeRow } from '../../catalogue/range-map.ts';
import { rangesOfKeys } from '../../catalogue/ranges-of-keys.ts';
import { type RecordRow, type TombstoneReason, tombstoneOf } from '../../catalogue/record.ts';
import { compareKeys } from '../../keys/byte-order.ts';
import { fenceCheck, leaseLost } from '../../lease/lease.ts';
import { ConditionFailed } from '../../model/errors.ts';
import type { TransactWrite } from '../../model/ports/table.ts';
import type { RunContext } from '../worker/run-context.ts';

/** A transaction takes 100 writes; two go to the range's row and the fence. */
const mostWrites = 98;

/**
 * Puts tombstones in the place of records that were deleted, or left the scope, and takes them out of their leaves and
 * counts: each batch in one transaction, under the fence. `removed` is told of each record as soon as its batch stands.
 * Throws Failure `lease_lost`.
 */
export async function removeFromRanges(
  context: RunContext,
  records: readonly RecordRow[],
  removed: (record: RecordRow) => void,
  reason: TombstoneReason = 'deleted',
): Promise<void> {
  const byKey = new Map(records.map((record) => [record.sk, record]));
  const keys = [...byKey.keys()].sort(compareKeys);
  for (const [range, there] of rangesOfKeys(context.board.ranges(), keys)) {
    let batch = newBatch();
    for (const key of there) {
      const record = byKey.get(key);
      if (record === undefined) continue;
      if (batch.records.length + batch.packs.size + 2 > mostWrites) {
        await remove(context, range, { ...batch, reason }, removed);
        batch = newBatch();
      }
      batch.records.push(record);
      await takeFromLeaf(context, range, batch, record);
    }
    await remove(context, range, { ...batch, reason }, removed);
  }
}

type Batch = { readonly records: RecordRow[]; readonly packs: Map<string, LeafPack>; last: LeafPack | undefined };

function newBatch(): Batch {
  return { records: [], packs: new Map(), last: undefined };
}

/** A leaf keeps telling what is stored. Where none covers the key, there is nothing to tell. */
async function takeFromLeaf(context: RunContext, range: RangeRow, batch: Batch, record: RecordRow): Promise<void> {
  const { deps, uid } = context;
  const key = record.sk;
  const inLast = batch.last !== undefined && compareKeys(key, batch.last.leaves.at(-1)?.to ?? '') <= 0;
  const found = inLast ? batch.last : await packBefore(deps.table, leafPartition(uid, range.id), key);
  if (found === undefined) return;
  const pack = batch.packs.get(found.from) ?? found;
  const index = pack.leaves.findIndex((leaf) => compareKeys(key, leaf.to) <= 0);
  const leaf = pack.leaves[index];
  if (leaf === undefined) return;
  const content = nothing();
  addRecord(content, record);
  const leaves = pack.leaves.with(index, { to: leaf.to, ...without(leaf, content) });
  batch.last = { from: pack.from, leaves };
  batch.packs.set(pack.from, batch.last);
}

async function remove(
  context: RunContext,
  range: RangeRow,
  { records, packs, reason }: Batch & { readonly reason: TombstoneReason },
  removed: (record: RecordRow) => void,
): Promise<void> {
  const { deps, uid, held, stamp } = context;
  const pk = leafPartition(uid, range.id);
  const writes: TransactWrite[] = [
    fenceCheck(uid, held.fence),
    ...records.map((record) => ({ put: tombstoneOf(record, stamp, reason) })),
    ...[...packs.values()].map((pack) => ({ put: packItem(pk, pack, held.fence) })),
  ];
  const bytes = records.reduce((sum, record) => sum + record.size, 0);
  try {
    const less = (row: RangeRow): RangeRow => {
      return { ...row, objects: row.objects - records.length, bytes: row.bytes - bytes };
    };
    await amendRange(deps.table, uid, range.lo, less, writes);
  } catch (error) {
    throw error instanceof ConditionFailed ? leaseLost() : error;
  }
  for (const record of records) removed(record);
}
