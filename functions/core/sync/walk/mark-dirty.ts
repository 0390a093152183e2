import { amendRange, type RangeRow } from '../../catalogue/range-map.ts';
import { fenceCheck, leaseLost } from '../../lease/lease.ts';
import { ConditionFailed } from '../../model/errors.ts';
import type { RunContext } from '../worker/run-context.ts';

/**
 * Notes, before the first write to a range, that its digests may not tell what is stored until the run comes to the
 * range's end: whoever finds the mark there reads every record. Throws Failure `lease_lost` if another run took over.
 */
export async function markDirty(context: RunContext, work: { range: RangeRow }): Promise<void> {
  const { deps, uid, held, run } = context;
  if (run.dry_run || work.range.dirty === held.fence) return;
  try {
    const mark = (row: RangeRow): RangeRow => ({ ...row, dirty: held.fence });
    work.range = await amendRange(deps.table, uid, work.range.lo, mark, [fenceCheck(uid, held.fence)]);
  } catch (error) {
    throw error instanceof ConditionFailed ? leaseLost() : error;
  }
}
