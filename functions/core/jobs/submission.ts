import * as z from 'zod';
import { baseName } from '../keys/file-name.ts';
import type { Clock } from '../model/ports/host.ts';
import type { Item, Table } from '../model/ports/table.ts';
import { fromItem, toItem } from '../table/stored-item.ts';
import type { JobRow, WaitingJob } from './job.ts';
import { type JobBatch, numberText, waitingJobs } from './job-batch.ts';
import { keyProblem, type ProcessingInput } from './processing-input.ts';
import { readJobSpan } from './read-job.ts';

/** What became of the keys of one call: each is among the jobs or the rejected, once. `created` is RFC 3339. */
export type Submission = {
  readonly created: string;
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

const partition = 'job-submission';

/** A call that comes again is known for a day (functions/core/idempotency); the store may keep it longer. */
const keepSeconds = 2 * 86_400;

const submissionRow = z.object({ first: z.number().int(), count: z.number().int(), created: z.string() });

/** Remembers which jobs a call made. `now` in epoch milliseconds. */
export function submissionItem({ job_ids, created }: Submission, now: number): Item {
  const [first = 0] = job_ids;
  const row = { v: 1, first, count: job_ids.length, created, ttl: Math.floor(now / 1000) + keepSeconds };
  return toItem({ pk: partition, sk: numberText(first) }, row);
}

/** The answer to a call over again, by the id of its submission; undefined if its jobs are not there any more. */
export async function readSubmission(
  deps: { readonly table: Table; readonly clock: Clock },
  id: string,
  input: ProcessingInput,
  prefix: string,
): Promise<Submission | undefined> {
  const item = await deps.table.get({ pk: partition, sk: id });
  if (item === undefined) return undefined;
  const { first, count, created } = fromItem(submissionRow, item);
  const jobs = await readJobSpan(deps, first, first + count - 1);
  return jobs.length === count ? told(jobs, input, prefix, created) : undefined;
}

/** What a call is answered that makes these batches. */
export function submissionOf(
  batches: readonly JobBatch[],
  input: ProcessingInput,
  prefix: string,
  created: string,
): Submission {
  return told(batches.flatMap(waitingJobs), input, prefix, created);
}

/** Jobs are told as they were when they were taken in: a call that comes again is answered like the first. */
function told(
  made: readonly (JobRow | WaitingJob)[],
  { source }: ProcessingInput,
  prefix: string,
  created: string,
): Submission {
  const jobs = made.map((job) => ({
    filename: baseName(job.key),
    key: job.key,
    job_id: job.number,
    status: 'queued' as const,
    document_id: job.document_id ?? null,
  }));
  const accepted = new Set(jobs.map(({ key }) => key));
  const rejected = [...new Set(source.keys)]
    .filter((key) => !accepted.has(key))
    .map((key) => {
      const error = keyProblem(key, prefix) ?? 'this key was outside of the prefix of the connector as it was then';
      return { filename: shortened(baseName(key)), key: shortened(key), error };
    });
  return { created, accepted: jobs.length, rejected, jobs, job_ids: jobs.map((job) => job.job_id) };
}

/** What is refused is not echoed at any length, nor as what JSON cannot carry. */
function shortened(text: string): string {
  const whole = text.toWellFormed();
  return whole.length <= 1024 ? whole : `${whole.slice(0, 1023).toWellFormed()}…`;
}
