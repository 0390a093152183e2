import type { Schedule } from '#core/model/ports/schedules.ts';
import { nextFire } from '#core/timing/next-fire.ts';

/**
 * Scheduler refuses a StartDate "earlier than 5 minutes ago", when a schedule is created and also when it is updated
 * (seen, not documented); a minute less leaves room for clocks that differ and for tries.
 */
const OLDEST_START_MS = 4 * 60_000;
const SECOND = 1000;

const description = /^Stocktake datasource\. Counts from (\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z)\.$/;

/**
 * From when Scheduler is to count a schedule. Once `startAt` is too old to be sent, a rate starts at its next firing,
 * which keeps its beat (without any StartDate it would begin a new one); a cron needs no start.
 */
export function startDateOf(schedule: Schedule, now: number): Date | undefined {
  const { expression, timezone, startAt } = schedule;
  if (startAt >= now - OLDEST_START_MS) return new Date(startAt);
  if (!isRate(expression)) return undefined;
  const next = nextFire(expression, timezone, startAt, now);
  return next === undefined ? undefined : new Date(next);
}

/** Keeps `startAt` beside a StartDate that had to move, and tells the console's user what the schedule is. */
export function describeStart({ startAt }: Schedule): string {
  return `Stocktake datasource. Counts from ${new Date(startAt).toISOString()}.`;
}

/**
 * What `startAt` was put, if the StartDate is one that `startDateOf` gives for it at some time; otherwise somebody
 * else set it, and it counts itself. 0 when nothing tells: a rate is never put without a StartDate.
 */
export function startAtOf(live: {
  readonly expression: string;
  readonly description: string | undefined;
  readonly startDate: Date | undefined;
}): number {
  const [, told] = description.exec(live.description ?? '') ?? [];
  const put = told === undefined ? undefined : Date.parse(told);
  const start = live.startDate?.getTime();
  if (start === undefined) return isRate(live.expression) ? 0 : (put ?? 0);
  if (put === undefined) return start;
  return isOnBeat(live.expression, put, start) ? put : start;
}

/** Whether Scheduler keeps fractions of a second is not documented, so a second is allowed. */
function isOnBeat(expression: string, put: number, start: number): boolean {
  if (Math.abs(start - put) < SECOND) return true;
  if (!isRate(expression) || start < put) return false;
  const beat = nextFire(expression, 'UTC', put, start - SECOND);
  return beat !== undefined && beat - start < SECOND;
}

function isRate(expression: string): boolean {
  return expression.startsWith('rate(');
}
