import * as z from 'zod';
import { documentId } from '../catalogue/document-id.ts';
import { ConditionFailed } from '../model/errors.ts';
import type { Item, Key, Table } from '../model/ports/table.ts';
import { enrichmentSteps } from '../registry/enrichment-pipeline.ts';
import { fromItem, toItem } from '../table/stored-item.ts';
import type { WaitingJob } from './job.ts';

/** Batches that have not ended, by the number of their first job. */
export const batchPartition = 'job-batch';

/** Keys in a batch: one message, some seconds of work, and at most 70 KB with the longest keys. */
export const keysPerBatch = 50;

/**
 * Jobs that wait or are being worked on, side by side: the n-th key has the number `first + n`. It stands until each of
 * them has its row, and is the only thing of them that changes. `datasource` and `uid` name the catalogue that the key
 * belongs to, if one does. `begun` counts the workers that took it up, `tries` those that asked the source in vain.
 * `touched_at` (epoch ms) is when it was last given to a worker or is due for one.
 */
const batchRow = z.object({
  v: z.literal(1),
  version: z.number().int(),
  first: z.number().int(),
  connector: z.string(),
  target: z.string(),
  keys: z.array(z.object({ key: z.string(), datasource: z.string().optional(), uid: z.string().optional() })),
  steps: enrichmentSteps,
  created_at: z.string(),
  begun: z.number().int(),
  tries: z.number().int(),
  touched_at: z.number().int(),
  ttl: z.number().int(),
});
export type JobBatch = z.output<typeof batchRow>;

/** Numbers below 2^53, in order as texts. */
export function numberText(number: number): string {
  return String(number).padStart(16, '0');
}

function batchKey(first: number): Key {
  return { pk: batchPartition, sk: numberText(first) };
}

export function batchItem(batch: JobBatch): Item {
  return toItem(batchKey(batch.first), batch);
}

export async function readBatch(table: Table, first: number): Promise<JobBatch | undefined> {
  const item = await table.get(batchKey(first));
  return item && fromItem(batchRow, item);
}

/** The batches that have jobs from `low` to `high`, both included. */
export async function batchesBetween(table: Table, low: number, high: number): Promise<JobBatch[]> {
  const from = numberText(Math.max(1, low - keysPerBatch + 1));
  const batches: JobBatch[] = [];
  for await (const item of table.query({ pk: batchPartition, from, through: numberText(high) })) {
    batches.push(fromItem(batchRow, item));
  }
  return batches;
}

/** All batches that have not ended. */
export async function* openBatches(table: Table): AsyncIterable<JobBatch> {
  for await (const item of table.query({ pk: batchPartition })) yield fromItem(batchRow, item);
}

/** Stores a changed batch; undefined if somebody else changed or ended it since it was read. */
export async function changeBatch(
  table: Table,
  batch: JobBatch,
  change: Partial<Pick<JobBatch, 'begun' | 'tries' | 'touched_at'>>,
): Promise<JobBatch | undefined> {
  const next = { ...batch, ...change, version: batch.version + 1 };
  return (await unlessChanged(() => table.put(batchItem(next), { type: 'version', equals: batch.version })))
    ? next
    : undefined;
}

/** Ends a batch whose jobs all have their rows, unless another worker is at it, who will. */
export async function endBatch(table: Table, batch: JobBatch): Promise<void> {
  await unlessChanged(() => table.delete(batchKey(batch.first), { type: 'version', equals: batch.version }));
}

async function unlessChanged(write: () => Promise<void>): Promise<boolean> {
  try {
    await write();
    return true;
  } catch (error) {
    if (error instanceof ConditionFailed) return false;
    throw error;
  }
}

/** The jobs of a batch as they look while they have no row of their own. */
export function waitingJobs(batch: JobBatch): WaitingJob[] {
  return batch.keys.map(({ key, datasource }, index) => ({
    number: batch.first + index,
    connector: batch.connector,
    key,
    ...(datasource === undefined ? {} : { document_id: documentId(datasource, key) }),
    created_at: batch.created_at,
    status: batch.begun > 0 ? 'running' : 'queued',
  }));
}
