import {
  type CronField,
  type CronPart,
  CronProblem,
  dayField,
  hourField,
  minuteField,
  monthField,
  readField,
  weekdayField,
} from './cron-field.ts';

export type CronResult =
  | { readonly ok: true; readonly expression: string }
  | { readonly ok: false; readonly reason: string };

/** https://docs.aws.amazon.com/scheduler/latest/APIReference/API_CreateSchedule.html: ScheduleExpression, 1–256. */
const LONGEST_EXPRESSION = 256;

/** The most days a month has in any year, by its number. */
const daysOfMonth = [0, 31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

const nicknames: ReadonlyMap<string, string> = new Map([
  ['@hourly', '0 * * * *'],
  ['@daily', '0 0 * * *'],
  ['@midnight', '0 0 * * *'],
  ['@weekly', '0 0 * * 0'],
  ['@monthly', '0 0 1 * *'],
  ['@yearly', '0 0 1 1 *'],
  ['@annually', '0 0 1 1 *'],
]);

/**
 * A five-field Unix cron expression as EventBridge Scheduler's six fields
 * (https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html): weekdays count from SUN = 1, steps of
 * ranges and of weekdays become lists, `?` stands in the day field that says nothing. What has no equivalent, never
 * fires or means different things to different crons is refused with the reason.
 */
export function toSchedulerCron(unix: string): CronResult {
  try {
    return { ok: true, expression: convert(unix) };
  } catch (error) {
    if (error instanceof CronProblem) return { ok: false, reason: error.message };
    throw error;
  }
}

function convert(unix: string): string {
  const [minute, hour, day, month, weekday] = fiveFields(unix);
  const days = readField(dayField, day);
  const months = readField(monthField, month);
  const daysOfWeek = readField(weekdayField, weekday);
  if (day !== '*' && weekday !== '*') {
    throw new CronProblem(
      `"${shorten(day)}" as day of month together with "${shorten(weekday)}" as day of week means either of them in Unix cron, which EventBridge Scheduler cannot express: leave one of them "*"`,
    );
  }
  refuseImpossibleDates(days, months);
  const weekdayText = render(weekdayField, daysOfWeek);
  const fields = [
    render(minuteField, readField(minuteField, minute)),
    render(hourField, readField(hourField, hour)),
    weekdayText === '*' ? render(dayField, days) : '?',
    render(monthField, months),
    weekdayText === '*' ? '?' : weekdayText,
    '*',
  ];
  const expression = `cron(${fields.join(' ')})`;
  if (expression.length <= LONGEST_EXPRESSION) return expression;
  throw new CronProblem(
    `it becomes longer than the ${LONGEST_EXPRESSION} characters that EventBridge Scheduler takes: use steps or ranges instead of lists`,
  );
}

function fiveFields(unix: string): [string, string, string, string, string] {
  const text = unix.trim();
  if (text.length > LONGEST_EXPRESSION) throw new CronProblem(`it is longer than ${LONGEST_EXPRESSION} characters`);
  const nickname = nicknames.get(text.toLowerCase());
  if (nickname !== undefined) throw new CronProblem(`nicknames are not taken: write "${nickname}"`);
  const [minute, hour, day, month, weekday, ...rest] = text.split(/\s+/);
  if (minute && hour && day && month && weekday && rest.length === 0) return [minute, hour, day, month, weekday];
  const count = text === '' ? 0 : text.split(/\s+/).length;
  throw new CronProblem(
    `a cron expression has five fields (minute, hour, day of month, month, day of week), such as "0 6 * * *"; this one has ${count}`,
  );
}

function refuseImpossibleDates(days: readonly CronPart[], months: readonly CronPart[]): void {
  const earliestDay = Math.min(...valuesOf(days));
  const longestMonth = Math.max(...valuesOf(months).map((month) => daysOfMonth[month] ?? 0));
  if (earliestDay > longestMonth) {
    throw new CronProblem(`it never fires: none of its months has a day ${earliestDay}`);
  }
}

function render(field: CronField, parts: readonly CronPart[]): string {
  const [only, ...others] = parts;
  const covered = new Set(valuesOf(parts).map((value) => (field === weekdayField ? value % 7 : value)));
  const everything = (field === weekdayField ? 6 : field.max) - field.min + 1;
  if (covered.size === everything) return '*';
  if (only?.kind === 'step' && others.length === 0 && only.text.startsWith('*') && field !== weekdayField) {
    return `*/${Number(only.text.slice(2))}`;
  }
  return [...new Set(parts.flatMap((part) => renderPart(field, part)))].join(',');
}

/** The texts that go into the list: names as they are, everything else as numbers in Scheduler's counting. */
function renderPart(field: CronField, part: CronPart): string[] {
  const shift = field === weekdayField ? (value: number) => (value % 7) + 1 : (value: number) => value;
  const numbers = part.values.map(shift);
  const rising = numbers.every((value, i) => i === 0 || value > (numbers[i - 1] ?? 0));
  if (part.kind === 'single') return part.named ? [part.text] : numbers.map(String);
  if (part.kind === 'range' && rising) {
    return [part.named && /^[A-Z]+-[A-Z]+$/.test(part.text) ? part.text : `${numbers[0]}-${numbers.at(-1)}`];
  }
  return numbers.map(String);
}

function valuesOf(parts: readonly CronPart[]): number[] {
  return parts.flatMap((part) => [...part.values]);
}

function shorten(text: string): string {
  return text.length <= 40 ? text : `${text.slice(0, 39)}…`;
}
