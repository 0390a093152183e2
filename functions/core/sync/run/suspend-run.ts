import { amendLease, leaseLost, putInQueue, readLease } from '../../lease/lease.ts';
import { ConditionFailed } from '../../model/errors.ts';
import type { RunRow } from '../../runs/run.ts';
import { runItem } from '../../runs/run-store.ts';
import type { StartedRun } from '../../runs/start-run.ts';
import type { SyncDeps } from '../../runs/sync-deps.ts';
import type { WorkMessage } from '../../runs/work-message.ts';
import { saveWork } from '../progress/range-work.ts';
import type { RunContext } from '../worker/run-context.ts';
import { progressOf } from '../worker/run-progress.ts';

/**
 * Hands a run on: stores how far it is, lets go of the lease without freeing it, and sends for another invocation. If
 * that message is lost, the lease runs out and the next tick, or the sweep, goes on with the run. Throws Failure
 * `lease_lost` if another run took over.
 */
export async function suspendRun(context: RunContext): Promise<RunRow> {
  const noted = await letGo(context);
  await callHolder(context);
  return noted;
}

/** Hands a run on that this invocation could not even begin with: the table let it read nothing. */
export async function giveBack(deps: SyncDeps, { run, lease: taken }: StartedRun): Promise<RunRow> {
  const { uid, datasource, id } = run;
  const lease = await readLease(deps.table, uid);
  if (lease.fence !== taken.fence || lease.run !== id) throw leaseLost();
  await deps.table.transact([putInQueue(deps, uid, lease)]);
  const message: WorkMessage = { type: 'run', datasource, uid, run: id };
  await deps.queue.send(message);
  return run;
}

/**
 * Leaves a run to the workers that are still at some of its ranges: the last of them calls for whoever ends it. If they
 * were done before this one let go, it calls itself. Throws Failure `lease_lost` if another run took over.
 */
export async function parkRun(context: RunContext): Promise<RunRow> {
  const noted = await letGo(context);
  const { board, deps, uid } = context;
  await board.refresh();
  // A worker that broke off before this one let go saw that somebody held the run, and did not call.
  const { failure, cancel } = await readLease(deps.table, uid);
  const stopped = failure !== undefined || cancel === true;
  if (stopped || board.done === board.total || board.waiting > 0) await callHolder(context);
  return noted;
}

/** Calls for an invocation that takes the lease of the run, if nobody holds it and nobody called before: each of them calls
 *  further workers, and those of several would add up. */
export async function callHolder({ deps, uid, run, held }: RunContext): Promise<void> {
  let first = false;
  await amendLease(deps.table, uid, (lease) => {
    const parked = lease.fence === held.fence && lease.run === run.id && lease.holder === undefined;
    first = parked && lease.called !== true;
    return first ? { ...lease, called: true } : undefined;
  });
  if (!first) return;
  const message: WorkMessage = { type: 'run', datasource: run.datasource, uid, run: run.id };
  await deps.queue.send(message);
}

async function letGo(context: RunContext): Promise<RunRow> {
  const { deps, uid, run, held, board } = context;
  // A lone range that came to its end is not stored anywhere yet.
  for (const work of board.unsaved()) await saveWork(context, work, 'released');
  const noted = progressOf(context);
  for (;;) {
    const lease = await readLease(deps.table, uid);
    if (lease.fence !== held.fence || lease.run !== run.id) throw leaseLost();
    try {
      await deps.table.transact([
        putInQueue(deps, uid, lease),
        { put: runItem(noted), condition: { type: 'fence', atMost: held.fence } },
      ]);
      break;
    } catch (error) {
      if (!(error instanceof ConditionFailed)) throw error;
      // Index 0 is the lease: a cancel came between, or another run; reading it again tells which. Index 1 is the run:
      // whoever is about to take its place has closed it, and not taken the lease yet.
      if (error.index !== 0) throw leaseLost();
    }
  }
  deps.log.info('sync handed on', { datasource: run.datasource, run: run.id, listed: noted.counters.listed });
  return noted;
}
