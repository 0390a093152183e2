import { type HeldLease, holdLease } from '../../lease/held-lease.ts';
import { Failure } from '../../model/errors.ts';
import { readConnector } from '../../registry/connector-store.ts';
import { readDatasource } from '../../registry/datasource-store.ts';
import { configOf, fingerprintOf } from '../../registry/effective-config.ts';
import { finishRun } from '../../runs/finish-run.ts';
import { describeRun, type RunRow } from '../../runs/run.ts';
import type { StartedRun } from '../../runs/start-run.ts';
import type { SyncDeps } from '../../runs/sync-deps.ts';
import { pastOf, readState } from '../../runs/sync-state.ts';
import { type Settlement, settleDeletions } from '../deletions/settle-deletions.ts';
import type { SettlingTally } from '../deletions/settling-context.ts';
import { sumTallies } from '../progress/range-tally.ts';
import { proveCuts } from '../walk/prove-cut.ts';
import { assertNotStuck, patiently } from '../worker/push-back.ts';
import { checkpoint, type RunContext } from '../worker/run-context.ts';
import { RunCanceled, RunYielded } from '../worker/run-unwound.ts';
import { openWorker, scopeChanged } from '../worker/run-worker.ts';
import { WayChange } from '../worker/way-change.ts';
import { syncInOrder } from './ordered-ranges.ts';
import { beginAnew, isOutgrown } from './pass-anew.ts';
import { syncRanges } from './range-streams.ts';
import { demandReadable, warningsOf } from './run-warnings.ts';
import { splitGrownRanges } from './split-grown.ts';
import { giveBack, parkRun, suspendRun } from './suspend-run.ts';
import { noteServer, noteWayChange } from './way-of-run.ts';

/**
 * Performs a run that holds its lease and ends it, however it goes: `completed`, `held`, `canceled`, or `failed` with a
 * message for the user; or hands it on when this invocation's time is over, or when other workers are still at some of
 * its ranges. Returns the run as it is then, or as it was if another run took its place meanwhile.
 */
export async function performRun(given: SyncDeps, started: StartedRun): Promise<RunRow> {
  const deps = patiently(given);
  const held = holdLease(deps, started.datasource.uid, started.lease, deps.settings.requestTimeoutMs);
  try {
    return await perform(deps, started, held);
  } catch (error) {
    if (!(error instanceof Failure) || error.code !== 'lease_lost') throw error;
    deps.log.warn('sync displaced', { datasource: started.datasource.id, run: started.run.id });
    return started.run;
  }
}

type Ended = Pick<RunRow, 'status' | 'error' | 'hold' | 'waiting' | 'warnings' | 'contradicted' | 'inbox'>;

async function perform(deps: SyncDeps, started: StartedRun, held: HeldLease): Promise<RunRow> {
  let context: RunContext | undefined;
  const tally: Partial<SettlingTally> = {};
  try {
    context = await openWorker(deps, started, held);
    if (!(await listAll(context))) return await parkRun(context);
    const ended = await settle(context, Object.assign(tally, sumTallies(context.board.tallies()), { removed: 0 }));
    await noteServer(context, tally.tolerances ?? []);
    if (ended.status === 'completed' && !started.run.dry_run) await splitGrownRanges(context);
    return await finishRun(deps, started, held, endedRun(context, started.run, tally, ended));
  } catch (error) {
    if (error instanceof RunYielded) return await handOn(deps, started, { context, error, held, tally });
    if (error instanceof WayChange && context !== undefined) return await changeWay(context, started, error);
    if (context !== undefined && isOutgrown(context, error)) {
      return await perform(deps, { ...started, run: await beginAnew(context) }, held);
    }
    if (error instanceof Failure && error.code === 'lease_lost') throw error;
    const ended = outcomeOf(deps, started.run, error);
    return await finishRun(deps, started, held, endedRun(context ?? deps, started.run, tally, ended));
  } finally {
    context?.bucket.close();
  }
}

/** This invocation's time is over. Where it waited for the table to the last, and had for an hour, the run ends. */
async function handOn(deps: SyncDeps, started: StartedRun, { context, error, held, tally }: Unwound): Promise<RunRow> {
  if (context === undefined) return await giveBack(deps, started);
  try {
    if (error.pushedBack) await assertNotStuck(context);
  } catch (failure) {
    if (!(failure instanceof Failure)) throw failure;
    return await finishRun(
      deps,
      started,
      held,
      endedRun(context, started.run, tally, outcomeOf(deps, started.run, failure)),
    );
  }
  return await suspendRun(context);
}

type Unwound = {
  readonly context: RunContext | undefined;
  readonly error: RunYielded;
  readonly held: HeldLease;
  readonly tally: Partial<SettlingTally>;
};

/** The pass begins again in another way. Each way is slower and safer than the one before, so there are two changes at the
 *  most. */
async function changeWay(from: RunContext, started: StartedRun, change: WayChange): Promise<RunRow> {
  const run = await noteWayChange(from, change);
  return await perform(from.deps, { ...started, run }, from.held);
}

/** True when every range was listed to its end, and all that the listings rest on is proved. */
async function listAll(context: RunContext): Promise<boolean> {
  if (context.way !== 'ranges') {
    await syncInOrder(context);
    return true;
  }
  if (!(await syncRanges(context))) return false;
  if (context.foreign) await proveCuts(context);
  return true;
}

function endedRun(from: RunContext | SyncDeps, started: RunRow, tally: Partial<SettlingTally>, ended: Ended): RunRow {
  const context = 'board' in from ? from : undefined;
  const { checkpoint: _checkpoint, resumed: _resumed, ...rest } = context?.run ?? started;
  const deps = 'board' in from ? from.deps : from;
  const counters = tally.counters ?? (context ? sumTallies(context.board.tallies()).counters : started.counters);
  const run: RunRow = {
    ...rest,
    ...ended,
    counters,
    fingerprint: context?.fingerprint,
    ranges: context ? { done: context.board.done, total: context.board.total } : started.ranges,
    completed_at: new Date(deps.clock.now()).toISOString(),
  };
  return { ...run, message: describeRun(run) };
}

/** What is left to do when the listing of every range is proved complete. */
async function settle(context: RunContext, tally: SettlingTally): Promise<Settlement> {
  demandReadable(tally);
  // Up to a thousand questions to the bucket are not interrupted: they begin with time ahead.
  await checkpoint(context, tally.candidates + tally.leaving > 0 && context.progress.steps > 0);
  await context.quota.demand(context, true);
  await assertSameScope(context);
  const past = pastOf(await readState(context.deps.table, context.uid), context.fingerprint);
  const settlement = await settleDeletions({ ...context, tally }, past);
  const warnings = [...(settlement.warnings ?? []), ...warningsOf(context, tally)];
  return warnings.length === 0 ? settlement : { ...settlement, warnings };
}

/** Nothing is deleted on the strength of a scope that is no longer the datasource's. */
async function assertSameScope({ deps, uid, fingerprint, datasource }: RunContext): Promise<void> {
  const row = await readDatasource(deps.table, datasource.id);
  if (row === undefined || row.uid !== uid) throw new RunCanceled();
  const connector = await readConnector(deps.table, row.connector.id);
  const now = connector === undefined ? undefined : fingerprintOf(configOf(connector, row));
  if (now !== fingerprint) throw scopeChanged();
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
