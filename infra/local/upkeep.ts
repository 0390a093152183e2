import type { TimerHandle, Timers } from '#adapters/process/timers.ts';
import type { SqliteTable } from '#adapters/sqlite/sqlite-table.ts';
import { type SweepDeps, sweep } from '#core/dispatch/sweep.ts';
import { sweepJobs } from '#core/jobs/sweep-jobs.ts';
import type { Schedules } from '#core/model/ports/schedules.ts';
import type { WorkQueue } from '#core/model/ports/work-queue.ts';
import { reconcileAllSchedules } from '#core/schedules/reconcile-all-schedules.ts';

/** As often as the deployed system sweeps. */
const everyMs = 300_000;

/** Expired items are removed in bites of this many, so that requests get their turn. */
const expiredAtOnce = 1000;

/**
 * What is done at start and every five minutes: abandoned runs are closed, forgotten jobs sent again, schedules made what the datasources wish
 * for, expired items removed.
 */
export function createUpkeep(
  deps: SweepDeps & {
    readonly table: SqliteTable;
    readonly schedules: Schedules;
    readonly timers: Timers;
    readonly jobs: WorkQueue;
  },
): { start(): Promise<void>; stop(): void } {
  let timer: TimerHandle | undefined;
  let running = false;

  const round = async (): Promise<void> => {
    await sweep(deps);
    await sweepJobs(deps);
    await reconcileAllSchedules(deps);
    let removed: number;
    do {
      removed = await deps.table.purgeExpired(Math.floor(deps.clock.now() / 1000), expiredAtOnce);
    } while (removed === expiredAtOnce && running);
  };
  const arm = (): void => {
    timer = deps.timers.set(deps.clock.now() + everyMs, () => {
      round()
        .catch((error: unknown) => deps.log.error('upkeep broke off', { reason: String(error) }))
        .finally(() => running && arm());
    });
  };

  return {
    async start() {
      running = true;
      await round();
      arm();
    },
    stop() {
      running = false;
      if (timer !== undefined) deps.timers.clear(timer);
    },
  };
}
