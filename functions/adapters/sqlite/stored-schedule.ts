import * as z from 'zod';
import type { ListedSchedule, LiveSchedule, Schedule } from '#core/model/ports/schedules.ts';
import type { Item, Table } from '#core/model/ports/table.ts';
import { nextFire } from '#core/timing/next-fire.ts';

/** The partition of all schedules; the sort key is the name. */
export const SCHEDULES_PK = 'schedule';

/**
 * A schedule at rest. `firedThrough` (epoch ms): whatever falls due up to it has fired or is not wanted any more.
 * `unfinished` (epoch ms): the scheduled time of the latest tick while that is being handled.
 */
const storedSchedule = z.object({
  pk: z.literal(SCHEDULES_PK),
  sk: z.string(),
  v: z.literal(1),
  expression: z.string(),
  timezone: z.string(),
  state: z.enum(['enabled', 'disabled']),
  startAt: z.number(),
  input: z.string(),
  /** Epoch ms; schedules of version 0.1 do not tell. */
  modifiedAt: z.number().default(0),
  firedThrough: z.number(),
  unfinished: z.number().optional(),
});
export type StoredSchedule = z.output<typeof storedSchedule>;

/** Throws if the item is not a schedule of this version. */
function parseStoredSchedule(item: Item): StoredSchedule {
  return storedSchedule.parse(item);
}

export async function readStoredSchedule(table: Table, name: string): Promise<StoredSchedule | undefined> {
  const item = await table.get({ pk: SCHEDULES_PK, sk: name });
  return item && parseStoredSchedule(item);
}

export function liveScheduleOf(stored: StoredSchedule): LiveSchedule {
  const { sk: name, expression, timezone, state, startAt, input, modifiedAt } = stored;
  return { name, expression, timezone, state, startAt, input, modifiedAt };
}

/** Throws if the item is not a schedule of this version. */
export function listedScheduleOf(item: Item): ListedSchedule {
  const { sk: name, state, modifiedAt } = parseStoredSchedule(item);
  return { name, state, modifiedAt };
}

/** What to store for a put. What fired stays so unless the timing is new; what fell due during a pause is dropped. */
export function storeSchedule(schedule: Schedule, before: StoredSchedule | undefined, now: number): StoredSchedule {
  const { name, ...rest } = schedule;
  const goesOn = before !== undefined && sameTiming(before, schedule);
  const stays = goesOn && before.state === 'enabled' && schedule.state === 'enabled';
  const firedThrough = goesOn ? Math.min(before.firedThrough, now) : firedBeforeFirst(schedule, now);
  return {
    pk: SCHEDULES_PK,
    sk: name,
    v: 1,
    ...rest,
    modifiedAt: now,
    firedThrough: goesOn && before.state === 'disabled' ? Math.max(firedThrough, now) : firedThrough,
    ...(stays && before.unfinished !== undefined ? { unfinished: before.unfinished } : {}),
  };
}

/** A rate fires first at its start, at once if that has passed (as Scheduler does); others at their next moment. */
function firedBeforeFirst({ expression, startAt }: Schedule, now: number): number {
  return isRate(expression) ? Math.min(now, startAt - 1) : now;
}

function sameTiming(before: StoredSchedule, after: Schedule): boolean {
  return (
    before.expression === after.expression &&
    before.startAt === after.startAt &&
    (before.timezone === after.timezone || isRate(after.expression))
  );
}

function isRate(expression: string): boolean {
  return expression.startsWith('rate(');
}

/** A clock set back by less makes a schedule late by no more. */
const TOLERANCE_MS = 60_000;

/**
 * The schedule without firings that lie ahead: the clock that noted them was, and the schedule would be silent until
 * then. It counts as not having fired, so that its latest moment is due; its target knows which slots had their run.
 * Undefined if there are none.
 */
export function withoutFiringsAhead(stored: StoredSchedule, now: number): StoredSchedule | undefined {
  if (stored.firedThrough <= now + TOLERANCE_MS) return undefined;
  const { unfinished: _, ...rest } = stored;
  return { ...rest, firedThrough: Math.min(now, stored.startAt - 1) };
}

/** When the schedule falls due next after what fired, which may be in the past; undefined when it never does. */
export function nextDue({ state, expression, timezone, startAt, firedThrough }: StoredSchedule): number | undefined {
  return state === 'enabled' ? nextFire(expression, timezone, startAt, firedThrough) : undefined;
}

/**
 * The latest moment up to `now` at which the schedule fell due and did not fire. Halves the time between, so years of
 * missed minutes cost some forty looks.
 */
export function latestDue(schedule: StoredSchedule, now: number): number | undefined {
  const { expression, timezone, startAt } = schedule;
  const dueAfter = (after: number): number | undefined => {
    const next = nextFire(expression, timezone, startAt, after);
    return next !== undefined && next <= now ? next : undefined;
  };
  let latest = dueAfter(schedule.firedThrough);
  if (latest === undefined) return undefined;
  // None falls due strictly after `end` and up to now.
  for (let end = now; end > latest; ) {
    const middle = Math.floor((latest + end) / 2);
    const later = dueAfter(middle);
    if (later === undefined) end = middle;
    else latest = later;
  }
  return latest;
}
