import { ConditionFailed } from '../errors.ts';
import type { Clock, Ids, Item, Key, Table } from '../ports.ts';
import { fromItem, toItem } from '../stored-item.ts';
import { type RunRow, runRow } from './run.ts';

/** Run records are kept so long after a newer run exists; the newest one is kept for ever. */
const keepSeconds = 90 * 86_400;

/** A run's id begins with the time it was made and the fence of its lease, so that a partition sorted by id is sorted by
 *  time, even where two runs follow each other within a millisecond. */
export function newRunId(clock: Clock, ids: Ids, fence: number): string {
  return `${clock.now().toString(36).padStart(9, '0')}${fence.toString(36).padStart(6, '0')}${ids.unique().slice(0, 5)}`;
}

export const runPartitionPrefix = 'run#';

export function runKey(uid: string, id: string): Key {
  return { pk: `${runPartitionPrefix}${uid}`, sk: id };
}

export function runItem(run: RunRow): Item {
  return toItem(runKey(run.uid, run.id), run);
}

export async function readRun(table: Table, uid: string, id: string): Promise<RunRow | undefined> {
  const item = await table.get(runKey(uid, id));
  return item && fromItem(runRow, item);
}

/** The runs of a datasource, newest first; those past their time are left out whether or not the store removed them. */
export async function listRuns(
  table: Table,
  uid: string,
  now: number,
  page: { readonly limit: number; readonly before?: string },
): Promise<RunRow[]> {
  const runs: RunRow[] = [];
  const query = { pk: `${runPartitionPrefix}${uid}`, direction: 'descending', before: page.before } as const;
  for await (const item of table.query({ ...query, limit: page.limit })) {
    const run = fromItem(runRow, item);
    if (run.ttl === undefined || run.ttl * 1000 > now) runs.push(run);
  }
  return runs;
}

export async function newestRun(table: Table, uid: string, now: number): Promise<RunRow | undefined> {
  return (await listRuns(table, uid, now, { limit: 1 }))[0];
}

/** Starts the clock on a run that is no longer the newest. Whoever changed it meanwhile is left alone. */
export async function expireRun(table: Table, run: RunRow, now: number): Promise<void> {
  const expiring = { ...run, version: run.version + 1, ttl: Math.floor(now / 1000) + keepSeconds };
  try {
    await table.put(runItem(expiring), { type: 'version', equals: run.version });
  } catch (error) {
    if (!(error instanceof ConditionFailed)) throw error;
  }
}
