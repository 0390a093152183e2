import type { ConnectorRow } from '../connectors/connector.ts';
import { effectiveConfig, targetOf } from '../datasources/effective-config.ts';
import { allSteps } from '../datasources/enrichment-pipeline.ts';
import { ConditionFailed, Failure } from '../errors.ts';
import { baseName } from '../keys/file-name.ts';
import type { Clock, Ids, Log, Table, TransactWrite, WorkQueue } from '../ports.ts';
import { batchItem, type JobBatch, keysPerBatch, waitingJobs } from './job-batch.ts';
import type { JobMessage } from './job-message.ts';
import { keepJobSeconds, readJobCounter } from './job-store.ts';
import { catalogueOf, type KeyCatalogue, readCatalogues } from './key-catalogue.ts';
import { keyProblem, type ProcessingInput } from './processing-input.ts';

/** Submissions at once want the same numbers; one wins each time and the others ask again. */
const attempts = 100;

export type SubmitDeps = {
  readonly table: Table;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly log: Log;
  readonly jobs: WorkQueue;
};

/** What became of the keys of one call: each is among the jobs or the rejected, once. */
export type Submission = {
  readonly accepted: number;
  readonly rejected: readonly { readonly filename: string; readonly key: string; readonly error: string }[];
  readonly jobs: readonly {
    readonly filename: string;
    readonly key: string;
    readonly job_id: number;
    readonly status: 'queued';
    readonly document_id: string | null;
  }[];
  readonly job_ids: readonly number[];
};

/**
 * Takes in one job for each key, duplicates folded, for a worker to perform. They are stored in one transaction, together
 * with the writes of `guardsOf` (at most 75): all or none. Keys that can never be processed are rejected, each with its
 * reason, and make no job. Throws Failure `invalid_request` if the connector lacks what its bucket takes, `conflict` if
 * others kept coming first; ConditionFailed, with its index among the guards, if one of their conditions does not hold.
 */
export async function submitJobs(
  deps: SubmitDeps,
  connector: ConnectorRow,
  input: ProcessingInput,
  guardsOf: (submission: Submission) => readonly TransactWrite[] = () => [],
): Promise<Submission> {
  const config = effectiveConfig(connector, { config: {}, secrets: {}, owner: '' });
  const keys = [...new Set(input.source.keys)];
  const problems = keys.map((key) => ({ key, error: keyProblem(key, config.prefix) }));
  const rejected = problems.flatMap(({ key, error }) =>
    error === undefined ? [] : [{ filename: shortened(baseName(key)), key: shortened(key), error }],
  );
  const accepted = problems.flatMap(({ key, error }) => (error === undefined ? [key] : []));
  const catalogues = await readCatalogues(deps.table, connector, targetOf(config));
  const plan = {
    connector: connector.id,
    target: targetOf(config),
    steps: input.pipeline_config?.processor ?? allSteps,
  };
  for (let attempt = 1; attempt <= attempts; attempt += 1) {
    const counter = await readJobCounter(deps.table);
    const batches = planBatches(deps, { ...plan, keys: accepted, catalogues }, counter.last + 1);
    const submission = submissionOf(batches, rejected);
    const writes = batches.map((batch): TransactWrite => ({ put: batchItem(batch), condition: { type: 'absent' } }));
    const counted = accepted.length === 0 ? [] : [counter.advance(accepted.length)];
    if (!(await stand(deps.table, [...counted, ...writes], guardsOf(submission)))) continue;
    await Promise.all(batches.map((batch) => hand(deps, batch)));
    return submission;
  }
  throw new Failure('conflict', 'too many jobs are being submitted at once; try again');
}

/** False if another submission took the numbers. */
async function stand(
  table: Table,
  writes: readonly TransactWrite[],
  guards: readonly TransactWrite[],
): Promise<boolean> {
  try {
    await table.transact([...writes, ...guards]);
    return true;
  } catch (error) {
    if (!(error instanceof ConditionFailed)) throw error;
    if (error.index >= writes.length) throw new ConditionFailed(error.index - writes.length);
    return false;
  }
}

/** The jobs stand already: a message that is lost here is sent by the sweep. */
async function hand(deps: SubmitDeps, { first }: JobBatch): Promise<void> {
  const message: JobMessage = { type: 'jobs', first };
  try {
    await deps.jobs.send(message);
  } catch (error) {
    deps.log.warn('jobs begin late', { first, reason: error instanceof Error ? error.name : 'unknown' });
  }
}

/** What is refused is not echoed at any length, nor as what JSON cannot carry. */
function shortened(text: string): string {
  const whole = text.toWellFormed();
  return whole.length <= 1024 ? whole : `${whole.slice(0, 1023).toWellFormed()}…`;
}

function planBatches(
  deps: SubmitDeps,
  plan: Pick<JobBatch, 'connector' | 'target' | 'steps'> & {
    readonly keys: readonly string[];
    readonly catalogues: readonly KeyCatalogue[];
  },
  first: number,
): JobBatch[] {
  const { keys, catalogues, ...shared } = plan;
  const now = deps.clock.now();
  const common = {
    ...{ v: 1 as const, version: 1, begun: 0, tries: 0, touched_at: now, ...shared },
    created_at: new Date(now).toISOString(),
    ttl: Math.floor(now / 1000) + keepJobSeconds,
  };
  const batches: JobBatch[] = [];
  for (let start = 0; start < keys.length; start += keysPerBatch) {
    const named = keys.slice(start, start + keysPerBatch).map((key) => ({ key, ...catalogueOf(catalogues, key) }));
    batches.push({ ...common, execution: deps.ids.unique(), first: first + start, keys: named });
  }
  return batches;
}

function submissionOf(batches: readonly JobBatch[], rejected: Submission['rejected']): Submission {
  const jobs = batches.flatMap(waitingJobs).map((job) => ({
    filename: baseName(job.key),
    key: job.key,
    job_id: job.number,
    status: 'queued' as const,
    document_id: job.document_id ?? null,
  }));
  return { accepted: jobs.length, rejected, jobs, job_ids: jobs.map((job) => job.job_id) };
}
