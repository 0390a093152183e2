import { linkedTimezones } from './linked-timezones.ts';

/** Scheduler takes names of 1–50 characters:
 *  https://docs.aws.amazon.com/scheduler/latest/APIReference/API_CreateSchedule.html (ScheduleExpressionTimezone). */
const timezoneName = /^[A-Za-z][A-Za-z0-9_+/-]{0,49}$/;

/** Names as IANA spells them, by what they are in lower case. Made when first asked for: it takes some milliseconds. */
let spellings: ReadonlyMap<string, string> | undefined;

/**
 * Why this is no time zone that a schedule can be given: it must be a name of IANA's, in IANA's own spelling, for
 * EventBridge minds the case, where Intl takes any, and abbreviations such as `IST`. Undefined if it is one.
 */
export function timezoneProblem(name: string): string | undefined {
  const known = canFire(name) ? ianaName(name) : undefined;
  if (known === undefined) return 'is not a known IANA time zone such as "Europe/Berlin"';
  return known === name ? undefined : `is spelt "${known}" by IANA: write it so`;
}

/** Whether times can be told in this zone, however it is spelt: rows may hold names that were taken before. */
export function canFire(name: string): boolean {
  if (!timezoneName.test(name)) return false;
  try {
    return new Intl.DateTimeFormat('en', { timeZone: name }) !== undefined;
  } catch {
    return false;
  }
}

function ianaName(name: string): string | undefined {
  spellings ??= new Map(allNames().map((known) => [known.toLowerCase(), known]));
  return spellings.get(name.toLowerCase());
}

function allNames(): string[] {
  const linked = Object.entries(linkedTimezones).flatMap(([area, names]) =>
    names.split(' ').map((name) => (area === '' ? name : `${area}/${name}`)),
  );
  return [...Intl.supportedValuesOf('timeZone'), ...linked];
}
