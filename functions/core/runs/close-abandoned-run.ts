import { type Lease, leaseKey } from '../lease/lease.ts';
import { ConditionFailed } from '../model/errors.ts';
import type { Clock, Log } from '../model/ports/host.ts';
import type { Table } from '../model/ports/table.ts';
import { describeRun, isEnded, type RunRow } from './run.ts';
import { readRun, runExpiry, runItem } from './run-store.ts';

const interrupted = {
  code: 'interrupted',
  message: 'the run did not get to its end; what it did until then stays, and the next run makes up for the rest',
};

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
  const closed: RunRow = {
    ...run,
    version: run.version + 1,
    fence: run.fence + 1,
    completed_at: new Date(deps.clock.now()).toISOString(),
    ttl: runExpiry(deps.clock.now()),
    // Whoever canceled it got what they asked for.
    ...(lease.cancel ? { status: 'canceled' } : { status: 'failed', error: interrupted }),
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
    logClosed(deps.log, closed);
  } catch (error) {
    if (!(error instanceof ConditionFailed)) throw error;
  }
}

/** In the words of any other run that ends so, so that whoever counts those counts this one. */
function logClosed(log: Log, { status, datasource, id: run, trigger, error }: RunRow): void {
  const fields = { datasource, run, trigger };
  if (error === undefined) log.info(`sync ${status}`, fields);
  else log.warn(`sync ${status}`, { ...fields, code: error.code, reason: error.message });
}
