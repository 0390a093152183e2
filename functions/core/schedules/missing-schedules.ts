import * as z from 'zod';
import type { Clock } from '../model/ports/host.ts';
import type { Schedules } from '../model/ports/schedules.ts';
import type { Key, Table } from '../model/ports/table.ts';
import { listAcknowledged } from './schedule-ack.ts';

/** That so many schedules are missing at once that nobody is believed to have deleted them one by one. */
const missingRow = z.object({ v: z.literal(1), until: z.number() });
const missingKey: Key = { pk: 'sweep', sk: 'missing-schedules' };

/** Both must be exceeded: so many, and such a share of all that were seen to stand. */
const mostMissing = 10;
const mostMissingShare = 0.05;

/** Three sweeps: whoever finds them standing again takes it back before. */
const keepMs = 900_000;

/** Schedules asked for at once. */
const atOnce = 8;

/**
 * Counts the schedules that were seen to stand and do not any more: those that the list lacks are read one by one, no more
 * of them than it takes to decide. Where they are more than 10 and 5 % of all, that is noted, and until the note is taken
 * back or a quarter of an hour over, no missing schedule pauses its datasource.
 *
 * @returns how many are missing where it is too many, otherwise 0.
 */
export async function watchMissing(
  deps: { readonly table: Table; readonly schedules: Schedules; readonly clock: Clock; readonly groupId?: string },
  listed: ReadonlySet<string>,
): Promise<number> {
  const ids: string[] = [];
  let acknowledged = 0;
  for await (const id of listAcknowledged(deps.table, deps.groupId)) {
    acknowledged += 1;
    if (!listed.has(id)) ids.push(id);
  }
  const most = Math.max(mostMissing, acknowledged * mostMissingShare);
  const missing = ids.length > most ? await countAbsent(deps.schedules, ids, most) : 0;
  const now = deps.clock.now();
  if (missing > most) {
    const until = now + keepMs;
    await deps.table.put({ ...missingKey, v: 1, until, ttl: Math.ceil(until / 1000) });
    return missing;
  }
  if ((await deps.table.get(missingKey)) !== undefined) await deps.table.transact([{ delete: missingKey }]);
  return 0;
}

/** Whether too many schedules are missing for one of them to mean anything. `now` in epoch milliseconds. */
export async function areManyMissing(table: Table, now: number): Promise<boolean> {
  const item = await table.get(missingKey);
  return item !== undefined && missingRow.parse(item).until > now;
}

async function countAbsent(schedules: Schedules, ids: readonly string[], most: number): Promise<number> {
  let absent = 0;
  const waiting = ids.values();
  const ask = async (): Promise<void> => {
    for (const id of waiting) {
      if (absent > most) return;
      if ((await schedules.read(id)) === undefined) absent += 1;
    }
  };
  await Promise.all(Array.from({ length: atOnce }, ask));
  return absent;
}
