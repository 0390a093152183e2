import { emptyRange, type RangeRow, rangeItem, readRange } from '../../catalogue/range-map.ts';
import { compareKeys } from '../../keys/byte-order.ts';
import { fenceCheck, leaseLost } from '../../lease/lease.ts';
import { ConditionFailed } from '../../model/errors.ts';
import { askPage } from '../../source/page-proof.ts';
import { markSaved, noteWritten, type RangeWork, workOn, workWrite } from '../progress/range-work.ts';
import type { RunContext } from '../worker/run-context.ts';
import { WayChange } from '../worker/way-change.ts';
import { endOf } from './finish-range.ts';
import { suitedTo } from './keyed-listing.ts';
import { findPivot } from './pivot.ts';

/**
 * Ends a range that is large enough at the last key written, where nothing is stored beyond it, and begins the next one
 * there: all in one transaction, under the fence. Returns the work on the new range, claimed by this worker. Throws
 * Failure `lease_lost`.
 */
export async function closeAt(context: RunContext, work: RangeWork, at: string): Promise<RangeWork> {
  const { deps, uid, held } = context;
  const fresh = emptyRange(deps.ids.unique().slice(0, 12), at, work.range.hi);
  const next = workOn(fresh, undefined, deps.clock.now());
  next.range = { ...fresh, dirty: held.fence };
  next.tally.unshared = { ...work.tally.unshared };
  markSaved(next);
  work.position = at;
  work.bridge = 'carried';
  work.done = true;
  markSaved(work);
  for (;;) {
    const { range } = work;
    const closed: RangeRow = { ...endOf(work, range), hi: at, version: range.version + 1 };
    try {
      await deps.table.transact([
        { put: rangeItem(uid, closed), condition: { type: 'version', equals: range.version } },
        { put: rangeItem(uid, next.range), condition: { type: 'absent' } },
        workWrite(context, work, 'released'),
        workWrite(context, next, 'claimed'),
        fenceCheck(uid, held.fence),
      ]);
      work.range = closed;
      break;
    } catch (error) {
      if (!(error instanceof ConditionFailed)) throw error;
      if (error.index !== 0) throw leaseLost();
      // Somebody removed a document meanwhile and changed the range's row.
      work.range = await readRange(deps.table, uid, range.lo);
    }
  }
  noteWritten(context, work);
  noteWritten(context, next);
  context.board.add(next);
  return next;
}

/**
 * Gives what lies beyond the middle of the unlisted part to another stream. Only the owner of a range cuts it, between
 * two pages, and only where nothing is stored beyond what it has written. Throws Failure `lease_lost`, or what the bucket
 * answers.
 */
export async function shareRest(context: RunContext, work: RangeWork, position: string): Promise<boolean> {
  const { deps, uid, held } = context;
  const { range } = work;
  const { first } = work.tally.unshared;
  const pivot =
    first === undefined
      ? undefined
      : await findPivot({ first, position, hi: range.hi }, (after) => firstAfter(context, work, after));
  if (pivot === undefined || compareKeys(pivot, position) <= 0) return false;
  const kept: RangeRow = { ...range, hi: pivot, version: range.version + 1 };
  const given = emptyRange(deps.ids.unique().slice(0, 12), pivot, range.hi);
  try {
    await deps.table.transact([
      { put: rangeItem(uid, kept), condition: { type: 'version', equals: range.version } },
      { put: rangeItem(uid, given), condition: { type: 'absent' } },
      workWrite(context, work, 'claimed'),
      fenceCheck(uid, held.fence),
    ]);
  } catch (error) {
    if (!(error instanceof ConditionFailed)) throw error;
    if (error.index !== 0) throw leaseLost();
    work.range = await readRange(deps.table, uid, range.lo);
    return false;
  }
  noteWritten(context, work);
  work.range = kept;
  work.tally.unshared = { pages: 0 };
  context.board.offer(given);
  return true;
}

/** The first key after a given one. */
async function firstAfter(context: RunContext, work: RangeWork, after: string): Promise<string | undefined> {
  const { bucket, config, foreign } = context;
  work.tally.counters.pages += 1;
  try {
    const asked = { bucket: config.bucket, prefix: config.prefix, maxKeys: 1, startAfter: after, foreign };
    return (await askPage(bucket, asked)).objects[0]?.key;
  } catch (error) {
    // Where a server cannot list from a key there is no place to cut at: the stream goes on alone.
    if (foreign && suitedTo(error) instanceof WayChange) return undefined;
    throw error;
  }
}
