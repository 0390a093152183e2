import { readLease } from '../lease/lease.ts';
import { Failure } from '../model/errors.ts';
import { readDatasource } from '../registry/datasource-store.ts';
import { startRun } from '../runs/start-run.ts';
import type { SyncDeps } from '../runs/sync-deps.ts';
import { type WorkMessage, workMessage } from '../runs/work-message.ts';
import { helpRun } from '../sync/run/help-run.ts';
import { performRun } from '../sync/run/perform-run.ts';
import { runQueued } from '../sync/run/run-queued.ts';
import { handleSlot } from './handle-tick.ts';
import { helpPurge } from './help-purge.ts';
import { purgeData } from './purge-data.ts';
import { standAside } from './stand-aside.ts';

/** Handles one message of the work queue. Any of them may come twice. Throws on what should be tried again. */
export async function handleWork(deps: SyncDeps, body: unknown): Promise<void> {
  const message = workMessage.parse(body);
  // A slot looks first whether it is put off.
  if (message.type !== 'slot' && (await standAside(deps, message))) return;
  switch (message.type) {
    case 'run':
      await runQueued(deps, message);
      return;
    case 'ranges':
      await helpRun(deps, message);
      return;
    case 'slot':
      await handleSlot(deps, message);
      return;
    case 'resync':
      await resync(deps, message);
      return;
    case 'purge':
      await (message.share === undefined ? purgeData(deps, message.uid) : helpPurge(deps, message.uid, message.share));
  }
}

/** Makes up for an interrupted run, unless another one is on or the datasource can no longer be synced. */
async function resync(deps: SyncDeps, message: Extract<WorkMessage, { type: 'resync' }>): Promise<void> {
  const { datasource: id, uid, fence } = message;
  const row = await readDatasource(deps.table, id);
  if (row?.uid !== uid || !row.enabled || (await readLease(deps.table, uid)).fence !== fence) return;
  try {
    const start = await startRun(deps, { datasource: id, trigger: 'reconcile', inProcess: true });
    if (start.outcome === 'started') await performRun(deps, start);
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    deps.log.warn('interrupted run not repeated', { datasource: id, code: error.code, reason: error.message });
  }
}
