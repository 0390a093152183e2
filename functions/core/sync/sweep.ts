import { listDatasources } from '../datasources/datasource-store.ts';
import { purgePartition } from '../documents/purge-item.ts';
import { ConditionFailed } from '../errors.ts';
import type { Ids, Log, WorkQueue } from '../ports.ts';
import { closeAbandonedRun } from './close-abandoned-run.ts';
import { freed, holdingRun, type LeaseDeps, putLease, readLease } from './lease.ts';
import { readRun } from './run-store.ts';
import type { WorkMessage } from './work-message.ts';

export type SweepDeps = LeaseDeps & { readonly queue: WorkQueue; readonly ids: Ids; readonly log: Log };

/**
 * Puts right what a process that died left behind: ends its runs and starts each of them anew, and goes on with purges
 * whose message was lost. To be called at start and every few minutes. Safe to repeat.
 */
export async function sweep(deps: SweepDeps): Promise<void> {
  for await (const row of listDatasources(deps.table)) {
    const restart = await closeIfAbandoned(deps, row.uid);
    if (!restart || !row.enabled) continue;
    const message: WorkMessage = { type: 'resync', datasource: row.id };
    await deps.queue.send(message);
  }
  for await (const mark of deps.table.query({ pk: purgePartition })) {
    const message: WorkMessage = { type: 'purge', uid: mark.sk };
    await deps.queue.send(message);
  }
}

/** Frees a lease whose holder died. True if its run was one to be made up for. */
async function closeIfAbandoned(deps: SweepDeps, uid: string): Promise<boolean> {
  const lease = await readLease(deps.table, uid);
  if (lease.run === undefined || holdingRun(deps, lease) !== undefined) return false;
  const run = await readRun(deps.table, uid, lease.run);
  await closeAbandonedRun(deps, uid, lease);
  try {
    await putLease(deps.table, uid, lease, { ...freed(lease), fence: lease.fence + 1 });
  } catch (error) {
    if (error instanceof ConditionFailed) return false;
    throw error;
  }
  return run !== undefined && !run.dry_run && lease.cancel !== true;
}
