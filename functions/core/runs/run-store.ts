import type { Clock, Ids } from '../model/ports/host.ts';
import type { Item, Key, Table } from '../model/ports/table.ts';
import { fromItem, toItem } from '../table/stored-item.ts';
import { type RunRow, runRow } from './run.ts';
import { readState } from './sync-state.ts';

/** Run records are kept so long after the run ended; the newest one for ever, in the state of its datasource. */
const keepSeconds = 90 * 86_400;

/** When the record of a run that ends now may vanish, epoch seconds. */
export function runExpiry(now: number): number {
  return Math.floor(now / 1000) + keepSeconds;
}

/** Digits of the time that an id begins with: base 36, epoch milliseconds, until the year 5188. */
const timeDigits = 9;

/**
 * A run's id begins with the time it was made and the fence of its lease, so that a partition sorted by id is sorted by
 * time, even where two runs follow each other within a millisecond. `earlier` ids of the datasource that a clock made
 * which was ahead lend their time until it has come: the fence alone orders those behind them.
 */
export function newRunId(
  { clock, ids }: { readonly clock: Clock; readonly ids: Ids },
  fence: number,
  earlier: readonly (string | undefined)[],
): string {
  const now = clock.now().toString(36).padStart(timeDigits, '0');
  const [time = now] = [now, ...earlier.map((id) => id?.slice(0, timeDigits) ?? '')].sort().reverse();
  return `${time}${fence.toString(36).padStart(6, '0')}${ids.unique().slice(0, 5)}`;
}

/** When a run was made, epoch milliseconds, by its id. */
export function runMadeAt(id: string): number {
  return Number.parseInt(id.slice(0, 9), 36);
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

/** The runs of a datasource, newest first; those past their time are left out whether or not the store removed them, but
 *  for the newest. */
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
  if (runs.length > 0 || page.before !== undefined) return runs;
  const { last_run: last } = await readState(table, uid);
  return last === undefined ? [] : [last];
}

export async function newestRun(table: Table, uid: string, now: number): Promise<RunRow | undefined> {
  return (await listRuns(table, uid, now, { limit: 1 }))[0];
}
