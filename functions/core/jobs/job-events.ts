import * as z from 'zod';
import { baseName } from '../keys/file-name.ts';
import type { BusEvent } from '../model/ports/event-bus.ts';
import type { ItemChange } from '../model/ports/table.ts';
import { type JobRow, jobFailureCode, recordOutcome } from './job.ts';
import { jobPartitionPrefix, readJobItem } from './job-store.ts';

/** Types of the events that jobs make. */
export const jobEventTypes = { completed: 'job.completed', failed: 'job.failed' } as const;

/** What such an event tells. */
export const jobEventDetail = z.object({
  job_id: z.number().int(),
  status: z.enum(['completed', 'failed']),
  connector: z.string(),
  filename: z.string(),
  key: z.string(),
  document_id: z.string().nullable(),
  record: recordOutcome.nullable(),
  degraded: z.boolean(),
  failure_code: jobFailureCode.nullable(),
  failure_reason: z.string().nullable(),
});
export type JobEventDetail = z.output<typeof jobEventDetail>;

/** The event that a job's end makes: one a job, with the same id each time it is told. */
export function jobEvents(changes: readonly ItemChange[]): BusEvent[] {
  return changes.flatMap((change) => {
    if (!change.key.pk.startsWith(jobPartitionPrefix) || change.after === undefined) return [];
    const job = readJobItem(change.after);
    const { number, status, completed_at: time } = job;
    return [{ id: `job-${number}-${status}`, type: jobEventTypes[status], time, detail: detailOf(job) }];
  });
}

function detailOf(job: JobRow): JobEventDetail {
  return {
    job_id: job.number,
    status: job.status,
    connector: job.connector,
    filename: baseName(job.key),
    key: job.key,
    document_id: job.kept_id ?? job.document_id ?? null,
    record: job.record ?? null,
    degraded: job.degraded,
    failure_code: job.failure?.code ?? null,
    failure_reason: job.failure?.reason ?? null,
  };
}
