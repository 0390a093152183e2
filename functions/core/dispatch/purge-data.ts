import { leafPartition } from '../catalogue/leaf-pack.ts';
import { mapPartition, readRanges } from '../catalogue/range-map.ts';
import { recordPartition } from '../catalogue/record.ts';
import { keeperKey, keptPartition } from '../jobs/kept-document.ts';
import { amendLease, holdingRun, type LeaseDeps, readLease, takeLease } from '../lease/lease.ts';
import { ConditionFailed } from '../model/errors.ts';
import type { Log } from '../model/ports/host.ts';
import type { PlainWrite, Table } from '../model/ports/table.ts';
import type { WorkQueue } from '../model/ports/work-queue.ts';
import { type PurgeMark, purgeItem, purgePartition, readPurgeMark } from '../registry/purge-item.ts';
import { candidatePartition, leavingPartition } from '../runs/candidates.ts';
import { closeAbandonedRun } from '../runs/close-abandoned-run.ts';
import { contradictedPartition } from '../runs/contradicted-keys.ts';
import { runPartitionPrefix } from '../runs/run-store.ts';
import type { WorkMessage } from '../runs/work-message.ts';
import { workPartition } from '../sync/progress/range-work.ts';

export type PurgeDeps = LeaseDeps & {
  readonly queue: WorkQueue;
  readonly log: Log;
  /** When this invocation should leave the rest to another, epoch milliseconds. */
  readonly yieldAt?: number;
};

/** A run that is to be stopped for a purge is looked after again so soon. */
const waitSeconds = 2;

/** What holds the lease while a uid is being purged. */
export const purgeRun = 'purge';

/** The limit of SQS. Where there is longer to wait, the sweep reminds. */
const longestDelaySeconds = 900;

/** Deleted in batches of this many. */
const chunk = 500;

/**
 * Removes everything that hangs on a uid: records, range map, runs, candidates, state; or, by the owner of a connector that
 * was deleted, the documents that jobs kept under it. A run that is on is canceled
 * first and the purge tried again when it has ended or its lease expired, so that nothing is written behind its back.
 * The lease stays, with its fence, to turn away a worker that wakes late; for the batch that such a worker may have had
 * in hand the records are removed once more when no worker of that time can be alive, and the map, which leads to them,
 * only then. Goes on in another invocation when this one's time is over. Safe to repeat; of two at once one does nothing.
 */
export async function purgeData(deps: PurgeDeps, uid: string): Promise<void> {
  const mark = await readPurgeMark(deps.table, uid);
  if (mark === undefined || (mark.again_at ?? 0) > deps.clock.now()) return;
  const again: WorkMessage = { type: 'purge', uid };
  const taken = await takeOver(deps, uid);
  if (taken === 'purging') return;
  if (taken === 'running') {
    await deps.queue.send(again, { delaySeconds: waitSeconds });
    return;
  }
  let removed = 0;
  for await (const pk of partitionsOf(deps.table, uid)) {
    for await (const deleted of emptyPartition(deps.table, pk)) {
      removed += deleted;
      deps.alive?.();
      // Handing on after nothing was done could go on for ever.
      if (removed === 0 || deps.clock.now() < (deps.yieldAt ?? Number.POSITIVE_INFINITY)) continue;
      await amendLease(deps.table, uid, (lease) => ({ ...lease, expires_at: 0 }));
      await deps.queue.send(again);
      return;
    }
  }
  if (mark.again_at === undefined) await purgeOnceMore(deps, uid, mark);
  else await endPurge(deps, uid);
  deps.log.info('data purged', { uid, items: removed });
}

/** Workers that were at it when the purge began are over when a lease taken now would run out; twice that is waited, for
 *  clocks differ, and nothing waits for the end of a purge. */
async function purgeOnceMore(deps: PurgeDeps, uid: string, mark: PurgeMark): Promise<void> {
  const waitMs = 2 * deps.leaseMs;
  await deps.table.put(purgeItem(uid, mark.datasource, deps.clock.now() + waitMs));
  await amendLease(deps.table, uid, (lease) => ({ ...lease, expires_at: 0 }));
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
async function* partitionsOf(table: Table, uid: string): AsyncIterable<string> {
  yield keptPartition(uid);
  for (const range of await readRanges(table, uid)) {
    yield recordPartition(uid, range.id);
    yield leafPartition(uid, range.id);
    if (range.moving !== undefined) {
      yield recordPartition(uid, range.moving.id);
      yield leafPartition(uid, range.moving.id);
    }
  }
  yield contradictedPartition(uid);
  for await (const run of table.query({ pk: `${runPartitionPrefix}${uid}` })) {
    yield candidatePartition(uid, run.sk);
    yield leavingPartition(uid, run.sk);
    yield workPartition(uid, run.sk);
  }
}

/** `ours` once the lease belongs to this purge, so that no run may write any more. */
async function takeOver(deps: PurgeDeps, uid: string): Promise<'ours' | 'purging' | 'running'> {
  const lease = await readLease(deps.table, uid);
  if (holdingRun(deps, lease) !== undefined && lease.holder !== undefined) {
    if (lease.run === purgeRun) return 'purging';
    await amendLease(deps.table, uid, (held) => (held.cancel ? undefined : { ...held, cancel: true }));
    return 'running';
  }
  if (lease.run !== purgeRun) await closeAbandonedRun(deps, uid, lease);
  try {
    await deps.table.transact([
      takeLease(deps, uid, lease, { run: purgeRun, holder: deps.holder, purged: true }).write,
    ]);
    return 'ours';
  } catch (error) {
    if (error instanceof ConditionFailed) return 'running';
    throw error;
  }
}

/** Deletes what stands in a partition, bite by bite; says how much after each. */
async function* emptyPartition(table: Table, pk: string): AsyncIterable<number> {
  let deletes: PlainWrite[] = [];
  for await (const { sk } of table.query({ pk })) {
    deletes.push({ delete: { pk, sk } });
    if (deletes.length < chunk) continue;
    yield* deleteAll(table, deletes);
    deletes = [];
  }
  yield* deleteAll(table, deletes);
}

/** Says how much was taken after each time that it was sent. No write of another's can come to harm: the uid is purged for
 *  good, so that nobody has to look at its lease again. */
async function* deleteAll(table: Table, deletes: readonly PlainWrite[]): AsyncIterable<number> {
  for (let left = deletes; left.length > 0; ) {
    const sent = left.length;
    left = await table.batchWrite(left);
    yield sent - left.length;
  }
}
