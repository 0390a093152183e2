import { toSchedulerCron } from './cron.ts';
import { parseInterval } from './interval.ts';

/** A Scheduler expression in the words of a datasource's `sync`. */
export type SyncTiming =
  | { readonly strategy: 'interval'; readonly interval: string }
  | { readonly strategy: 'cron'; readonly cron: string };

const secondsPerUnit: Readonly<Record<string, number>> = { minute: 60, hour: 3600, day: 86_400 };

const weekdayNames = ['SUN', 'MON', 'TUE', 'WED', 'THU', 'FRI', 'SAT'];

/**
 * What somebody wrote as an EventBridge Scheduler expression, in the grammar that the API takes: `rate(…)` up to 365
 * days as an interval, `cron(…)` as five-field Unix cron. Undefined for what that grammar lacks: `at(…)`, longer rates,
 * years, `L`, `W`, `#`, weekdays that run backwards, and whatever cannot be read.
 */
export function fromScheduler(expression: string): SyncTiming | undefined {
  const seconds = secondsOfRate(expression);
  if (seconds !== undefined) {
    const interval = spell(seconds);
    return parseInterval(interval).ok ? { strategy: 'interval', interval } : undefined;
  }
  const [, body] = /^\s*cron\(([^()]*)\)\s*$/i.exec(expression) ?? [];
  const cron = body === undefined ? undefined : unixCron(body);
  return cron === undefined ? undefined : { strategy: 'cron', cron };
}

/**
 * A text that is equal for timings that fire alike, as far as that can be told cheaply: `rate(60 minutes)` and
 * `rate(1 hour)` in any time zone, or one cron with other spaces. Not for display.
 */
export function timingKey({
  expression,
  timezone,
}: {
  readonly expression: string;
  readonly timezone: string;
}): string {
  const seconds = secondsOfRate(expression);
  if (seconds !== undefined) return `every ${seconds}`;
  return `${expression.trim().split(/\s+/).join(' ').toUpperCase()} ${timezone}`;
}

function secondsOfRate(expression: string): number | undefined {
  const [, count, unit = ''] = /^\s*rate\(\s*([1-9]\d{0,8})\s+(minute|hour|day)s?\s*\)\s*$/i.exec(expression) ?? [];
  return count === undefined ? undefined : Number(count) * (secondsPerUnit[unit.toLowerCase()] ?? 0);
}

function spell(seconds: number): string {
  if (seconds % 86_400 === 0) return `${seconds / 86_400}d`;
  return seconds % 3600 === 0 ? `${seconds / 3600}h` : `${seconds / 60}m`;
}

/** What this lets through wrongly, the conversion back refuses: it reads every field by its own rules. */
function unixCron(body: string): string | undefined {
  const fields = body.trim().toUpperCase().split(/\s+/);
  const [minute = '', hour = '', day = '', month = '', weekday = '', year] = fields;
  if (fields.length !== 6 || year !== '*' || (day === '?') === (weekday === '?')) return undefined;
  const days = weekday === '?' ? '*' : unixWeekdays(weekday);
  if (days === undefined) return undefined;
  const daysOfMonth = weekday === '?' ? unixField(day, 31) : '*';
  const cron = [unixField(minute, 59), unixField(hour, 23), daysOfMonth, unixField(month, 12), days].join(' ');
  return toSchedulerCron(cron).ok ? cron : undefined;
}

/** Scheduler's `5/10` counts from 5 to the end of the field; Unix wants that end said. */
function unixField(field: string, max: number): string {
  return field
    .split(',')
    .map((part) => part.replace(/^(\d+)\//, `$1-${max}/`))
    .join(',');
}

/** Scheduler counts weekdays from SUN = 1, Unix from SUN = 0; names are the same. */
function unixWeekdays(field: string): string | undefined {
  if (field === '*') return '*';
  const parts = field.split(',').map((part) => {
    const days = part.split('-');
    const [from, to = from, ...rest] = days.map(weekdayNumber);
    if (from === undefined || to === undefined || to < from || rest.length > 0) return undefined;
    return days.map((day) => (weekdayNames.includes(day) ? day : weekdayNumber(day))).join('-');
  });
  return parts.includes(undefined) ? undefined : parts.join(',');
}

function weekdayNumber(text: string): number | undefined {
  if (/^[1-7]$/.test(text)) return Number(text) - 1;
  const named = weekdayNames.indexOf(text);
  return named < 0 ? undefined : named;
}
