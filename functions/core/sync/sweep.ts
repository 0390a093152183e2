import type { DatasourceRow } from '../datasources/datasource.ts';
import { listDatasources } from '../datasources/datasource-store.ts';
import { purgePartition } from '../documents/purge-item.ts';
import { ConditionFailed } from '../errors.ts';
import type { Ids, Log, WorkQueue } from '../ports.ts';
import { closeAbandonedRun } from './close-abandoned-run.ts';
import { freed, holdingRun, type LeaseDeps, putLease, readLease } from './lease.ts';
import { isResumable, resumeRun } from './resume-run.ts';
import { readRun } from './run-store.ts';
import type { WorkMessage } from './work-message.ts';

export type SweepDeps = LeaseDeps & { readonly queue: WorkQueue; readonly ids: Ids; readonly log: Log };

/**
 * Puts right what a process that died left behind: its runs go on from their checkpoints, or are ended and started anew
 * where they have none, and so do purges whose message was lost. To be called at start and every few minutes. Safe to repeat.
 */
export async function sweep(deps: SweepDeps): Promise<void> {
  for await (const row of listDatasources(deps.table)) {
    const message = await mend(deps, row);
    if (message !== undefined) await deps.queue.send(message);
  }
  for await (const mark of deps.table.query({ pk: purgePartition })) {
    const message: WorkMessage = { type: 'purge', uid: mark.sk };
    await deps.queue.send(message);
  }
}

/** Takes up or closes the run of a lease whose holder died. Returns what is to be done about it. */
async function mend(deps: SweepDeps, { id, uid, enabled }: DatasourceRow): Promise<WorkMessage | undefined> {
  const lease = await readLease(deps.table, uid);
  if (lease.run === undefined || holdingRun(deps, lease) !== undefined) return undefined;
  const run = await readRun(deps.table, uid, lease.run);
  if (run !== undefined && isResumable(run)) {
    const resumed = await resumeRun(deps, lease, run, {});
    return resumed && { type: 'run', datasource: id, uid, run: run.id };
  }
  await closeAbandonedRun(deps, uid, lease);
  try {
    await putLease(deps.table, uid, lease, { ...freed(lease), fence: lease.fence + 1 });
  } catch (error) {
    if (error instanceof ConditionFailed) return undefined;
    throw error;
  }
  const restart = run !== undefined && !run.dry_run && lease.cancel !== true && enabled;
  return restart ? { type: 'resync', datasource: id } : undefined;
}
