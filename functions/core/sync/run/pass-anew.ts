import { fenceCheck, leaseLost } from '../../lease/lease.ts';
import { ConditionFailed, Failure } from '../../model/errors.ts';
import type { RunRow } from '../../runs/run.ts';
import { runItem } from '../../runs/run-store.ts';
import { newTally } from '../progress/range-tally.ts';
import type { RunContext } from '../worker/run-context.ts';
import { progressOf } from '../worker/run-progress.ts';

/** Whether a run went on with a pass that had listed more than there may be before: the bucket may have fewer by now. */
export function isOutgrown({ run, progress }: RunContext, error: unknown): boolean {
  const isQuota = error instanceof Failure && error.code === 'quota_exceeded';
  return isQuota && run.pass !== undefined && progress.steps === 0;
}

/** Has the run list anew instead of going on with a pass of before. Throws Failure `lease_lost` if another run took over. */
export async function beginAnew(context: RunContext): Promise<RunRow> {
  const { deps, uid, held, run } = context;
  const { pass: _pass, ...rest } = progressOf(context);
  const began: RunRow = { ...rest, counters: newTally(0).counters, ranges: { done: 0, total: run.ranges.total } };
  try {
    const put = { put: runItem(began), condition: { type: 'fence', atMost: held.fence } } as const;
    await deps.table.transact([put, fenceCheck(uid, held.fence)]);
  } catch (error) {
    throw error instanceof ConditionFailed ? leaseLost() : error;
  }
  return began;
}
