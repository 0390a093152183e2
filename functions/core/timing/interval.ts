import { parseDuration } from '../model/duration.ts';

export type IntervalResult =
  | {
      readonly ok: true;
      readonly seconds: number;
      /** In EventBridge Scheduler's grammar. */
      readonly expression: string;
      /** How many runs one firing stands for: more than 1 only below a minute. */
      readonly slotsPerTick: number;
    }
  | { readonly ok: false; readonly reason: string };

const NANOSECONDS_PER_SECOND = 1_000_000_000n;
const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const LONGEST = 365 * DAY;

/** Scheduler's finest grain is one minute: shorter intervals must divide it evenly into slots. */
const belowAMinute: readonly number[] = [10, 15, 20, 30];

/**
 * What a datasource may ask for as `sync.interval`, and the schedule it becomes: 10s, 15s, 20s, 30s, or whole minutes
 * up to 365 days, written as a Go duration with `d` for 24 hours. Anything else is refused with the nearest possible
 * ones, never rounded. `minimumSeconds` is the shortest interval that the deployment allows.
 */
export function parseInterval(text: string, options: { readonly minimumSeconds?: number } = {}): IntervalResult {
  const minimum = options.minimumSeconds ?? 0;
  const nanoseconds = parseDuration(text, { days: true });
  if (nanoseconds === undefined) {
    return refuse(`${quote(text)} is not a duration: write numbers with units, such as "5m", "1h30m" or "1d"`);
  }
  if (nanoseconds <= 0n) return refuse(`an interval must be longer than zero: the shortest is ${shortest(minimum)}`);
  const seconds = Number(nanoseconds) / Number(NANOSECONDS_PER_SECOND);
  if (nanoseconds % NANOSECONDS_PER_SECOND !== 0n || !isPossible(seconds)) {
    return refuse(
      `${quote(text)} is not possible: an interval is 10s, 15s, 20s, 30s or whole minutes up to 365d; ${nearest(seconds, minimum)}`,
    );
  }
  if (seconds < minimum) {
    return refuse(`${quote(text)} is shorter than this installation allows: the shortest is ${shortest(minimum)}`);
  }
  if (seconds < MINUTE) return { ok: true, seconds, expression: 'rate(1 minute)', slotsPerTick: MINUTE / seconds };
  return { ok: true, seconds, expression: rateOf(seconds), slotsPerTick: 1 };
}

function refuse(reason: string): IntervalResult {
  return { ok: false, reason };
}

function isPossible(seconds: number): boolean {
  return belowAMinute.includes(seconds) || (seconds > 0 && seconds % MINUTE === 0 && seconds <= LONGEST);
}

function rateOf(seconds: number): string {
  if (seconds % DAY === 0) return rate(seconds / DAY, 'day');
  if (seconds % HOUR === 0) return rate(seconds / HOUR, 'hour');
  return rate(seconds / MINUTE, 'minute');
}

function rate(count: number, unit: string): string {
  return `rate(${count} ${unit}${count === 1 ? '' : 's'})`;
}

function shortest(minimum: number): string {
  return spell(possibleFrom(minimum));
}

/** The shortest possible interval that is not below so many seconds. */
function possibleFrom(seconds: number): number {
  return belowAMinute.find((possible) => possible >= seconds) ?? Math.max(1, Math.ceil(seconds / MINUTE)) * MINUTE;
}

/** The longest possible interval that is not above so many seconds; undefined below the shortest. */
function possibleUpTo(seconds: number): number | undefined {
  if (seconds >= MINUTE) return Math.min(Math.floor(seconds / MINUTE) * MINUTE, LONGEST);
  return belowAMinute.findLast((possible) => possible <= seconds);
}

function nearest(seconds: number, minimum: number): string {
  const neighbours = [possibleUpTo(seconds), possibleFrom(seconds)].filter(
    (candidate): candidate is number => candidate !== undefined && candidate >= minimum && candidate <= LONGEST,
  );
  const [first, second] = neighbours.length > 0 ? neighbours : [possibleFrom(minimum)];
  if (second === undefined) return `the nearest is ${spell(first ?? MINUTE)}`;
  return `the nearest are ${spell(first ?? MINUTE)} and ${spell(second)}`;
}

function spell(seconds: number): string {
  if (seconds % DAY === 0) return `${seconds / DAY}d`;
  if (seconds % HOUR === 0) return `${seconds / HOUR}h`;
  return seconds % MINUTE === 0 ? `${seconds / MINUTE}m` : `${seconds}s`;
}

function quote(text: string): string {
  return JSON.stringify(text.length <= 40 ? text : `${text.slice(0, 39)}…`);
}
