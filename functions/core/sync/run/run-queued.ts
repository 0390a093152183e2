import { amendLease, changeLease, freed, readLease } from '../../lease/lease.ts';
import { ConditionFailed } from '../../model/errors.ts';
import { readConnector } from '../../registry/connector-store.ts';
import { readDatasource } from '../../registry/datasource-store.ts';
import { closeAbandonedRun } from '../../runs/close-abandoned-run.ts';
import { isEnded, type RunRow } from '../../runs/run.ts';
import { readRun, runItem } from '../../runs/run-store.ts';
import type { StartedRun } from '../../runs/start-run.ts';
import type { SyncDeps } from '../../runs/sync-deps.ts';
import { performRun } from './perform-run.ts';

/** A run that waits, as the message names it. */
type Waiting = { readonly datasource: string; readonly uid: string; readonly run: string };

/**
 * Performs a run that waits in the queue, to begin or to go on. The message may come twice, or late: whoever makes the run's lease its own
 * performs it, everybody else does nothing. Returns the ended run, or undefined if there was nothing to do.
 */
export async function runQueued(deps: SyncDeps, message: Waiting): Promise<RunRow | undefined> {
  for (;;) {
    try {
      const started = await takeUp(deps, message);
      return started && (await performRun(deps, started));
    } catch (error) {
      // Not taken yet: somebody touched the lease meanwhile. If it was a tick that noted a skipped slot, the run still waits, and
      // nobody but the sweep would send for it again.
      if (!(error instanceof LeaseTouched)) throw error;
    }
  }
}

/** The lease was changed since it was read. */
class LeaseTouched extends Error {}

/** Makes the run's lease this worker's. Undefined if the run ended, is another's or belongs to nothing any more. */
async function takeUp(deps: SyncDeps, message: Waiting): Promise<StartedRun | undefined> {
  const { uid } = message;
  const run = await readRun(deps.table, uid, message.run);
  const lease = await readLease(deps.table, uid);
  if (run === undefined || isEnded(run) || lease.run !== run.id || lease.holder !== undefined) return undefined;
  const datasource = await readDatasource(deps.table, message.datasource);
  const connector = datasource && (await readConnector(deps.table, datasource.connector.id));
  if (datasource?.uid !== uid || connector === undefined) {
    await closeAbandonedRun(deps, uid, lease);
    await amendLease(deps.table, uid, (held) => (held.run === run.id ? freed(held) : undefined));
    return undefined;
  }
  const now = deps.clock.now();
  const { called: _called, ...parked } = lease;
  const adopted = { ...parked, version: lease.version + 1, holder: deps.holder, expires_at: now + deps.leaseMs };
  const running: RunRow = { ...run, status: 'running', started_at: run.started_at ?? new Date(now).toISOString() };
  try {
    // Together: a row put on its own could come back to life behind a purge.
    await deps.table.transact([
      changeLease(uid, lease, adopted),
      { put: runItem(running), condition: { type: 'fence', atMost: lease.fence } },
    ]);
  } catch (error) {
    if (!(error instanceof ConditionFailed)) throw error;
    if (error.index === 0) throw new LeaseTouched();
    return undefined;
  }
  return { outcome: 'started', run: running, lease: adopted, datasource, connector };
}
