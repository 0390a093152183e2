import { wasAhead } from '../model/ahead.ts';
import type { Clock } from '../model/ports/host.ts';
import type { Table } from '../model/ports/table.ts';
import type { WorkQueue } from '../model/ports/work-queue.ts';
import { changeBatch, openBatches } from './job-batch.ts';
import type { JobMessage } from './job-message.ts';
import { longestDelaySeconds } from './source-patience.ts';

/** Longer than an invocation can live (900 s, Lambda's limit): until then whoever took a batch up may be at it. */
const patienceMs = 960_000;

/**
 * Sends the messages of batches again that nobody has touched for a while: theirs was lost, or given up. To be called
 * at start and every few minutes. Safe to repeat.
 */
export async function sweepJobs(deps: {
  readonly table: Table;
  readonly clock: Clock;
  readonly jobs: WorkQueue;
}): Promise<void> {
  const now = deps.clock.now();
  for await (const batch of openBatches(deps.table)) {
    const fresh = batch.touched_at + patienceMs > now;
    if (fresh && !wasAhead(deps.clock, batch.touched_at, longestDelaySeconds * 1000)) continue;
    if ((await changeBatch(deps.table, batch, { touched_at: now })) === undefined) continue;
    const message: JobMessage = { type: 'jobs', first: batch.first };
    await deps.jobs.send(message);
  }
}
