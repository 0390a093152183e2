import { Cron } from 'croner';
import { canFire } from './time-zone.ts';
import { wallClockOf } from './wall-clock.ts';

const SECOND = 1000;
const periods: Readonly<Record<string, number>> = { minute: 60 * SECOND, hour: 3600 * SECOND, day: 86_400 * SECOND };

/** A change of offset hides or repeats at most a day of minutes (Samoa skipped one in 2011). */
const MOST_SKIPPED = 2 * 24 * 60;

/** Years end with 2199 in EventBridge's cron. */
const LAST_YEAR = 2199;

/**
 * When an EventBridge Scheduler expression fires next, strictly after `after` and never before `startAt` (all epoch
 * milliseconds); undefined when it never does again, cannot be read, or the time zone is unknown.
 *
 * - `rate(5 minutes)`: fires at `startAt` and every period from there; a day is 24 hours in every time zone.
 * - `cron(m h day month weekday year)` in the time zone, with `*`, `?`, lists, ranges, steps, `L`, `W` and `#`.
 * - `at(2026-01-31T06:00:00)`: once, in the time zone.
 *
 * A wall time that daylight saving skips does not fire, one that it repeats fires the first time only:
 * https://repost.aws/knowledge-center/eventbridge-scheduler-adjust-dst
 */
export function nextFire(expression: string, timezone: string, startAt: number, after: number): number | undefined {
  const [, kind, body = ''] = /^(rate|cron|at)\(([^()]*)\)$/.exec(expression) ?? [];
  if (kind === 'rate') return nextOfRate(body, startAt, after);
  const pattern = kind === 'cron' ? cronPattern(body) : kind === 'at' ? onePattern(body) : undefined;
  if (pattern === undefined || !canFire(timezone)) return undefined;
  return nextOfPattern(pattern, timezone, Math.max(after, startAt - 1));
}

function nextOfRate(body: string, startAt: number, after: number): number | undefined {
  const [, count = '', unit = ''] = /^([1-9]\d{0,8}) (minute|hour|day)s?$/.exec(body) ?? [];
  const period = Number(count) * (periods[unit] ?? 0);
  if (period === 0) return undefined;
  return after < startAt ? startAt : startAt + (Math.floor((after - startAt) / period) + 1) * period;
}

/** Croner does the calendar, in wall time; what its own time zones do with daylight saving is not what AWS does. */
function nextOfPattern(pattern: string, timezone: string, after: number): number | undefined {
  const cron = readPattern(pattern);
  const clock = wallClockOf(timezone);
  // Croner counts in whole seconds, and a fire is on a whole minute: cutting the start loses nothing.
  let wall = Math.floor(clock.at(after) / SECOND) * SECOND;
  for (let skipped = 0; cron !== undefined && skipped <= MOST_SKIPPED; skipped++) {
    const next = cron.nextRun(new Date(wall));
    if (next === null || next.getUTCFullYear() > LAST_YEAR) return undefined;
    wall = next.getTime();
    const instant = clock.firstInstantOf(wall);
    if (instant !== undefined && instant > after) return instant;
  }
  return undefined;
}

function readPattern(pattern: string): Cron | undefined {
  try {
    return new Cron(pattern, { mode: '7-part', alternativeWeekdays: true, timezone: 'UTC', paused: true });
  } catch {
    return undefined;
  }
}

function onePattern(body: string): string | undefined {
  const [, ...parts] = /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)$/.exec(body) ?? [];
  if (parts.length === 0) return undefined;
  const [year, month, day, hour, minute, second] = parts.map(Number);
  return `${second} ${minute} ${hour} ${day} ${month} * ${year}`;
}

/** The six fields as croner's seven; undefined for what Scheduler would refuse and croner would not. */
function cronPattern(body: string): string | undefined {
  const fields = body.split(' ');
  const [minute, hour, day, month, weekday, year] = fields;
  if (fields.length !== 6 || (day === '?') === (weekday === '?')) return undefined;
  const translated = [
    numeric(minute, 59),
    numeric(hour, 23),
    day === '?' ? '*' : dayOfMonth(day),
    numeric(month, 12),
    weekday === '?' ? '*' : dayOfWeek(weekday),
    numeric(year, LAST_YEAR),
  ];
  return translated.includes(undefined) ? undefined : `0 ${translated.join(' ')}`;
}

/** Lists, ranges and steps; `5/10` counts from 5 to the end of the field. */
function numeric(field = '', max: number): string | undefined {
  if (!/^[0-9A-Z*,/-]+$/i.test(field)) return undefined;
  return field
    .split(',')
    .map((part) => part.replace(/^(\d+)\//, `$1-${max}/`))
    .join(',');
}

function dayOfMonth(field = ''): string | undefined {
  return /^(L|LW|\d{1,2}W)$/.test(field) ? field : /[LW]/i.test(field) ? undefined : numeric(field, 31);
}

/** `6L` is the last Friday, `6#3` the third one, `L` alone is Saturday, the last day of the week. */
function dayOfWeek(field = ''): string | undefined {
  if (field === 'L') return '7';
  const [, last] = /^([1-7]|[A-Z]{3})L$/.exec(field) ?? [];
  if (last !== undefined) return `${last}#L`;
  if (/^([1-7]|[A-Z]{3})#[1-5]$/.test(field)) return field;
  // Scheduler's weekdays take no steps and are 1–7; croner would read 8 as Sunday.
  return /[/089]/.test(field) ? undefined : numeric(field, 7);
}
