import { type LeafPack, leafPartition, listPacks } from '../../catalogue/leaf-pack.ts';
import { amendRange, emptyRange, type RangeRow, rangeItem, readRanges } from '../../catalogue/range-map.ts';
import { recordPartition } from '../../catalogue/record.ts';
import { fenceCheck, leaseLost } from '../../lease/lease.ts';
import { ConditionFailed } from '../../model/errors.ts';
import type { Item, PlainWrite, Query, TransactWrite } from '../../model/ports/table.ts';
import { markSaved, workOn, workWrite } from '../progress/range-work.ts';
import { writeInTurn } from '../worker/push-back.ts';
import { checkpoint, type RunContext } from '../worker/run-context.ts';

/** Copied and deleted in batches of this many. */
const chunk = 500;

/**
 * Gives the upper part of each range that has grown to more than twice its size a partition of its own: copies it there
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
  const { deps } = context;
  const move = range.moving ?? (await planMove(context, range));
  if (move === undefined) return;
  // What an earlier attempt copied may have been removed since.
  if (range.moving !== undefined) await clear(context, move);
  const marked = range.moving === undefined ? await amend(context, range, { moving: move }) : range;
  const copied = await copyRecords(context, marked, move);
  await copyLeaves(context, marked, move);
  if (!(await swap(context, marked, move, copied))) return;
  deps.log.info('range split', { datasource: context.datasource.id, objects: range.objects, moved: copied.objects });
}

type Copied = { readonly objects: number; readonly bytes: number };

/** Makes the copy the range that is read, and clears away what it was copied from. False if the copy will not do. */
async function swap(context: RunContext, marked: RangeRow, move: Move, copied: Copied): Promise<boolean> {
  const { deps, uid, held } = context;
  // What was doubted is so in both halves.
  const { doubted } = marked;
  const upper: RangeRow = { ...emptyRange(move.id, move.after, marked.hi), ...copied, doubted };
  const lowerOf = (row: RangeRow): RangeRow => {
    // Somebody removed a document that may have been copied before: another run copies it all again.
    if (row.edits !== marked.edits) throw new EditedMeanwhile();
    const { moving: _moving, ...rest } = row;
    const left = { objects: row.objects - copied.objects, bytes: row.bytes - copied.bytes };
    return { ...rest, ...left, hi: move.after, trim: marked.hi ?? '' };
  };
  try {
    const others = [fenceCheck(uid, held.fence), { put: rangeItem(uid, upper) }, walkedAlready(context, upper)];
    const lower = await amendRange(deps.table, uid, marked.lo, lowerOf, others);
    await trim(context, lower);
    return true;
  } catch (error) {
    if (error instanceof EditedMeanwhile) return false;
    throw error instanceof ConditionFailed ? leaseLost() : error;
  }
}

/** An invocation that goes on with this run must not list the upper half once more. */
function walkedAlready(context: RunContext, upper: RangeRow): TransactWrite {
  const work = workOn(upper, undefined, context.deps.clock.now());
  work.done = true;
  markSaved(work);
  return workWrite(context, work, 'released');
}

class EditedMeanwhile extends Error {}

/** Cuts between two packs, so near the end that what is copied fits into one invocation however large the range is: what
 *  is left may be cut again by the next run. Where digests do not cover the range, that is not known: it is split when they
 *  do again. */
async function planMove({ deps, uid }: RunContext, range: RangeRow): Promise<Move | undefined> {
  const most = 1.5 * deps.settings.rangeObjects;
  let before = 0;
  let after: string | undefined;
  for await (const pack of listPacks(deps.table, leafPartition(uid, range.id))) {
    if (before > 0) after = pack.from;
    if (range.objects - before <= most) break;
    before += objectsOf(pack);
  }
  return after === undefined ? undefined : { id: deps.ids.unique().slice(0, 12), after };
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
    const puts = live.map((item) => ({ put: { ...item, pk, quiet: true } }));
    await writeInTurn(context, puts);
    copied.objects += live.length;
    for (const { size } of live) copied.bytes += Number(size);
  }
  return copied;
}

async function copyLeaves(context: RunContext, range: RangeRow, move: Move): Promise<void> {
  const { deps, uid } = context;
  const pk = leafPartition(uid, move.id);
  const query = { pk: leafPartition(uid, range.id), from: move.after };
  for await (const items of inBatches(deps.table.query(query))) {
    const puts = items.map((item) => ({ put: { ...item, pk } }));
    await writeInTurn(context, puts);
  }
}

/** Deletes what stands beyond the end of a range: nobody reads it there any more. */
async function trim(context: RunContext, range: RangeRow): Promise<void> {
  const { uid } = context;
  const end = range.hi ?? '';
  await deleteAll(context, { pk: recordPartition(uid, range.id), after: end });
  await deleteAll(context, { pk: leafPartition(uid, range.id), from: end });
  await amend(context, range, { trim: undefined });
}

async function clear(context: RunContext, { id }: Move): Promise<void> {
  await deleteAll(context, { pk: recordPartition(context.uid, id) });
  await deleteAll(context, { pk: leafPartition(context.uid, id) });
}

async function deleteAll(context: RunContext, query: Query): Promise<void> {
  let deleted = false;
  for await (const items of inBatches(context.deps.table.query(query))) {
    // What is left is found by the next invocation, which goes on from the range's row.
    await checkpoint(context, deleted);
    deleted = true;
    const deletes: PlainWrite[] = items.map(({ pk, sk }) => ({ delete: { pk, sk } }));
    await writeInTurn(context, deletes);
  }
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
