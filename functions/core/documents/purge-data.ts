import { ConditionFailed } from '../errors.ts';
import type { Log, PlainWrite, Table, WorkQueue } from '../ports.ts';
import { candidatePartition } from '../sync/candidates.ts';
import { closeAbandonedRun } from '../sync/close-abandoned-run.ts';
import { amendLease, holdingRun, type LeaseDeps, readLease, takeLease } from '../sync/lease.ts';
import { runPartitionPrefix } from '../sync/run-store.ts';
import type { WorkMessage } from '../sync/work-message.ts';
import { purgePartition } from './purge-item.ts';
import { mapPartition, readRanges } from './range-map.ts';
import { recordPartition } from './record.ts';

export type PurgeDeps = LeaseDeps & { readonly queue: WorkQueue; readonly log: Log };

/** A run that is to be stopped for a purge is looked after again so soon. */
const waitSeconds = 2;

/** Deleted in batches of this many. */
const chunk = 500;

/**
 * Removes everything that hangs on a uid: records, range map, runs, candidates, state. A run that is on is canceled
 * first and the purge tried again when it has ended or its lease expired, so that nothing is written behind its back.
 * The lease stays, with its fence, to turn away a worker that wakes late. Safe to repeat.
 */
export async function purgeData(deps: PurgeDeps, uid: string): Promise<void> {
  const mark = { pk: purgePartition, sk: uid };
  if ((await deps.table.get(mark)) === undefined) return;
  if (!(await takeOver(deps, uid))) {
    const again: WorkMessage = { type: 'purge', uid };
    await deps.queue.send(again, { delaySeconds: waitSeconds });
    return;
  }
  let removed = 0;
  for (const range of await readRanges(deps.table, uid)) {
    removed += await emptyPartition(deps.table, recordPartition(uid, range.id));
  }
  for await (const run of deps.table.query({ pk: `${runPartitionPrefix}${uid}` })) {
    await emptyPartition(deps.table, candidatePartition(uid, run.sk));
  }
  await emptyPartition(deps.table, mapPartition(uid));
  await emptyPartition(deps.table, `${runPartitionPrefix}${uid}`);
  await deps.table.delete({ pk: uid, sk: 'state' });
  await deps.table.delete(mark);
  deps.log.info('data purged', { uid, records: removed });
}

/** True once the lease belongs to the purge, so that no run may write any more. */
async function takeOver(deps: PurgeDeps, uid: string): Promise<boolean> {
  const lease = await readLease(deps.table, uid);
  if (lease.run === 'purge') return true;
  if (holdingRun(deps, lease) !== undefined && lease.holder !== undefined) {
    await amendLease(deps.table, uid, (held) => (held.cancel ? undefined : { ...held, cancel: true }));
    return false;
  }
  await closeAbandonedRun(deps, uid, lease);
  try {
    await deps.table.transact([takeLease(deps, uid, lease, { run: 'purge', holder: deps.holder }).write]);
    return true;
  } catch (error) {
    if (error instanceof ConditionFailed) return false;
    throw error;
  }
}

async function emptyPartition(table: Table, pk: string): Promise<number> {
  let removed = 0;
  let deletes: PlainWrite[] = [];
  const flush = async (): Promise<void> => {
    await table.batchWrite(deletes);
    removed += deletes.length;
    deletes = [];
  };
  for await (const { sk } of table.query({ pk })) {
    deletes.push({ delete: { pk, sk } });
    if (deletes.length === chunk) await flush();
  }
  await flush();
  return removed;
}
