import { type AuditDeps, auditWrite, type Deed } from '../audit/audit-write.ts';
import { ConditionFailed, Failure } from '../model/errors.ts';
import type { Log } from '../model/ports/host.ts';
import type { Table, TransactWrite } from '../model/ports/table.ts';
import type { WorkQueue } from '../model/ports/work-queue.ts';
import type { ConnectorRow } from '../registry/connector.ts';
import { effectiveConfig, targetOf } from '../registry/effective-config.ts';
import { allSteps } from '../registry/enrichment-pipeline.ts';
import type { Alongside } from '../table/registry-number.ts';
import { batchItem, type JobBatch, keysPerBatch } from './job-batch.ts';
import type { JobMessage } from './job-message.ts';
import { keepJobSeconds, readJobCounter } from './job-store.ts';
import { catalogueOf, type KeyCatalogue, readCatalogues } from './key-catalogue.ts';
import { keyProblem, type ProcessingInput } from './processing-input.ts';
import { type Submission, submissionItem, submissionOf } from './submission.ts';

/** Submissions at once want the same numbers; one wins each time and the others ask again. */
const attempts = 100;

export type SubmitDeps = AuditDeps & {
  readonly table: Table;
  readonly log: Log;
  readonly jobs: WorkQueue;
};

/**
 * Takes in one job for each key, duplicates folded, for a worker to perform. They are stored in one transaction, together
 * with the writes of `alongside` (at most 74): all or none. Keys that can never be processed are rejected, each with its
 * reason, and make no job; where all are, nothing is stored. Throws Failure `invalid_request` if the connector lacks what
 * its bucket takes, `conflict` if it is switched off, if a condition of `alongside` fails, or others kept coming first.
 */
export async function submitJobs(
  deps: SubmitDeps,
  connector: ConnectorRow,
  input: ProcessingInput,
  alongside: Alongside = () => [],
): Promise<Submission> {
  if (!connector.processor.enabled) {
    throw new Failure('conflict', `connector ${connector.id} is switched off (processor.enabled is false)`);
  }
  const config = effectiveConfig(connector, { config: {}, secrets: {}, owner: '' });
  const target = targetOf(config);
  const keys = acceptedKeys(input, config.prefix);
  const steps = input.pipeline_config?.processor ?? allSteps;
  const catalogues = await readCatalogues(deps.table, connector, target);
  for (let attempt = 1; attempt <= attempts; attempt += 1) {
    const counter = await readJobCounter(deps.table);
    const plan = { connector: connector.id, target, steps, keys, catalogues };
    const batches = planBatches(deps, plan, counter.last + 1);
    const submission = submissionOf(batches, input, config.prefix, new Date(deps.clock.now()).toISOString());
    if (keys.length === 0) return submission;
    const row = submissionItem(submission, deps.clock.now());
    const puts = [row, ...batches.map(batchItem)];
    const writes = puts.map((put): TransactWrite => ({ put, condition: { type: 'absent' } }));
    const others = [...alongside(row), auditWrite(deps, submitted(connector, submission))];
    if (!(await stand(deps.table, [counter.advance(keys.length), ...writes], others))) continue;
    await Promise.all(batches.map((batch) => hand(deps, batch)));
    return submission;
  }
  throw new Failure('conflict', 'too many jobs are being submitted at once; try again');
}

function submitted({ id }: ConnectorRow, { job_ids: [first], accepted, rejected }: Submission): Deed {
  const after = { connector: id, jobs: accepted, rejected: rejected.length };
  return { action: 'submitted', kind: 'jobs', id: String(first), after };
}

function acceptedKeys({ source }: ProcessingInput, prefix: string): string[] {
  return [...new Set(source.keys)].filter((key) => keyProblem(key, prefix) === undefined);
}

/** False if another submission took the numbers. */
async function stand(
  table: Table,
  writes: readonly TransactWrite[],
  others: readonly TransactWrite[],
): Promise<boolean> {
  try {
    await table.transact([...writes, ...others]);
    return true;
  } catch (error) {
    if (!(error instanceof ConditionFailed)) throw error;
    if (error.index < writes.length) return false;
    throw new Failure('conflict', 'the same request is being served just now; try again', { cause: error });
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
    batches.push({ ...common, first: first + start, keys: named });
  }
  return batches;
}
