import { ConditionFailed } from '../errors.ts';
import { leaseLost, putInQueue, readLease } from './lease.ts';
import type { RunRow } from './run.ts';
import type { RunContext } from './run-context.ts';
import { progressOf } from './run-progress.ts';
import { runItem } from './run-store.ts';
import type { WorkMessage } from './work-message.ts';

/**
 * Hands a run on: stores how far it is, lets go of the lease without freeing it, and sends for another invocation. If
 * that message is lost, the lease runs out and the next tick, or the sweep, goes on with the run. Throws Failure
 * `lease_lost` if another run took over.
 */
export async function suspendRun(context: RunContext): Promise<RunRow> {
  const { deps, uid, run, held } = context;
  const noted = progressOf(context);
  for (;;) {
    const lease = await readLease(deps.table, uid);
    if (lease.fence !== held.fence || lease.run !== run.id) throw leaseLost();
    try {
      await deps.table.transact([
        putInQueue(uid, lease, deps.clock.now()),
        { put: runItem(noted), condition: { type: 'fence', atMost: held.fence } },
      ]);
      break;
    } catch (error) {
      // Index 0 is the lease: a cancel came between, or another run; reading it again tells which.
      if (!(error instanceof ConditionFailed) || error.index !== 0) throw error;
    }
  }
  const message: WorkMessage = { type: 'run', datasource: run.datasource, uid, run: run.id };
  await deps.queue.send(message);
  deps.log.info('sync handed on', { datasource: run.datasource, run: run.id, listed: noted.counters.listed });
  return noted;
}
