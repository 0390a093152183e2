import { mapPartition } from '../catalogue/range-map.ts';
import { keeperKey, keptPartition } from '../jobs/kept-document.ts';
import {
  amendLease,
  fenceCheck,
  holdingRun,
  type Lease,
  type LeaseDeps,
  readLease,
  takeLease,
} from '../lease/lease.ts';
import { ConditionFailed } from '../model/errors.ts';
import type { Log } from '../model/ports/host.ts';
import type { Table } from '../model/ports/table.ts';
import type { WorkQueue } from '../model/ports/work-queue.ts';
import { emptyPartition, emptyPlaces, type Place } from '../purges/empty-partitions.ts';
import { purgedRanges, type Share } from '../purges/purged-ranges.ts';
import { type PurgeMark, purgeItem, purgePartition, readPurgeMark } from '../registry/purge-item.ts';
import { candidatePartition, leavingPartition } from '../runs/candidates.ts';
import { closeAbandonedRun } from '../runs/close-abandoned-run.ts';
import { contradictedPartition } from '../runs/contradicted-keys.ts';
import { runPartitionPrefix } from '../runs/run-store.ts';
import type { SyncSettings } from '../runs/sync-deps.ts';
import type { WorkMessage } from '../runs/work-message.ts';
import { workPartition } from '../sync/progress/range-work.ts';
import { callPurgeHelpers } from './help-purge.ts';
import { purgeRun, watchPurge } from './purge-watch.ts';

export type PurgeDeps = LeaseDeps & {
  readonly queue: WorkQueue;
  readonly log: Log;
  /** When this invocation should leave the rest to another, epoch milliseconds. */
  readonly yieldAt?: number;
  /** How many workers a purge may have at once: as many as a run. */
  readonly settings: Pick<SyncSettings, 'workers'>;
};

/** A run that is to be stopped for a purge is looked after again so soon. */
const waitSeconds = 2;

/** The limit of SQS. Where there is longer to wait, the sweep reminds. */
const longestDelaySeconds = 900;

/**
 * Removes everything that hangs on a uid: records, range map, runs, candidates, state; or, by the owner of a connector that
 * was deleted, the documents that jobs kept under it. A run that is on is canceled
 * first and the purge tried again when it has ended or its lease expired, so that nothing is written behind its back.
 * The lease stays, with its fence, to turn away a worker that wakes late; for the batch that such a worker may have had
 * in hand the records are removed once more when no worker of that time can be alive, and the map, which leads to them,
 * only then. Where there is much, other workers are called to help; goes on in another invocation when this one's time is
 * over. Safe to repeat; of two at once one does nothing.
 */
export async function purgeData(deps: PurgeDeps, uid: string): Promise<void> {
  if (!isDue(deps, await readPurgeMark(deps.table, uid))) return;
  const taken = await takeOver(deps, uid);
  if (taken === 'purging') return;
  if (taken === 'running') {
    await deps.queue.send({ type: 'purge', uid }, { delaySeconds: waitSeconds });
    return;
  }
  // Whoever had the lease before may have come to the end of a round, or of all.
  const mark = await readPurgeMark(deps.table, uid);
  if (!isDue(deps, mark)) return await letGo(deps, uid, taken.fence);
  const round = mark.again_at === undefined ? 1 : 2;
  const workers = round === 1 ? await callPurgeHelpers(deps, uid, taken.fence) : 1;
  const places = placesOf(deps.table, uid, { round, worker: 0, workers });
  const { items, all } = await emptyPlaces(deps.table, places, watchPurge(deps, uid, taken.fence)).catch(
    async (error: unknown) => {
      // Whoever is given the message again need not wait until the lease runs out.
      await letGo(deps, uid, taken.fence);
      throw error;
    },
  );
  if (!all) {
    await letGo(deps, uid, taken.fence);
    await deps.queue.send({ type: 'purge', uid });
    deps.log.info('purge handed on', { uid, items });
    return;
  }
  if (round === 1) await purgeOnceMore(deps, uid, mark, taken.fence);
  else await endPurge(deps, uid);
  deps.log.info('data purged', { uid, items });
}

function isDue(deps: PurgeDeps, mark: PurgeMark | undefined): mark is PurgeMark {
  return mark !== undefined && (mark.again_at ?? 0) <= deps.clock.now();
}

/** Whoever comes next need not wait for this lease to run out; one that another purge took meanwhile stays its own. */
async function letGo(deps: PurgeDeps, uid: string, fence: number): Promise<void> {
  await amendLease(deps.table, uid, (lease) => (lease.fence === fence ? { ...lease, expires_at: 0 } : undefined));
}

/** Workers that were at it when the purge began are over when a lease taken now would run out; twice that is waited, for
 *  clocks differ, and nothing waits for the end of a purge. */
async function purgeOnceMore(deps: PurgeDeps, uid: string, mark: PurgeMark, fence: number): Promise<void> {
  const waitMs = 2 * deps.leaseMs;
  try {
    const put = { put: purgeItem(uid, mark.datasource, deps.clock.now() + waitMs) };
    await deps.table.transact([put, fenceCheck(uid, fence)]);
  } catch (error) {
    // Another purge has the lease by now, and tells by itself how far it is.
    if (error instanceof ConditionFailed) return;
    throw error;
  }
  await letGo(deps, uid, fence);
  const message: WorkMessage = { type: 'purge', uid };
  await deps.queue.send(message, { delaySeconds: Math.min(longestDelaySeconds, Math.ceil(waitMs / 1000)) });
}

async function endPurge(deps: PurgeDeps, uid: string): Promise<void> {
  for (const pk of [mapPartition(uid), `${runPartitionPrefix}${uid}`]) {
    for await (const _deleted of emptyPartition(deps.table, pk));
  }
  await deps.table.delete(keeperKey(uid));
  await deps.table.delete({ pk: uid, sk: 'state' });
  await deps.table.delete({ pk: purgePartition, sk: uid });
}

/** Where the data of a uid stands, but for the map and the runs, which lead there. A datasource keeps no documents, and a
 *  connector nothing else: no uid is an owner. */
async function* placesOf(table: Table, uid: string, share: Share): AsyncIterable<Place> {
  yield { partitions: [keptPartition(uid)] };
  yield* purgedRanges(table, uid, share);
  yield { partitions: [contradictedPartition(uid)] };
  for await (const run of table.query({ pk: `${runPartitionPrefix}${uid}` })) {
    yield {
      partitions: [candidatePartition(uid, run.sk), leavingPartition(uid, run.sk), workPartition(uid, run.sk)],
    };
  }
}

/** The lease once it belongs to this purge, so that no run may write any more. */
async function takeOver(deps: PurgeDeps, uid: string): Promise<Lease | 'purging' | 'running'> {
  const lease = await readLease(deps.table, uid);
  if (holdingRun(deps, lease) !== undefined && lease.holder !== undefined) {
    if (lease.run === purgeRun) return 'purging';
    await amendLease(deps.table, uid, (held) => (held.cancel ? undefined : { ...held, cancel: true }));
    return 'running';
  }
  if (lease.run !== purgeRun) await closeAbandonedRun(deps, uid, lease);
  try {
    const { next, write } = takeLease(deps, uid, lease, { run: purgeRun, holder: deps.holder, purged: true });
    await deps.table.transact([write]);
    return next;
  } catch (error) {
    if (error instanceof ConditionFailed) return 'running';
    throw error;
  }
}
