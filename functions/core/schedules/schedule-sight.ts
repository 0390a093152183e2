import { liesAhead } from '../model/ahead.ts';
import type { ListedSchedule, LiveSchedule, Schedule } from '../model/ports/schedules.ts';
import { shortHash } from '../model/short-hash.ts';
import { changeTimes, type DatasourceRow } from '../registry/datasource.ts';
import type { ScheduleAck } from './schedule-ack.ts';
import { lifeOf } from './schedule-mark.ts';
import { scheduleOf } from './schedule-of.ts';

/**
 * A change in the very second of the one that was read would have its date. So a date is noted only when it is older than
 * clocks differ, and two dates are the same within a second: nobody promises that a list tells the fractions that a read does.
 */
const settledMs = 60_000;
const sameMs = 1000;

/** How the schedule was found in place; undefined while its date is too young to tell it from the next change. */
export function sightOf(
  live: LiveSchedule,
  wished: Schedule,
  form: string,
  now: number,
): NonNullable<ScheduleAck['seen']> | undefined {
  const settled = live.modifiedAt > 0 && now - live.modifiedAt >= settledMs;
  return settled ? { at: live.modifiedAt, as: wishHash(wished), form } : undefined;
}

/** What is known of one id before its schedule is read. */
export type Known = {
  readonly row: DatasourceRow | undefined;
  readonly ack: ScheduleAck | undefined;
  readonly listed: ListedSchedule | undefined;
};

/**
 * Whether a list is enough to say that a schedule is as it should be. `look`: it is not. `unread`: all that is against it
 * is that it has not been read since it was put, or since a deployment that puts otherwise.
 */
export function judgeListed({ row, ack, listed }: Known, form: string, now: number): 'in_place' | 'look' | 'unread' {
  if (row === undefined || liesAhead(row.sync.anchor, now)) return 'look';
  const wished = scheduleOf(row);
  // A paused datasource is given no schedule anew, and one that syncs by hand has none.
  if (listed === undefined) return ack === undefined && wished?.state !== 'enabled' ? 'in_place' : 'look';
  if (wished === undefined || listed.state !== wished.state || ack === undefined) return 'look';
  const { seen } = ack;
  if (seen === undefined) return 'unread';
  if (Math.abs(seen.at - listed.modifiedAt) >= sameMs || seen.as !== wishHash(wished)) return 'look';
  return seen.form === form ? 'in_place' : 'unread';
}

/** Whether a missing schedule was seen to stand for this very datasource, and nobody switched it since by the API. */
export function seemsDeleted({ row, ack }: Pick<Known, 'row' | 'ack'>): boolean {
  if (row === undefined || ack === undefined || scheduleOf(row)?.state !== 'enabled') return false;
  return ack.written.life === lifeOf(row) && ack.written.state_at === changeTimes(row.sync).state;
}

function wishHash({ expression, timezone, state, startAt, input }: Schedule): string {
  return shortHash([expression, timezone, state, startAt, input]).slice(0, 16);
}
