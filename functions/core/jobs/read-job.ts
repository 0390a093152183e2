import type { Clock } from '../model/ports/host.ts';
import type { Table } from '../model/ports/table.ts';
import { type JobRow, jobView, type WaitingJob } from './job.ts';
import { batchesBetween, waitingJobs } from './job-batch.ts';
import { readJobCounter, readJobs } from './job-store.ts';

type ReadDeps = { readonly table: Table; readonly clock: Clock };

/** A job as the API shows it; undefined if there is none of this number, or none any more. */
export async function readJob(deps: ReadDeps, number: number): Promise<Record<string, unknown> | undefined> {
  const [job] = await readJobSpan(deps, number, number);
  return job && jobView(job);
}

/**
 * A page of jobs, the newest first, and how many there are in all. `page` from 1. Numbers are given without gaps, so
 * that a page is read by its numbers, however far back it lies.
 */
export async function listJobs(
  deps: ReadDeps,
  { page, pageSize }: { readonly page: number; readonly pageSize: number },
): Promise<{ readonly items: Record<string, unknown>[]; readonly total: number }> {
  const { last } = await readJobCounter(deps.table);
  const high = last - (page - 1) * pageSize;
  const jobs = high < 1 ? [] : await readJobSpan(deps, Math.max(1, high - pageSize + 1), high);
  return { items: jobs.reverse().map(jobView), total: last - (await oldest(deps, last)) + 1 };
}

/** The jobs of these numbers that are kept, in their order. */
export async function readJobSpan(deps: ReadDeps, low: number, high: number): Promise<(JobRow | WaitingJob)[]> {
  const numbers = Array.from({ length: high - low + 1 }, (_, index) => low + index);
  const now = deps.clock.now();
  // Batches first: one that ends between the two reads has left its rows.
  const batches = await batchesBetween(deps.table, low, high);
  const waiting = new Map(batches.flatMap(waitingJobs).map((job) => [job.number, job]));
  const ended = await readJobs(deps.table, numbers, now);
  return numbers.flatMap((number) => ended.get(number) ?? waiting.get(number) ?? []);
}

/** The lowest number that is kept. Jobs expire in the order of their numbers, so halving finds it in a few reads. */
async function oldest(deps: ReadDeps, last: number): Promise<number> {
  let low = 1;
  let high = last + 1;
  if (low < high && (await isKept(deps, low))) return low;
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    if (await isKept(deps, middle)) high = middle;
    else low = middle + 1;
  }
  return high;
}

async function isKept(deps: ReadDeps, number: number): Promise<boolean> {
  return (await readJobSpan(deps, number, number)).length > 0;
}
