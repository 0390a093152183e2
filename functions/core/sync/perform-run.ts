import { readConnector } from '../connectors/connector-store.ts';
import { readDatasource } from '../datasources/datasource-store.ts';
import { configOf, type EffectiveConfig, fingerprintOf } from '../datasources/effective-config.ts';
import { openBucket } from '../datasources/open-bucket.ts';
import { type RangeRow, rangeItem, readRanges, wholeRange } from '../documents/range-map.ts';
import { ConditionFailed, Failure } from '../errors.ts';
import type { Bucket } from '../ports.ts';
import { finishRun } from './finish-run.ts';
import { holdLease } from './held-lease.ts';
import { compileFilter } from './key-filter.ts';
import { fenceCheck, leaseLost } from './lease.ts';
import { describeRun, type RunRow } from './run.ts';
import { checkpoint, type RunContext, tallyOf } from './run-context.ts';
import { noteCounts, settleCounts } from './run-progress.ts';
import { RunCanceled, RunYielded } from './run-unwound.ts';
import { type Settlement, settleDeletions } from './settle-deletions.ts';
import type { StartedRun } from './start-run.ts';
import { suspendRun } from './suspend-run.ts';
import type { SyncDeps } from './sync-deps.ts';
import { syncRange } from './sync-range.ts';
import { readState } from './sync-state.ts';

/**
 * Performs a run that holds its lease and ends it, however it goes: `completed`, `held`, `canceled`, or `failed` with a
 * message for the user; or hands it on when this invocation's time is over. Returns the run as it is then, or as it was
 * if another run took its place meanwhile.
 */
export async function performRun(deps: SyncDeps, started: StartedRun): Promise<RunRow> {
  const held = holdLease(deps, started.datasource.uid, started.lease, deps.settings.requestTimeoutMs);
  let context: RunContext | undefined;
  let bucket: Bucket | undefined;
  try {
    let ended: Ended;
    try {
      const config = configOf(started.connector, started.datasource);
      bucket = await openBucket(deps, config);
      context = await openContext(deps, started, config, bucket, held);
      ended = await syncAndSettle(context);
    } catch (error) {
      if (context !== undefined) await keepCounts(context);
      if (error instanceof RunYielded && context !== undefined) return await suspendRun(context);
      ended = outcomeOf(deps, started.run, error);
    }
    return await finishRun(deps, started, held, endedRun(deps, started.run, context, ended));
  } catch (error) {
    if (!(error instanceof Failure) || error.code !== 'lease_lost') throw error;
    deps.log.warn('sync displaced', { datasource: started.datasource.id, run: started.run.id });
    return started.run;
  } finally {
    bucket?.close();
  }
}

type Ended = Pick<RunRow, 'status' | 'error' | 'hold'>;

function endedRun(deps: SyncDeps, started: RunRow, context: RunContext | undefined, ended: Ended): RunRow {
  const { counters, checkpoint: _checkpoint, resumed: _resumed, ...rest } = started;
  const run: RunRow = {
    ...rest,
    ...ended,
    counters: context ? { ...context.tally.counters } : counters,
    fingerprint: context?.fingerprint,
    ranges: { done: ended.status === 'completed' || ended.status === 'held' ? 1 : 0, total: 1 },
    completed_at: new Date(deps.clock.now()).toISOString(),
  };
  return { ...run, message: describeRun(run) };
}

async function openContext(
  deps: SyncDeps,
  started: StartedRun,
  config: EffectiveConfig,
  bucket: Bucket,
  held: RunContext['held'],
): Promise<RunContext> {
  const { run, datasource, connector } = started;
  const limit = connector.processor.max_running_timeout_in_seconds ?? deps.settings.runTimeLimitSeconds;
  const startedAt = Date.parse(run.started_at ?? run.queued_at);
  const range = await rangeToSync(deps, datasource.uid, held.fence);
  return {
    deps,
    datasource,
    config,
    fingerprint: fingerprintOf(config),
    uid: datasource.uid,
    run,
    held,
    bucket,
    matches: compileFilter(config),
    range,
    stamp: { run: run.id, seq: held.fence, at: new Date(startedAt).toISOString(), quiet: isQuiet(started) },
    deadline: startedAt + limit * 1000,
    tally: tallyOf(run, range, deps.clock.now()),
  };
}

/** A first load is told by its summary, the run's own event, unless an event for each object was asked for. */
function isQuiet({ run, datasource }: StartedRun): boolean {
  return run.first_load && datasource.sync.first_load_events !== true;
}

/** What a broken-off run added stays, so it counts. Where even that fails, the next complete run counts anew. */
async function keepCounts(context: RunContext): Promise<void> {
  try {
    if (!context.run.dry_run) await noteCounts(context);
  } catch (error) {
    context.deps.log.warn('counts not kept', { run: context.run.id, reason: error instanceof Error ? error.name : '' });
  }
}

/** The one range that holds every key. Made by the first run, under its fence. */
async function rangeToSync(deps: SyncDeps, uid: string, fence: number): Promise<RangeRow> {
  const [stored] = await readRanges(deps.table, uid);
  if (stored !== undefined) return stored;
  const range = wholeRange(deps.ids.unique().slice(0, 12));
  try {
    await deps.table.transact([{ put: rangeItem(uid, range), condition: { type: 'absent' } }, fenceCheck(uid, fence)]);
  } catch (error) {
    throw error instanceof ConditionFailed ? leaseLost() : error;
  }
  return range;
}

async function syncAndSettle(context: RunContext): Promise<Settlement> {
  const { deps, uid, run, tally } = context;
  if (run.checkpoint !== undefined && run.checkpoint.fingerprint !== context.fingerprint) throw scopeChanged();
  if (!tally.settling) await syncRange(context);
  await checkpoint(context);
  await assertSameScope(context);
  const { last_complete: last } = await readState(deps.table, uid);
  const previous = last?.fingerprint === context.fingerprint ? last.run : undefined;
  const settlement = await settleDeletions(context, previous);
  if (!context.run.dry_run) await settleCounts(context);
  return settlement;
}

/** Nothing is deleted on the strength of a scope that is no longer the datasource's. */
async function assertSameScope(context: RunContext): Promise<void> {
  const { deps, uid, fingerprint } = context;
  const row = await readDatasource(deps.table, context.datasource.id);
  if (row === undefined || row.uid !== uid) throw new RunCanceled();
  const connector = await readConnector(deps.table, row.connector.id);
  const now = connector === undefined ? undefined : fingerprintOf(configOf(connector, row));
  if (now !== fingerprint) throw scopeChanged();
}

function scopeChanged(): Failure {
  return new Failure(
    'scope_changed',
    'the bucket, prefix or filters of the datasource were changed while it was being synced; nothing was deleted, and the next run goes by the new settings',
  );
}

function outcomeOf(deps: SyncDeps, run: RunRow, error: unknown): Pick<RunRow, 'status' | 'error'> {
  if (error instanceof RunCanceled) return { status: 'canceled' };
  if (error instanceof Failure) return { status: 'failed', error: { code: error.code, message: error.message } };
  deps.log.error('sync broke off', {
    datasource: run.datasource,
    run: run.id,
    defect: error instanceof Error ? error.stack : String(error),
  });
  const message = `the run broke off because of an error inside Stocktake; what it did until then stays, and the next run makes up for the rest. Its log has the details under run ${run.id}`;
  return { status: 'failed', error: { code: 'internal', message } };
}
