import { createHash } from 'node:crypto';
import * as z from 'zod';
import type { LiveSchedule, Schedule } from '../model/ports/schedules.ts';
import { changeTimes, type DatasourceRow, stateOf } from '../registry/datasource.ts';
import { timingKey } from '../timing/from-scheduler.ts';

/**
 * What we wrote, carried in the schedule's own input: whoever reads the schedule can tell our hand from the console's,
 * timing and state each by itself. `life` is the datasource it was written for, which a successor under the same id is
 * not; `timing` hashes expression and time zone; the times are those of the row's last change of either.
 */
export const scheduleMark = z.object({
  life: z.string(),
  timing: z.string(),
  timing_at: z.number(),
  state: z.enum(['enabled', 'disabled']),
  state_at: z.number(),
});
export type ScheduleMark = z.output<typeof scheduleMark>;

const markedInput = z.object({ datasource: z.string(), written: scheduleMark });

export function markOf(row: DatasourceRow, timing: Pick<Schedule, 'expression' | 'timezone'>): ScheduleMark {
  const times = changeTimes(row.sync);
  return {
    life: lifeOf(row),
    timing: timingMark(timing),
    timing_at: times.timing,
    state: stateOf(row),
    state_at: times.state,
  };
}

/** What we wrote of a live schedule; undefined if its input is not ours, or was broken in the console. */
export function readMark(live: LiveSchedule): ScheduleMark | undefined {
  try {
    const read = markedInput.safeParse(JSON.parse(live.input));
    return read.success && read.data.datasource === live.name ? read.data.written : undefined;
  } catch {
    return undefined;
  }
}

export function timingMark(timing: Pick<Schedule, 'expression' | 'timezone'>): string {
  return hash(timingKey(timing));
}

/** A row keeps its `owner` for life, also when its bucket changes; the schedule's input shows a hash of it only. */
export function lifeOf(row: Pick<DatasourceRow, 'owner'>): string {
  return hash(row.owner);
}

function hash(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 16);
}
