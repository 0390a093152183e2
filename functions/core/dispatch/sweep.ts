import {
  freed,
  holdingRun,
  type Lease,
  type LeaseDeps,
  putLease,
  readLease,
  seemsForgotten,
  shortened,
  waitingOn,
} from '../lease/lease.ts';
import { wasAhead } from '../model/ahead.ts';
import { ConditionFailed } from '../model/errors.ts';
import type { Ids, Log } from '../model/ports/host.ts';
import type { WorkQueue } from '../model/ports/work-queue.ts';
import type { DatasourceRow } from '../registry/datasource.ts';
import { listDatasources } from '../registry/datasource-store.ts';
import { purgeItem, purgePartition, readPurgeMark } from '../registry/purge-item.ts';
import { closeAbandonedRun } from '../runs/close-abandoned-run.ts';
import { isResumable, resumeRun } from '../runs/resume-run.ts';
import type { RunRow } from '../runs/run.ts';
import { readRun } from '../runs/run-store.ts';
import type { WorkMessage } from '../runs/work-message.ts';
import { purgeRun } from './purge-data.ts';

/** Datasources looked at together. */
const atOnce = 8;

/** Interruptions in a row that are made up for at once; after that the schedule alone goes on. */
const mostRestarts = 3;

export type SweepDeps = LeaseDeps & { readonly queue: WorkQueue; readonly ids: Ids; readonly log: Log };

/**
 * Puts right what a process that died left behind: its runs go on from their checkpoints, or are ended and started anew
 * where they have none, and so do purges whose message was lost. To be called at start and every few minutes. Safe to repeat.
 */
export async function sweep(deps: SweepDeps): Promise<void> {
  const failures: unknown[] = [];
  const attempt = async (work: () => Promise<WorkMessage | undefined>): Promise<void> => {
    try {
      const message = await work();
      if (message !== undefined) await deps.queue.send(message);
    } catch (error) {
      // One that cannot be mended must not keep the others waiting.
      failures.push(error);
    }
  };
  let together: Promise<void>[] = [];
  for await (const row of listDatasources(deps.table)) {
    together.push(attempt(() => mend(deps, row)));
    if (together.length < atOnce) continue;
    await Promise.all(together);
    together = [];
  }
  await Promise.all(together);
  for await (const mark of deps.table.query({ pk: purgePartition })) {
    await attempt(() => purgeAgain(deps, mark.sk));
  }
  if (failures.length > 0) throw new AggregateError(failures, `the sweep could not mend ${failures.length} of all`);
}

/** A purge that is on needs no reminder, nor does one whose time has not come. */
async function purgeAgain(deps: SweepDeps, uid: string): Promise<WorkMessage | undefined> {
  const lease = await readLease(deps.table, uid);
  const purging = lease.run === purgeRun && holdingRun(deps, lease) !== undefined;
  const mark = await readPurgeMark(deps.table, uid);
  const againAt = mark?.again_at ?? 0;
  if (mark !== undefined && wasAhead(deps.clock, againAt, 2 * deps.leaseMs)) {
    await deps.table.put(purgeItem(uid, mark.datasource, deps.clock.now() + 2 * deps.leaseMs));
    return undefined;
  }
  if (againAt > deps.clock.now()) return undefined;
  return purging ? undefined : { type: 'purge', uid };
}

/** The lease, and where a clock that was ahead gave it, as one given now: it would keep its datasource until then. */
async function inTime(deps: SweepDeps, uid: string, lease: Lease): Promise<Lease> {
  const next = shortened(deps, lease);
  if (next === undefined) return lease;
  await putLease(deps.table, uid, lease, next);
  return next;
}

/** A run that never began is not lost, it only waits: it keeps its place, and is sent again should its message be lost. */
async function remind(deps: SweepDeps, run: RunRow, lease: Lease): Promise<WorkMessage | undefined> {
  const { datasource, uid, id } = run;
  try {
    await putLease(deps.table, uid, lease, waitingOn(deps, lease));
    return { type: 'run', datasource, uid, run: id };
  } catch (error) {
    if (error instanceof ConditionFailed) return undefined;
    throw error;
  }
}

/** Takes up or closes the run of a lease whose holder died. Returns what is to be done about it. */
async function mend(deps: SweepDeps, { id, uid, enabled }: DatasourceRow): Promise<WorkMessage | undefined> {
  const lease = await inTime(deps, uid, await readLease(deps.table, uid));
  if (lease.run === undefined) return undefined;
  const held = holdingRun(deps, lease) !== undefined;
  if (held && !seemsForgotten(deps, lease)) return undefined;
  const run = await readRun(deps.table, uid, lease.run);
  if (run?.status === 'queued' && lease.holder === undefined && !lease.cancel) return remind(deps, run, lease);
  if (held) return { type: 'run', datasource: id, uid, run: lease.run };
  if (run !== undefined && isResumable(run)) {
    const resumed = await resumeRun(deps, lease, run, {});
    return resumed && { type: 'run', datasource: id, uid, run: run.id };
  }
  await closeAbandonedRun(deps, uid, lease);
  const interruptions = (lease.interruptions ?? 0) + 1;
  try {
    await putLease(deps.table, uid, lease, { ...freed(lease), fence: lease.fence + 1, interruptions });
  } catch (error) {
    if (error instanceof ConditionFailed) return undefined;
    throw error;
  }
  const restart =
    run !== undefined && !run.dry_run && lease.cancel !== true && enabled && interruptions <= mostRestarts;
  return restart ? { type: 'resync', datasource: id, uid, fence: lease.fence + 1 } : undefined;
}
