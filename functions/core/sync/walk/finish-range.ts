import { amendRange, type RangeRow } from '../../catalogue/range-map.ts';
import { fenceCheck, leaseLost } from '../../lease/lease.ts';
import { ConditionFailed } from '../../model/errors.ts';
import type { RangeTally } from '../progress/range-tally.ts';
import { markSaved, noteWritten, type RangeWork, saveWork, workWrite } from '../progress/range-work.ts';
import type { RunContext } from '../worker/run-context.ts';

/**
 * Ends the work on a range: its counts are set to what a whole walk over it found, so that whatever an interrupted run
 * left uncounted is mended, and its digests can be believed again. An unchanged range writes nothing but, where several
 * work on the run, that it is done. Throws Failure `lease_lost`.
 */
export async function finishRange(context: RunContext, work: RangeWork): Promise<void> {
  const { deps, uid, held, run } = context;
  work.done = true;
  markSaved(work);
  const shared = work.version > 0 || context.board.shared;
  if (!run.dry_run && !sameRow(endOf(work, work.range), work.range)) {
    const others = shared ? [workWrite(context, work, 'released')] : [];
    try {
      const end = (row: RangeRow): RangeRow => endOf(work, row);
      work.range = await amendRange(deps.table, uid, work.range.lo, end, [fenceCheck(uid, held.fence), ...others]);
    } catch (error) {
      throw error instanceof ConditionFailed ? leaseLost() : error;
    }
    if (shared) noteWritten(context, work);
  } else if (shared) {
    await saveWork(context, work, 'released');
  }
  noted(work.tally);
}

/** What becomes of the row of a range that was walked to its end. Where a record was removed by request meanwhile, the
 *  walk may or may not have seen it: then only this run's own changes are counted, and the next run reads it all. */
export function endOf(work: RangeWork, row: RangeRow): RangeRow {
  const { tally } = work;
  const { dirty: _dirty, doubted: _doubted, ...rest } = row;
  const edited = row.edits !== tally.edits;
  const counts = edited ? countsWith(tally, row) : walked(tally);
  return { ...rest, ...counts, ...(work.suspect || edited ? { doubted: true } : {}) };
}

/** Adds what was written since the last time to the counts of the range; it stays, even where its run does not end. What
 *  is stored of the work tells so in the same transaction, or whoever goes on from it would add it again. */
export async function noteCounts(context: RunContext, work: RangeWork): Promise<void> {
  const { objects, bytes } = pending(work.tally);
  if (context.run.dry_run || work.done || (objects === 0 && bytes === 0)) return;
  const { deps, uid, held } = context;
  const stored = work.version > 0;
  noted(work.saved.tally);
  try {
    const add = (row: RangeRow): RangeRow => ({ ...row, ...countsWith(work.tally, row) });
    const others = stored ? [workWrite(context, work, 'released')] : [];
    work.range = await amendRange(deps.table, uid, work.range.lo, add, [fenceCheck(uid, held.fence), ...others]);
  } catch (error) {
    throw error instanceof ConditionFailed ? leaseLost() : error;
  }
  if (stored) noteWritten(context, work);
  noted(work.tally);
}

function walked({ stored, change }: RangeTally): { objects: number; bytes: number } {
  return { objects: stored.objects + change.objects, bytes: stored.bytes + change.bytes };
}

function pending({ change, noted: known }: RangeTally): { objects: number; bytes: number } {
  return { objects: change.objects - known.objects, bytes: change.bytes - known.bytes };
}

function countsWith(tally: RangeTally, row: RangeRow): { objects: number; bytes: number } {
  const { objects, bytes } = pending(tally);
  return { objects: row.objects + objects, bytes: row.bytes + bytes };
}

function noted(tally: RangeTally): void {
  tally.noted = { ...tally.change };
}

function sameRow(one: RangeRow, other: RangeRow): boolean {
  return (
    one.objects === other.objects &&
    one.bytes === other.bytes &&
    one.dirty === other.dirty &&
    one.doubted === other.doubted
  );
}
