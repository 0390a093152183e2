import { amendLease, readLease } from '../../lease/lease.ts';
import { Failure } from '../../model/errors.ts';
import { readConnector } from '../../registry/connector-store.ts';
import { readDatasource } from '../../registry/datasource-store.ts';
import { isEnded } from '../../runs/run.ts';
import { readRun } from '../../runs/run-store.ts';
import type { SyncDeps } from '../../runs/sync-deps.ts';
import type { WorkMessage } from '../../runs/work-message.ts';
import { patiently } from '../worker/push-back.ts';
import type { RunContext } from '../worker/run-context.ts';
import { RunCanceled, RunYielded } from '../worker/run-unwound.ts';
import { openWorker } from '../worker/run-worker.ts';
import { syncRanges } from './range-streams.ts';
import { callHolder } from './suspend-run.ts';

/**
 * Takes some of the ranges of a run that another worker holds. The message may come twice, or late: then there is
 * nothing to take. The last of the workers calls for whoever ends the run, so that it ends exactly once. What breaks
 * this worker off breaks the run off.
 */
export async function helpRun(deps: SyncDeps, message: Extract<WorkMessage, { type: 'ranges' }>): Promise<void> {
  const context = await open(patiently(deps), message);
  if (context === undefined) return;
  try {
    const done = await syncRanges(context);
    if (done) await callHolder(context);
  } catch (error) {
    await handOn(context, error);
  } finally {
    context.bucket.close();
  }
}

async function open(
  deps: SyncDeps,
  { datasource: id, uid, run: runId, fence }: Extract<WorkMessage, { type: 'ranges' }>,
): Promise<RunContext | undefined> {
  const lease = await readLease(deps.table, uid);
  const run = await readRun(deps.table, uid, runId);
  if (lease.fence !== fence || lease.run !== runId || run === undefined || isEnded(run)) return undefined;
  const datasource = await readDatasource(deps.table, id);
  const connector = datasource && (await readConnector(deps.table, datasource.connector.id));
  if (datasource?.uid !== uid || connector === undefined) return undefined;
  try {
    const context = await openWorker(deps, { run, lease, datasource, connector });
    await context.board.refresh();
    return context;
  } catch (error) {
    // Settings that do not do any more, or a lost lease: whoever holds the run finds out by itself.
    if (error instanceof Failure) return undefined;
    throw error;
  }
}

/**
 * Time is over: whoever holds the run takes what is left, or calls others for it. This one sends for none in its place:
 * the holder calls as many as there may be in each of its own invocations, and theirs would add up. Anything else is the
 * run's end, told through its lease.
 */
async function handOn(context: RunContext, error: unknown): Promise<void> {
  const { deps, uid, run, held } = context;
  if (error instanceof Failure && error.code === 'lease_lost') return;
  if (!(error instanceof RunCanceled || error instanceof RunYielded)) {
    const failure = error instanceof Failure ? { code: error.code, message: error.message } : defectOf(context, error);
    await amendLease(deps.table, uid, (lease) =>
      lease.fence === held.fence && lease.run === run.id && lease.failure === undefined
        ? { ...lease, failure }
        : undefined,
    );
  }
  await callHolder(context);
}

function defectOf({ deps, run }: RunContext, error: unknown): { code: string; message: string } {
  const defect = error instanceof Error ? error.stack : String(error);
  deps.log.error('worker broke off', { datasource: run.datasource, run: run.id, defect });
  return {
    code: 'internal',
    message: `a worker of the run broke off because of an error inside Stocktake; the next run makes up for the rest. Its log has the details under run ${run.id}`,
  };
}
