import * as z from 'zod';
import { baseName } from '../keys/file-name.ts';

/** Why a key could not be processed; stable, beside a reason in words. */
export const jobFailureCode = z.enum([
  'object_missing',
  'object_forbidden',
  'object_archived',
  'outside_prefix',
  'connector_changed',
  'source_failed',
  'internal',
]);
export type JobFailureCode = z.output<typeof jobFailureCode>;

/**
 * What became of the object's record: a job never makes one in a catalogue, and leaves one alone that tells of another
 * version. What no datasource catalogues is kept under the connector; `not_catalogued` is what jobs said before that.
 */
export const recordOutcome = z.enum(['updated', 'kept', 'not_catalogued', 'changed_meanwhile']);
export type RecordOutcome = z.output<typeof recordOutcome>;

/** A job that ended, at rest: written once and never changed. `number` is its id. `ttl` in epoch seconds. */
export const jobRow = z.object({
  v: z.literal(1),
  number: z.number().int(),
  connector: z.string(),
  key: z.string(),
  document_id: z.string().optional(),
  /** The id of the document that was kept under the connector, which the key had not when the call came. */
  kept_id: z.string().optional(),
  status: z.enum(['completed', 'failed']),
  failure: z.object({ code: jobFailureCode, reason: z.string() }).optional(),
  /** Completed without the tags, which could not be read. */
  degraded: z.boolean(),
  record: recordOutcome.optional(),
  created_at: z.string(),
  completed_at: z.string(),
  ttl: z.number().int(),
});
export type JobRow = z.output<typeof jobRow>;

/** A job that has not ended: all that is known of it is what it is to do. */
export type WaitingJob = Pick<JobRow, 'number' | 'connector' | 'key' | 'document_id' | 'created_at'> & {
  readonly status: 'queued' | 'running';
};

/**
 * A job as the API shows it. `failure_code` and `record` are ours. The reason of a failure stands in the three places
 * where clients look for it. A job is executed once, so its execution has its number, once there was one.
 */
export function jobView(job: JobRow | WaitingJob): Record<string, unknown> {
  const ended = 'completed_at' in job ? job : undefined;
  const reason = ended?.failure?.reason ?? null;
  return {
    job_id: job.number,
    status: job.status,
    filename: baseName(job.key),
    key: job.key,
    failure_reason: reason,
    failure_code: ended?.failure?.code ?? null,
    document_id: ended?.kept_id ?? job.document_id ?? null,
    record: ended?.record ?? null,
    execution_summary: {
      execution_id: ended?.number ?? null,
      degraded: ended?.degraded ?? false,
      failure_reason: reason,
    },
    error: reason,
    created_at: job.created_at,
    completed_at: ended?.completed_at ?? null,
  };
}
