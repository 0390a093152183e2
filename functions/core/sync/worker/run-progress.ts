import { fenceCheck, leaseLost } from '../../lease/lease.ts';
import { ConditionFailed } from '../../model/errors.ts';
import type { RunRow } from '../../runs/run.ts';
import { runItem } from '../../runs/run-store.ts';
import { sumTallies } from '../progress/range-tally.ts';
import type { RunContext } from './run-context.ts';
import { noteSteps } from './time-limit.ts';

/**
 * Stores how far the run is, no more often than the settings say, but at once when it is the first time: from then on
 * another invocation can go on with it. Throws Failure `lease_lost` if another run took over.
 */
export async function noteProgress(context: RunContext): Promise<void> {
  const { deps, progress, held } = context;
  const now = deps.clock.now();
  // Several workers would overwrite each other's: only the holder of the lease tells.
  if (held.current().holder !== deps.holder) return;
  // A last note that lies ahead was made before the clock was set back.
  if (progress.begun && now >= progress.notedAt && now - progress.notedAt < deps.settings.progressMs) return;
  progress.notedAt = now;
  const noted = progressOf(context);
  try {
    const put = { put: runItem(noted), condition: { type: 'fence', atMost: held.fence } } as const;
    await deps.table.transact([put, fenceCheck(context.uid, held.fence)]);
  } catch (error) {
    throw error instanceof ConditionFailed ? leaseLost() : error;
  }
  progress.begun = true;
  progress.stuckSince = undefined;
  const { pages, listed, added, modified } = noted.counters;
  const { datasource, id: run, percent } = noted;
  deps.log.info('sync in progress', { datasource, run, pages, listed, added, modified, percent });
}

/** The run's row with how far it is; a step forward clears how often it had to be taken up again. */
export function progressOf(context: RunContext): RunRow {
  const { run, board, progress, fingerprint } = context;
  const { counters } = sumTallies(board.tallies());
  const expected = run.checkpoint?.expected ?? board.expected;
  return {
    ...run,
    counters,
    ranges: { done: board.done, total: board.total },
    // What an earlier try of a first load left is no measure of the bucket.
    percent: run.first_load ? undefined : percentOf(counters.matched, expected),
    checkpoint: { fingerprint, expected, clock_skew: progress.clockSkew },
    resumed: progress.steps === 0 ? run.resumed : 0,
    stuck_since: progress.stuckSince,
    progressed_at: noteSteps(progress.last, progress.steps, context.deps.clock.now()),
  };
}

/** How far the run is, of the size that the catalogue had; unknown where it was empty. */
function percentOf(matched: number, expected: number): number | undefined {
  return expected === 0 ? undefined : Math.min(99, Math.floor((matched / expected) * 100));
}
