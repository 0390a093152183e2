import { readRanges } from '../catalogue/range-map.ts';
import { readLease } from '../lease/lease.ts';
import type { WorkQueue } from '../model/ports/work-queue.ts';
import { emptyPlaces, placesAtOnce } from '../purges/empty-partitions.ts';
import { purgedRanges } from '../purges/purged-ranges.ts';
import type { SyncSettings } from '../runs/sync-deps.ts';
import type { WorkMessage } from '../runs/work-message.ts';
import { purgeRun, type WatchDeps, watchPurge } from './purge-watch.ts';

type CallDeps = Pick<WatchDeps, 'table'> & {
  readonly queue: WorkQueue;
  readonly settings: Pick<SyncSettings, 'workers'>;
};

/**
 * Calls as many workers as have enough to do, and says how many there are with the one that calls. Each invocation of the
 * one that holds the lease calls them anew; a helper whose time is over sends for nobody in its place.
 */
export async function callPurgeHelpers(deps: CallDeps, uid: string, fence: number): Promise<number> {
  if (deps.settings.workers === 1) return 1;
  const left = (await readRanges(deps.table, uid)).filter(({ emptied }) => emptied === undefined);
  const workers = Math.max(1, Math.min(deps.settings.workers, Math.floor(left.length / placesAtOnce)));
  for (let worker = 1; worker < workers; worker += 1) {
    await deps.queue.send({ type: 'purge', uid, share: { worker, workers, fence } });
  }
  return workers;
}

/**
 * Empties some of the ranges of a uid that another worker is purging. What it does not get to that one does, so nothing
 * hangs on it; late, or after the end of that worker's invocation, it does nothing.
 */
export async function helpPurge(
  deps: WatchDeps,
  uid: string,
  { worker, workers, fence }: NonNullable<Extract<WorkMessage, { type: 'purge' }>['share']>,
): Promise<void> {
  const lease = await readLease(deps.table, uid);
  if (lease.run !== purgeRun || lease.fence !== fence) return;
  const ranges = purgedRanges(deps.table, uid, { round: 1, worker, workers });
  await emptyPlaces(deps.table, ranges, watchPurge(deps, uid, fence, { holds: false }));
}
