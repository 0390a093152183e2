import { recordPartition } from '../documents/record.ts';
import { ConditionFailed } from '../errors.ts';
import type { Item, PlainWrite } from '../ports.ts';
import { fenceCheck, leaseLost } from '../sync/lease.ts';
import { checkpoint, type RunContext } from '../sync/run-context.ts';
import { type LeafPack, leafPartition, listPacks } from './leaf-pack.ts';
import { amendRange, emptyRange, type RangeRow, rangeItem, readRanges } from './range-map.ts';

/** Copied and deleted in batches of this many. */
const chunk = 500;

/**
 * Gives the upper half of each range that has grown to more than twice its size a partition of its own: copies it there
 * quietly, swaps the map in one transaction, then deletes what was copied. Goes on from where an earlier run was
 * interrupted. To be called at the end of a run, by whoever holds its lease: nobody else writes then, and a document that
 * is removed by request meanwhile puts the swap off to a later run. Throws Failure `lease_lost`, RunCanceled, RunYielded.
 */
export async function splitGrownRanges(context: RunContext): Promise<void> {
  const { deps, uid, board } = context;
  const most = 2 * deps.settings.rangeObjects;
  const needsWork = ({ trim: left, moving, objects }: RangeRow): boolean =>
    left !== undefined || moving !== undefined || objects > most;
  if (!board.ranges().some(needsWork)) return;
  for (const range of (await readRanges(deps.table, uid)).filter(needsWork)) {
    if (range.trim === undefined) await split(context, range);
    else await trim(context, range);
  }
}

type Move = NonNullable<RangeRow['moving']>;

async function split(context: RunContext, range: RangeRow): Promise<void> {
  const { deps, uid } = context;
  const move = range.moving ?? (await planMove(context, range));
  if (move === undefined) return;
  const marked = range.moving === undefined ? await amend(context, range, { moving: move }) : range;
  const copied = await copyRecords(context, marked, move);
  await copyLeaves(context, marked, move);
  const upper = { ...emptyRange(move.id, move.after, marked.hi), ...copied };
  const swap = (row: RangeRow): RangeRow => {
    // Somebody removed a document that may have been copied before: another run copies it all again.
    if (row.edits !== marked.edits) throw new EditedMeanwhile();
    const { moving: _moving, ...rest } = row;
    const left = { objects: row.objects - copied.objects, bytes: row.bytes - copied.bytes };
    return { ...rest, ...left, hi: move.after, trim: marked.hi ?? '' };
  };
  try {
    const others = [fenceCheck(uid, context.held.fence), { put: rangeItem(uid, upper) }];
    const lower = await amendRange(deps.table, uid, range.lo, swap, others);
    await trim(context, lower);
  } catch (error) {
    if (error instanceof EditedMeanwhile) return;
    throw error instanceof ConditionFailed ? leaseLost() : error;
  }
  deps.log.info('range split', { datasource: context.datasource.id, objects: range.objects, moved: copied.objects });
}

class EditedMeanwhile extends Error {}

/** Cuts between two packs, near the middle. Where digests do not cover the range, that is not known: it is split when
 *  they do again. */
async function planMove({ deps, uid }: RunContext, range: RangeRow): Promise<Move | undefined> {
  let objects = 0;
  for await (const pack of listPacks(deps.table, leafPartition(uid, range.id))) {
    if (objects >= range.objects / 3) return { id: deps.ids.unique().slice(0, 12), after: pack.from };
    objects += objectsOf(pack);
  }
  return undefined;
}

function objectsOf({ leaves }: LeafPack): number {
  return leaves.reduce((sum, leaf) => sum + leaf.objects, 0);
}

/** Copies what lies beyond the cut, as it is, tombstones left out; returns how much it is. */
async function copyRecords(context: RunContext, range: RangeRow, move: Move) {
  const { deps, uid } = context;
  const pk = recordPartition(uid, move.id);
  const copied = { objects: 0, bytes: 0 };
  const query = { pk: recordPartition(uid, range.id), after: move.after, through: range.hi };
  for await (const items of inBatches(deps.table.query(query))) {
    await checkpoint(context, copied.objects > 0);
    const live = items.filter((item) => item.gone === undefined);
    await context.held.assertWritable();
    await deps.table.batchWrite(live.map((item) => ({ put: { ...item, pk, quiet: true } })));
    copied.objects += live.length;
    for (const { size } of live) copied.bytes += Number(size);
  }
  return copied;
}

async function copyLeaves({ deps, uid, held }: RunContext, range: RangeRow, move: Move): Promise<void> {
  const pk = leafPartition(uid, move.id);
  const query = { pk: leafPartition(uid, range.id), from: move.after };
  for await (const items of inBatches(deps.table.query(query))) {
    await held.assertWritable();
    await deps.table.batchWrite(items.map((item) => ({ put: { ...item, pk } })));
  }
}

/** Deletes what stands beyond the end of a range: nobody reads it there any more. */
async function trim(context: RunContext, range: RangeRow): Promise<void> {
  const { deps, uid } = context;
  const end = range.hi ?? '';
  const beyond = [
    { pk: recordPartition(uid, range.id), after: end },
    { pk: leafPartition(uid, range.id), from: end },
  ];
  for (const query of beyond) {
    for await (const items of inBatches(deps.table.query(query))) {
      await checkpoint(context);
      const deletes: PlainWrite[] = items.map(({ pk, sk }) => ({ delete: { pk, sk } }));
      await deps.table.batchWrite(deletes);
    }
  }
  await amend(context, range, { trim: undefined });
}

async function amend(context: RunContext, { lo }: RangeRow, change: Partial<RangeRow>): Promise<RangeRow> {
  const { deps, uid, held } = context;
  try {
    return await amendRange(deps.table, uid, lo, (row) => ({ ...row, ...change }), [fenceCheck(uid, held.fence)]);
  } catch (error) {
    throw error instanceof ConditionFailed ? leaseLost() : error;
  }
}

async function* inBatches(items: AsyncIterable<Item>): AsyncIterable<Item[]> {
  let batch: Item[] = [];
  for await (const item of items) {
    batch.push(item);
    if (batch.length < chunk) continue;
    yield batch;
    batch = [];
  }
  if (batch.length > 0) yield batch;
}
