import * as z from 'zod';
import { ConditionFailed } from '../model/errors.ts';
import type { Item, Key, Table, TransactWrite } from '../model/ports/table.ts';
import { fromItem, toItem } from '../table/stored-item.ts';
import { type JobRow, jobRow } from './job.ts';
import { numberText } from './job-batch.ts';

/** Rows of ended jobs; the feed's readers know one by it. */
export const jobPartitionPrefix = 'job#';

/** Jobs are kept so long after they were made. */
export const keepJobSeconds = 30 * 86_400;

/** A partition holds so many numbers in a row: neither one that all jobs are written to, nor one a job. */
const numbersPerPartition = 1000;

function jobKey(number: number): Key {
  return { pk: `${jobPartitionPrefix}${Math.floor(number / numbersPerPartition)}`, sk: numberText(number) };
}

export function jobItem(job: JobRow): Item {
  return toItem(jobKey(job.number), job);
}

export function readJobItem(item: Item): JobRow {
  return fromItem(jobRow, item);
}

/** Jobs of these numbers that ended; those past their time are left out whether or not the store removed them. `now` in
 *  epoch milliseconds. */
export async function readJobs(table: Table, numbers: readonly number[], now: number): Promise<Map<number, JobRow>> {
  const items = await table.batchGet(numbers.map(jobKey));
  const jobs = items.map(readJobItem).filter((job) => job.ttl * 1000 > now);
  return new Map(jobs.map((job) => [job.number, job]));
}

/** Notes how a job ended, unless that was noted before: the first word stands. Returns whether it was this one. */
export async function endJob(table: Table, job: JobRow): Promise<boolean> {
  try {
    await table.put(jobItem(job), { type: 'absent' });
    return true;
  } catch (error) {
    if (error instanceof ConditionFailed) return false;
    throw error;
  }
}

const counterItem = z.object({ value: z.number().int(), version: z.number().int() });
const counterKey = { pk: 'registry#counter', sk: 'job' } as const;

/** The highest number given to a job, 0 before the first, and how to give `count` more in a transaction. */
export async function readJobCounter(
  table: Table,
): Promise<{ readonly last: number; advance(count: number): TransactWrite }> {
  const item = await table.get(counterKey);
  const counter = item ? fromItem(counterItem, item) : { value: 0, version: 0 };
  return {
    last: counter.value,
    advance: (count) => ({
      put: { ...counterKey, v: 1, value: counter.value + count, version: counter.version + 1 },
      condition: item ? { type: 'version', equals: counter.version } : { type: 'absent' },
    }),
  };
}
