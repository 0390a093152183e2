import { byStocktake } from '../audit/audit-write.ts';
import { holdingRun, type Lease, lastSlot, readLease, takeLease } from '../lease/lease.ts';
import { wasAhead } from '../model/ahead.ts';
import { ConditionFailed, Failure } from '../model/errors.ts';
import type { TransactWrite } from '../model/ports/table.ts';
import type { ConnectorRow } from '../registry/connector.ts';
import { readConnector } from '../registry/connector-store.ts';
import type { DatasourceRow } from '../registry/datasource.ts';
import { readDatasource } from '../registry/datasource-store.ts';
import { configOf, fingerprintOf } from '../registry/effective-config.ts';
import type { OpenDeps } from '../registry/open-bucket.ts';
import { rebaseDatasource } from '../registry/rebase-datasource.ts';
import { closeAbandonedRun } from './close-abandoned-run.ts';
import { isResumable, resumeRun } from './resume-run.ts';
import { type RunRow, type RunTrigger, zeroCounters } from './run.ts';
import { newRunId, readRun, runItem } from './run-store.ts';
import type { SyncDeps } from './sync-deps.ts';
import { readState, type SyncState } from './sync-state.ts';

export type RunRequest = {
  readonly datasource: string;
  readonly trigger: RunTrigger;
  /** Starts now in this process; otherwise the run waits for a worker. */
  readonly inProcess: boolean;
  readonly dryRun?: boolean;
  /** The scheduled time of the tick that asks, epoch milliseconds. */
  readonly slot?: number;
  /** The held run whose deletions this one applies. */
  readonly approves?: string;
  /** Further writes of the transaction that makes the run, or goes on with one: without conditions. */
  readonly alongside?: (run: RunRow) => readonly TransactWrite[];
};

export type StartedRun = {
  readonly outcome: 'started';
  readonly run: RunRow;
  readonly lease: Lease;
  readonly datasource: DatasourceRow;
  readonly connector: ConnectorRow;
};
export type RunStart =
  | StartedRun
  /** Another run is on. */
  | { readonly outcome: 'busy'; readonly run: RunRow }
  /** This slot, or a later one, had its run. */
  | { readonly outcome: 'duplicate' };

/** A pass over a bucket may take so long; how far it is is kept for a week. */
export const passMs = 5 * 86_400_000;

type StartDeps = Omit<SyncDeps, keyof OpenDeps | 'queue' | 'settings' | 'spools'>;

/**
 * Makes a run and takes the datasource's lease for it, in one transaction: there is never a second one. A run left
 * behind by a process that died is gone on with, or closed if it cannot be. Throws Failure `not_found` if there is no such datasource,
 * `conflict` if its connector is switched off, or what its settings lack.
 */
export async function startRun(deps: StartDeps, request: RunRequest): Promise<RunStart> {
  const found = await readDatasource(deps.table, request.datasource);
  if (found === undefined) throw new Failure('not_found', `there is no datasource ${request.datasource}`);
  const connector = await connectorOf(deps, found);
  const datasource = await rebaseDatasource({ ...deps, ...byStocktake }, connector, found);
  for (;;) {
    const lease = await readLease(deps.table, datasource.uid);
    // Deleted since it was read above, however long ago that was.
    if (lease.purged) throw new Failure('not_found', `there is no datasource ${request.datasource} any more`);
    const holder = holdingRun(deps, lease);
    if (request.slot !== undefined && lastSlot(deps, lease) >= request.slot) return { outcome: 'duplicate' };
    const busy = holder && (await readRun(deps.table, datasource.uid, holder));
    if (busy) return { outcome: 'busy', run: busy };
    const started = await take(deps, request, { datasource, connector }, lease);
    if (started !== undefined) return { outcome: 'started', ...started, datasource, connector };
  }
}

async function connectorOf(deps: StartDeps, datasource: DatasourceRow): Promise<ConnectorRow> {
  const connector = await readConnector(deps.table, datasource.connector.id);
  if (connector === undefined) {
    throw new Failure('conflict', `connector ${datasource.connector.id} of this datasource does not exist any more`);
  }
  if (connector.processor.enabled) return connector;
  throw new Failure(
    'conflict',
    `connector ${connector.id} is switched off; set its processor.enabled to true to sync its datasources`,
  );
}

async function take(
  deps: StartDeps,
  request: RunRequest,
  scope: { readonly datasource: DatasourceRow; readonly connector: ConnectorRow },
  lease: Lease,
): Promise<{ run: RunRow; lease: Lease } | undefined> {
  const { datasource } = scope;
  const { uid } = datasource;
  let interruptions = lease.interruptions ?? 0;
  if (lease.run !== undefined) {
    const abandoned = await readRun(deps.table, uid, lease.run);
    if (abandoned !== undefined && serves(abandoned, request)) {
      const holder = request.inProcess ? deps.holder : undefined;
      const { slot, alongside } = request;
      return resumeRun(deps, lease, abandoned, { holder, slot, alongside });
    }
    await closeAbandonedRun(deps, uid, lease);
    interruptions += 1;
  }
  const state = await readState(deps.table, uid);
  const id = newRunId(deps, lease.fence + 1, [lease.newest_run, state.last_run?.id]);
  const holder = request.inProcess ? deps.holder : undefined;
  const { next, write } = takeLease(deps, uid, lease, {
    datasource: datasource.id,
    run: id,
    holder,
    slot: request.slot,
    interruptions,
  });
  const run = newRun(deps, request, datasource, {
    id,
    fence: next.fence,
    firstLoad: state.last_complete === undefined,
    pass: passToGoOnWith(deps, request, scope, state),
  });
  try {
    const others = request.alongside?.(run) ?? [];
    await deps.table.transact([write, { put: runItem(run), condition: { type: 'absent' } }, ...others]);
  } catch (error) {
    if (error instanceof ConditionFailed) return undefined;
    throw error;
  }
  return { run, lease: next };
}

/** A run whose process died goes on in the place of a new one, unless something else was asked for. */
function serves(abandoned: RunRow, request: RunRequest): boolean {
  return (
    isResumable(abandoned) && abandoned.dry_run === (request.dryRun ?? false) && abandoned.approves === request.approves
  );
}

function newRun(
  deps: StartDeps,
  request: RunRequest,
  datasource: DatasourceRow,
  made: { id: string; fence: number; firstLoad: boolean; pass: RunRow['pass'] },
): RunRow {
  const now = new Date(deps.clock.now()).toISOString();
  return {
    v: 1,
    version: 1,
    fence: made.fence,
    id: made.id,
    datasource: datasource.id,
    uid: datasource.uid,
    status: request.inProcess ? 'running' : 'queued',
    trigger: request.trigger,
    dry_run: request.dryRun ?? false,
    first_load: made.firstLoad,
    scheduled_at: request.slot === undefined ? undefined : new Date(request.slot).toISOString(),
    queued_at: now,
    started_at: request.inProcess ? now : undefined,
    counters: zeroCounters,
    ranges: { done: 0, total: 1 },
    approves: request.approves,
    pass: made.pass,
  };
}

/** What ran out of time is gone on with, while the scope is the same and its traces are still kept. */
function passToGoOnWith(
  deps: StartDeps,
  request: RunRequest,
  { datasource, connector }: { readonly datasource: DatasourceRow; readonly connector: ConnectorRow },
  { unfinished }: SyncState,
): RunRow['pass'] {
  if (unfinished === undefined || request.dryRun || request.approves !== undefined) return undefined;
  const beganAt = Date.parse(unfinished.began_at);
  if (deps.clock.now() - beganAt > passMs || wasAhead(deps.clock, beganAt)) return undefined;
  if (fingerprintOf(configOf(connector, datasource)) !== unfinished.fingerprint) return undefined;
  const { pass: id, began_at, fingerprint, way } = unfinished;
  return { id, began_at, fingerprint, way };
}
