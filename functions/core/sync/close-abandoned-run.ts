import { ConditionFailed } from '../errors.ts';
import type { Clock, Log, Table } from '../ports.ts';
import { type Lease, leaseKey } from './lease.ts';
import { describeRun, isEnded } from './run.ts';
import { readRun, runExpiry, runItem } from './run-store.ts';

/**
 * Ends the run of a lease whose holder died: no run stays open for ever. To be called only when nobody holds the lease
 * any more. The fence of the write is one above the run's, so that a worker that wakes late cannot undo it.
 */
export async function closeAbandonedRun(
  deps: { readonly table: Table; readonly clock: Clock; readonly log: Log },
  uid: string,
  lease: Lease,
): Promise<void> {
  const run = lease.run === undefined ? undefined : await readRun(deps.table, uid, lease.run);
  if (run === undefined || isEnded(run)) return;
  const closed = {
    ...run,
    version: run.version + 1,
    fence: run.fence + 1,
    status: lease.cancel ? ('canceled' as const) : ('failed' as const),
    completed_at: new Date(deps.clock.now()).toISOString(),
    ttl: runExpiry(deps.clock.now()),
    error: {
      code: 'interrupted',
      message: 'the run did not get to its end; what it did until then stays, and the next run makes up for the rest',
    },
  };
  try {
    // Together with the lease as it was found: a worker that took the run up meanwhile keeps it.
    await deps.table.transact([
      {
        put: runItem({ ...closed, message: describeRun(closed) }),
        condition: { type: 'version', equals: run.version },
      },
      { check: leaseKey(uid), condition: { type: 'version', equals: lease.version } },
    ]);
    // In the words of any other failed run, so that whoever counts those counts this one.
    const { code, message: reason } = closed.error;
    deps.log.warn(`sync ${closed.status}`, {
      datasource: run.datasource,
      run: run.id,
      trigger: run.trigger,
      code,
      reason,
    });
  } catch (error) {
    if (!(error instanceof ConditionFailed)) throw error;
  }
}
