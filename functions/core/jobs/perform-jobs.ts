import { Failure } from '../model/errors.ts';
import type { Bucket } from '../model/ports/bucket.ts';
import type { Clock, Log } from '../model/ports/host.ts';
import type { Table } from '../model/ports/table.ts';
import type { WorkQueue } from '../model/ports/work-queue.ts';
import { readConnector } from '../registry/connector-store.ts';
import { type EffectiveConfig, effectiveConfig, targetOf } from '../registry/effective-config.ts';
import { type OpenDeps, openBucket } from '../registry/open-bucket.ts';
import { eachAtOnce } from './at-once.ts';
import type { JobRow, WaitingJob } from './job.ts';
import { changeBatch, endBatch, type JobBatch, readBatch, waitingJobs } from './job-batch.ts';
import type { JobMessage } from './job-message.ts';
import { endJob, readJobs } from './job-store.ts';
import type { Keeper } from './keep-document.ts';
import { type KeyOutcome, outcomeOfFailure, processKey } from './process-key.ts';
import { nextDelay } from './source-patience.ts';

export type JobDeps = OpenDeps & {
  readonly table: Table;
  readonly clock: Clock;
  readonly log: Log;
  /** The jobs queue. */
  readonly jobs: WorkQueue;
};

/** Keys asked for at once: kind to a small server, and a batch takes seconds. */
const keysAtOnce = 8;

/** Workers that may take a batch up. Each that fails on a defect, or dies, counts: beyond this the jobs fail. */
const mostBegun = 20;

/**
 * Performs what is left of a batch of jobs: each key gets exactly one final status, whatever fails and how often it is
 * tried. Any number of workers may be at it, at once or one after another: a key that has its row is not touched
 * again, and of two rows the first stands. Where the source does not answer, the batch goes back to the queue with
 * growing delays, then its keys fail. Throws on defects, so that the message comes again.
 */
export async function performJobs(deps: JobDeps, first: number): Promise<void> {
  const found = await readBatch(deps.table, first);
  const now = deps.clock.now();
  const batch = found && (await changeBatch(deps.table, found, { begun: found.begun + 1, touched_at: now }));
  // Ended, or begun by another worker in this moment.
  if (batch === undefined) return;
  const jobs = waitingJobs(batch);
  const ended = await readJobs(
    deps.table,
    jobs.map(({ number }) => number),
    0,
  );
  const left = jobs.filter(({ number }) => !ended.has(number));
  const later = left.length === 0 ? [] : await performLeft(deps, batch, left);
  deps.log.info('jobs performed', { first, jobs: left.length, later: later.length, begun: batch.begun });
  await closeOrPutBack(deps, batch, later);
}

type Later = { readonly job: WaitingJob; readonly reason: string };

/** Notes the end of each job that came to one; returns those that did not. */
async function performLeft(deps: JobDeps, batch: JobBatch, left: readonly WaitingJob[]): Promise<Later[]> {
  const later: Later[] = [];
  const settle = async (job: WaitingJob, outcome: KeyOutcome): Promise<void> => {
    if (outcome.status === 'later') later.push({ job, reason: outcome.reason });
    else await endJob(deps.table, endedJob(deps, batch, job, outcome));
  };
  const source = await openSource(deps, batch);
  if ('status' in source) {
    await eachAtOnce(left, keysAtOnce, (job) => settle(job, source));
    return later;
  }
  const { bucket, config, keeper } = source;
  try {
    await eachAtOnce(left, keysAtOnce, async (job) => {
      const { uid } = batch.keys[job.number - batch.first] ?? {};
      const work = { key: job.key, uid, prefix: config.prefix, steps: batch.steps, keeper };
      await settle(job, await processKey({ ...deps, bucket }, work));
    });
  } finally {
    bucket.close();
  }
  return later;
}

type Source = { readonly bucket: Bucket; readonly config: EffectiveConfig; readonly keeper: Keeper };

/** The bucket that the jobs were made for, or why none of them can be performed. */
async function openSource(
  deps: JobDeps,
  batch: JobBatch,
): Promise<Source | Exclude<KeyOutcome, { status: 'completed' }>> {
  if (batch.begun > mostBegun) {
    return { status: 'failed', code: 'internal', reason: `the job broke off ${mostBegun} times and was given up` };
  }
  const connector = await readConnector(deps.table, batch.connector);
  if (connector === undefined) return changed('was deleted');
  let config: EffectiveConfig;
  try {
    config = effectiveConfig(connector, { config: {}, secrets: {}, owner: '' });
  } catch (error) {
    if (error instanceof Failure) return changed('is not complete any more');
    throw error;
  }
  if (targetOf(config) !== batch.target) return changed('has another bucket or endpoint now');
  try {
    const keeper = { ...connector, target: batch.target, bucket: config.bucket };
    return { bucket: await openBucket(deps, config), config, keeper };
  } catch (error) {
    return outcomeOfFailure(error);
  }
}

function changed(how: string): Extract<KeyOutcome, { status: 'failed' }> {
  return { status: 'failed', code: 'connector_changed', reason: `the connector ${how}; submit the key again` };
}

function endedJob(
  deps: JobDeps,
  batch: JobBatch,
  { status: _status, ...job }: WaitingJob,
  outcome: Exclude<KeyOutcome, { status: 'later' }>,
): JobRow {
  const common = { v: 1 as const, ...job, completed_at: new Date(deps.clock.now()).toISOString(), ttl: batch.ttl };
  if (outcome.status === 'completed') return { ...common, ...outcome };
  const { code, reason } = outcome;
  return { ...common, status: 'failed', degraded: false, failure: { code, reason } };
}

/** Jobs without an end wait for another try, or fail when there were enough. */
async function closeOrPutBack(deps: JobDeps, batch: JobBatch, later: readonly Later[]): Promise<void> {
  const tries = batch.tries + 1;
  const delay = nextDelay(tries);
  if (later.length > 0 && delay !== undefined) {
    const touched_at = deps.clock.now() + delay * 1000;
    if ((await changeBatch(deps.table, batch, { tries, touched_at })) === undefined) return;
    const message: JobMessage = { type: 'jobs', first: batch.first };
    await deps.jobs.send(message, { delaySeconds: delay });
    return;
  }
  await eachAtOnce(later, keysAtOnce, async ({ job, reason }) => {
    await endJob(deps.table, endedJob(deps, batch, job, { status: 'failed', code: 'source_failed', reason }));
  });
  await endBatch(deps.table, batch);
}
