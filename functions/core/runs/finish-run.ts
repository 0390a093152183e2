import type { HeldLease } from '../lease/held-lease.ts';
import { changeLease, freed, leaseLost, readLease } from '../lease/lease.ts';
import { ConditionFailed } from '../model/errors.ts';
import type { PlainWrite, TransactWrite } from '../model/ports/table.ts';
import type { ConnectorRow } from '../registry/connector.ts';
import type { DatasourceRow } from '../registry/datasource.ts';
import { syncGapMs } from '../registry/sync-gap.ts';
import { dropCandidates } from './candidates.ts';
import { passIdOf, type RunRow } from './run.ts';
import { readRun, runExpiry, runItem } from './run-store.ts';
import type { SyncDeps } from './sync-deps.ts';
import { readState, type SyncState, settingsOf, stateAfter, stateItem } from './sync-state.ts';

/**
 * Ends a run exactly once: its record, the state of its datasource and the freed lease are written in one transaction,
 * conditional on the lease. Throws Failure `lease_lost` if another run took over; then this one was closed by it.
 */
export async function finishRun(
  deps: Pick<SyncDeps, 'table' | 'clock' | 'log'>,
  { datasource, connector }: { readonly datasource: DatasourceRow; readonly connector: ConnectorRow },
  held: HeldLease,
  run: RunRow,
): Promise<RunRow> {
  const ended: RunRow = {
    ...run,
    version: run.version + 1,
    percent: run.status === 'completed' ? 100 : undefined,
    ttl: runExpiry(deps.clock.now()),
  };
  for (;;) {
    const lease = await readLease(deps.table, run.uid);
    if (lease.fence !== held.fence || lease.run !== run.id) throw leaseLost();
    const state = await readState(deps.table, run.uid);
    const intervalMs = syncGapMs(datasource, deps.clock.now());
    const after = stateAfter(state, ended, { intervalMs, settings: settingsOf(datasource, connector) });
    const writes: TransactWrite[] = [
      // A fence higher: whatever of this run is still under way is too late.
      changeLease(run.uid, lease, { ...freed(lease), fence: lease.fence + 1 }),
      { put: runItem(ended), condition: { type: 'fence', atMost: held.fence } },
      { put: stateItem(run.uid, after) },
    ];
    try {
      await deps.table.transact(writes);
      await dropSuperseded(deps, run.uid, state, after).catch((error: unknown) => noteLeft(deps, ended, error));
      break;
    } catch (error) {
      if (!(error instanceof ConditionFailed)) throw error;
      // Index 0 is the lease: a cancel came between, or another run; reading it again tells which. Index 1 is the run:
      // whoever is about to take its place has closed it, and not taken the lease yet.
      if (error.index !== 0) throw leaseLost();
    }
  }
  logEnd(deps, ended);
  return ended;
}

/** Of holds in a row the first and the last can be approved; what those between noted is of no more use. */
async function dropSuperseded(
  deps: Pick<SyncDeps, 'table'>,
  uid: string,
  before: SyncState,
  after: SyncState,
): Promise<void> {
  const passed = before.hold?.last;
  if (after.hold === undefined || passed === undefined) return;
  if (passed === after.hold.first || passed === after.hold.last) return;
  const run = await readRun(deps.table, uid, passed);
  // The run has ended: what the table does not take at once goes when its time is over.
  const write = async (writes: readonly PlainWrite[]): Promise<void> => void (await deps.table.batchWrite(writes));
  await dropCandidates({ table: deps.table, write }, uid, run === undefined ? passed : passIdOf(run));
}

/** The run has ended all the same: what is left there expires by itself. */
function noteLeft({ log }: Pick<SyncDeps, 'log'>, { datasource, id: run }: RunRow, error: unknown): void {
  log.warn('superseded candidates left', { datasource, run, reason: error instanceof Error ? error.name : '' });
}

function logEnd(deps: Pick<SyncDeps, 'log'>, run: RunRow): void {
  const fields = {
    datasource: run.datasource,
    run: run.id,
    trigger: run.trigger,
    ...(run.dry_run ? { dry_run: true } : {}),
    ...run.counters,
    seconds: (Date.parse(run.completed_at ?? '') - Date.parse(run.started_at ?? run.queued_at)) / 1000,
    ...(run.hold ? { candidates: run.hold.candidates } : {}),
    ...(run.error ? { code: run.error.code, reason: run.error.message } : {}),
  };
  const level = run.status === 'completed' || run.status === 'canceled' ? 'info' : 'warn';
  deps.log[level](`sync ${run.status}`, fields);
}
