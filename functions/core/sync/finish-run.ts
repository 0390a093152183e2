import type { DatasourceRow } from '../datasources/datasource.ts';
import { ConditionFailed } from '../errors.ts';
import type { TransactWrite } from '../ports.ts';
import { parseInterval } from '../schedules/interval.ts';
import type { HeldLease } from './held-lease.ts';
import { changeLease, freed, leaseLost, readLease } from './lease.ts';
import type { RunRow } from './run.ts';
import { runItem } from './run-store.ts';
import type { SyncDeps } from './sync-deps.ts';
import { readState, stateAfter, stateItem } from './sync-state.ts';

/**
 * Ends a run exactly once: its record, the state of its datasource and the freed lease are written in one transaction,
 * conditional on the lease. Throws Failure `lease_lost` if another run took over; then this one was closed by it.
 */
export async function finishRun(
  deps: Pick<SyncDeps, 'table' | 'clock' | 'log'>,
  datasource: DatasourceRow,
  held: HeldLease,
  run: RunRow,
): Promise<RunRow> {
  const ended: RunRow = { ...run, version: run.version + 1, percent: run.status === 'completed' ? 100 : undefined };
  for (;;) {
    const lease = await readLease(deps.table, run.uid);
    if (lease.fence !== held.fence || lease.run !== run.id) throw leaseLost();
    const state = await readState(deps.table, run.uid);
    const after = stateAfter(state, ended, intervalOf(datasource));
    const writes: TransactWrite[] = [
      changeLease(run.uid, lease, freed(lease)),
      { put: runItem(ended), condition: { type: 'fence', atMost: held.fence } },
      { put: stateItem(run.uid, after) },
    ];
    try {
      await deps.table.transact(writes);
      break;
    } catch (error) {
      // Index 0 is the lease: a cancel came between, or another run; reading it again tells which.
      if (!(error instanceof ConditionFailed) || error.index !== 0) throw error;
    }
  }
  logEnd(deps, ended);
  return ended;
}

function intervalOf(datasource: DatasourceRow): number | undefined {
  if (datasource.sync.strategy !== 'interval' || datasource.sync.interval === undefined) return undefined;
  const parsed = parseInterval(datasource.sync.interval);
  return parsed.ok ? parsed.seconds * 1000 : undefined;
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
