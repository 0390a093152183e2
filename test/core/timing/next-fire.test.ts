import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { toSchedulerCron } from '#core/timing/cron.ts';
import { nextFire } from '#core/timing/next-fire.ts';

const MINUTE = 60_000;
const instant = (text: string) => Date.parse(text);
const shown = (result: number | undefined) => (result === undefined ? undefined : new Date(result).toISOString());
const next = (expression: string, after: string, timezone = 'UTC', startAt = '1970-01-01T00:00:00Z') =>
  shown(nextFire(expression, timezone, instant(startAt), instant(after)));

function series(expression: string, timezone: string, after: string, count: number): (string | undefined)[] {
  const fires: (string | undefined)[] = [];
  let at: number | undefined = instant(after);
  for (let i = 0; i < count && at !== undefined; i++) {
    at = nextFire(expression, timezone, 0, at);
    fires.push(shown(at));
  }
  return fires;
}

describe('the next firing of a rate', () => {
  const startAt = '2026-03-01T10:20:30.400Z';

  test.each([
    ['2026-01-01T00:00:00Z', '2026-03-01T10:20:30.400Z'],
    ['2026-03-01T10:20:30.399Z', '2026-03-01T10:20:30.400Z'],
    ['2026-03-01T10:20:30.400Z', '2026-03-01T10:25:30.400Z'],
    ['2026-03-01T10:24:00Z', '2026-03-01T10:25:30.400Z'],
    ['2027-03-01T10:25:30.400Z', '2027-03-01T10:30:30.400Z'],
  ])('given rate(5 minutes) after %s, then it is %s', (after, expected) => {
    expect(next('rate(5 minutes)', after, 'UTC', startAt)).toBe(expected);
  });

  test('given days over a change of the clocks, then they are 24 hours', () => {
    expect(next('rate(1 day)', '2026-03-28T12:00:00Z', 'Europe/Berlin', '2026-03-28T12:00:00Z')).toBe(
      '2026-03-29T12:00:00.000Z',
    );
  });

  test.each(['rate(1 minute)', 'rate(1 hour)', 'rate(36 hours)', 'rate(365 days)'])(
    'given %s, then it is read',
    (rate) => {
      expect(next(rate, '2026-01-01T00:00:00Z')).toBeDefined();
    },
  );

  test.each([
    'rate(0 minutes)',
    'rate(-1 hours)',
    'rate(1 second)',
    'rate(1 week)',
    'rate(1.5 hours)',
    'rate(5minutes)',
    'rate()',
    'rate(5 minutes',
    '',
  ])('given %j, then there is none', (rate) => {
    expect(next(rate, '2026-01-01T00:00:00Z')).toBeUndefined();
  });
});

describe('the next firing of a cron', () => {
  test.each([
    ['cron(0 6 * * ? *)', '2026-01-01T06:00:00Z', '2026-01-02T06:00:00.000Z'],
    ['cron(0 6 * * ? *)', '2026-01-01T05:59:59.999Z', '2026-01-01T06:00:00.000Z'],
    ['cron(0/20 * * * ? *)', '2026-01-01T00:00:00Z', '2026-01-01T00:20:00.000Z'],
    ['cron(10/20 3 * * ? *)', '2026-01-01T03:30:00Z', '2026-01-01T03:50:00.000Z'],
    ['cron(0 12 ? * 1 *)', '2026-01-01T00:00:00Z', '2026-01-04T12:00:00.000Z'],
    ['cron(0 12 ? * 7 *)', '2026-01-01T00:00:00Z', '2026-01-03T12:00:00.000Z'],
    ['cron(0 12 ? * SUN *)', '2026-01-01T00:00:00Z', '2026-01-04T12:00:00.000Z'],
    ['cron(0 12 ? * 2-6 *)', '2026-01-02T12:00:00Z', '2026-01-05T12:00:00.000Z'],
    ['cron(0 0 ? FEB MON-FRI *)', '2026-01-02T12:00:00Z', '2026-02-02T00:00:00.000Z'],
    ['cron(0 0 29 2 ? *)', '2026-01-01T00:00:00Z', '2028-02-29T00:00:00.000Z'],
    ['cron(0 0 29 2 ? *)', '2096-03-01T00:00:00Z', '2104-02-29T00:00:00.000Z'],
    ['cron(0 0 1 1 ? 2030)', '2026-01-01T00:00:00Z', '2030-01-01T00:00:00.000Z'],
    ['cron(0 0 1 1 ? 2028-2032/2)', '2028-01-01T00:00:00Z', '2030-01-01T00:00:00.000Z'],
    ['cron(0 0 L * ? *)', '2026-02-01T00:00:00Z', '2026-02-28T00:00:00.000Z'],
    ['cron(0 0 LW * ? *)', '2026-02-01T00:00:00Z', '2026-02-27T00:00:00.000Z'],
    ['cron(0 0 15W * ? *)', '2026-02-01T00:00:00Z', '2026-02-16T00:00:00.000Z'],
    ['cron(0 0 ? * 6L *)', '2026-01-01T00:00:00Z', '2026-01-30T00:00:00.000Z'],
    ['cron(0 0 ? * L *)', '2026-01-01T00:00:00Z', '2026-01-03T00:00:00.000Z'],
    ['cron(0 0 ? * 6#2 *)', '2026-01-01T00:00:00Z', '2026-01-09T00:00:00.000Z'],
  ])('given %s after %s, then it is %s', (expression, after, expected) => {
    expect(next(expression, after)).toBe(expected);
  });

  test.each([
    'cron(0 0 1 1 ? 2020)',
    'cron(0 0 1 1 ? 2300)',
    'cron(0 0 31 2 ? *)',
    'cron(0 0 * * *)',
    'cron(0 0 * * * *)',
    'cron(0 0 ? * ? *)',
    'cron(0 0 ? * 0 *)',
    'cron(0 0 ? * 8 *)',
    'cron(60 0 * * ? *)',
    'cron(0 24 * * ? *)',
    'cron(0 0 ? * +MON *)',
    'cron(@daily)',
    'cron(0 0 L-3 * ? *)',
    'cron(0 0  * * ? *)',
    '0 0 * * *',
    'every day',
  ])('given %s, then there is none', (expression) => {
    expect(next(expression, '2026-01-01T00:00:00Z')).toBeUndefined();
  });

  test('given a start in the future, then it fires at the start at the earliest', () => {
    expect(next('cron(0 6 * * ? *)', '2026-01-01T00:00:00Z', 'UTC', '2026-05-01T06:00:00Z')).toBe(
      '2026-05-01T06:00:00.000Z',
    );
    expect(next('cron(0 6 * * ? *)', '2026-01-01T00:00:00Z', 'UTC', '2026-05-01T06:00:00.001Z')).toBe(
      '2026-05-02T06:00:00.000Z',
    );
  });

  test('given an unknown time zone, then there is none', () => {
    expect(next('cron(0 6 * * ? *)', '2026-01-01T00:00:00Z', 'Mars/Olympus')).toBeUndefined();
    expect(next('at(2026-06-01T00:00:00)', '2026-01-01T00:00:00Z', '+02:00')).toBeUndefined();
  });
});

describe('a cron where the clocks change', () => {
  test('given 02:30 in Berlin, then the spring day without it is left out', () => {
    expect(series('cron(30 2 * * ? *)', 'Europe/Berlin', '2026-03-27T12:00:00Z', 2)).toEqual([
      '2026-03-28T01:30:00.000Z',
      '2026-03-30T00:30:00.000Z',
    ]);
  });

  test('given 02:30 in Berlin, then the autumn day that has it twice fires once, the first time', () => {
    expect(series('cron(30 2 * * ? *)', 'Europe/Berlin', '2026-10-24T12:00:00Z', 2)).toEqual([
      '2026-10-25T00:30:00.000Z',
      '2026-10-26T01:30:00.000Z',
    ]);
  });

  test('given every half hour in New York, then spring skips an hour of wall time and none of real time', () => {
    expect(series('cron(0,30 * * * ? *)', 'America/New_York', '2026-03-08T06:00:00Z', 3)).toEqual([
      '2026-03-08T06:30:00.000Z',
      '2026-03-08T07:00:00.000Z',
      '2026-03-08T07:30:00.000Z',
    ]);
  });

  test('given every half hour in New York, then the repeated hour of autumn does not fire again', () => {
    expect(series('cron(0,30 * * * ? *)', 'America/New_York', '2026-11-01T05:00:00Z', 3)).toEqual([
      '2026-11-01T05:30:00.000Z',
      '2026-11-01T07:00:00.000Z',
      '2026-11-01T07:30:00.000Z',
    ]);
  });

  test('given a moment within the repeated hour, then the next one is after it', () => {
    expect(next('cron(* * * * ? *)', '2026-11-01T06:10:00Z', 'America/New_York')).toBe('2026-11-01T07:00:00.000Z');
  });

  test('given the day that Samoa skipped and the half hour of Lord Howe, then both are right', () => {
    expect(next('cron(0 12 30 12 ? *)', '2011-12-29T00:00:00Z', 'Pacific/Apia')).toBe('2012-12-29T22:00:00.000Z');
    expect(next('cron(* * ? * * *)', '2011-12-30T09:59:00Z', 'Pacific/Apia')).toBe('2011-12-30T10:00:00.000Z');
    expect(series('cron(0,15,45 2 * * ? *)', 'Australia/Lord_Howe', '2026-10-03T12:00:00Z', 2)).toEqual([
      '2026-10-03T15:45:00.000Z',
      '2026-10-04T15:00:00.000Z',
    ]);
  });

  test('given a clock change every day of the year is possible, then each series only grows and shows the wall time asked for', () => {
    const zone = fc.constantFrom(
      'Europe/Berlin',
      'America/New_York',
      'Australia/Lord_Howe',
      'Asia/Kolkata',
      'America/Sao_Paulo',
    );
    const start = fc.integer({ min: instant('2015-01-01T00:00:00Z'), max: instant('2035-01-01T00:00:00Z') });
    fc.assert(
      fc.property(zone, start, fc.nat(59), fc.nat(23), (timezone, after, minute, hour) => {
        const wall = new Intl.DateTimeFormat('en', {
          timeZone: timezone,
          hour: 'numeric',
          minute: 'numeric',
          hourCycle: 'h23',
        });
        let previous = after;
        for (let i = 0; i < 8; i++) {
          const at = nextFire(`cron(${minute} ${hour} * * ? *)`, timezone, 0, previous)!;
          expect(at).toBeGreaterThan(previous);
          expect(at % MINUTE).toBe(0);
          expect(wall.format(at).split(':').map(Number)).toEqual([hour, minute]);
          expect(at - previous).toBeLessThanOrEqual(49 * 60 * MINUTE);
          previous = at;
        }
      }),
      { numRuns: 40 },
    );
  });
});

describe('at', () => {
  test('given a moment, then it fires once, in its time zone', () => {
    expect(next('at(2026-06-01T06:00:00)', '2026-01-01T00:00:00Z', 'Europe/Berlin')).toBe('2026-06-01T04:00:00.000Z');
    expect(next('at(2026-06-01T06:00:59)', '2026-01-01T00:00:00Z')).toBe('2026-06-01T06:00:59.000Z');
    expect(next('at(2026-06-01T06:00:00)', '2026-06-01T04:00:00Z', 'Europe/Berlin')).toBeUndefined();
    expect(next('at(2026-06-01T06:00:00)', '2026-01-01T00:00:00Z', 'UTC', '2026-07-01T00:00:00Z')).toBeUndefined();
  });

  test.each([
    'at(2026-02-30T00:00:00)',
    'at(2026-01-01T24:00:00)',
    'at(2026-01-01)',
    'at(2026-13-01T00:00:00)',
    'at()',
  ])('given %s, then there is none', (expression) => {
    expect(next(expression, '2020-01-01T00:00:00Z')).toBeUndefined();
  });
});

/** Reads a Unix field as its manual says, value by value: slow, and nothing like the code it checks. */
function allows(field: string, value: number): boolean {
  return field.split(',').some((part) => {
    const [, star, low, high, step] = /^(?:(\*)|(\d+)(?:-(\d+))?)(?:\/(\d+))?$/.exec(part)!;
    const from = star ? 0 : Number(low);
    const to = star ? Number.POSITIVE_INFINITY : Number(high ?? low);
    return value >= from && value <= to && (value - from) % Number(step ?? 1) === 0;
  });
}

function unixMatches(unix: string, at: Date): boolean {
  const [minute, hour, day, month, weekday] = unix.split(' ') as [string, string, string, string, string];
  const from1 = (field: string, value: number) =>
    field.startsWith('*') ? allows(field, value - 1) : allows(field, value);
  return (
    allows(minute, at.getUTCMinutes()) &&
    allows(hour, at.getUTCHours()) &&
    from1(day, at.getUTCDate()) &&
    from1(month, at.getUTCMonth() + 1) &&
    (allows(weekday, at.getUTCDay()) || (at.getUTCDay() === 0 && !weekday.startsWith('*') && allows(weekday, 7)))
  );
}

const field = (min: number, max: number) => {
  const single = fc.integer({ min, max }).map(String);
  const range = fc
    .tuple(fc.integer({ min, max }), fc.integer({ min, max }))
    .map(([a, b]) => `${Math.min(a, b)}-${Math.max(a, b)}`);
  const step = fc
    .tuple(fc.oneof(fc.constant('*'), range), fc.integer({ min: 1, max: Math.min(max, 15) }))
    .map(([base, n]) => `${base}/${n}`);
  const list = fc.array(fc.oneof(single, range), { minLength: 1, maxLength: 3 }).map((parts) => parts.join(','));
  return fc.oneof({ weight: 2, arbitrary: fc.constant('*') }, list, step);
};

describe('a Unix cron, converted and fired', () => {
  const unixCron = fc
    .tuple(field(0, 59), field(0, 23), field(1, 31), field(1, 12), field(0, 7), fc.boolean())
    .map(([minute, hour, day, month, weekday, byDay]) =>
      [minute, hour, byDay ? day : '*', month, byDay ? '*' : weekday].join(' '),
    );

  test('given any cron and any moment, then it fires exactly in the minutes that the cron names', () => {
    const start = fc.integer({ min: instant('2024-01-01T00:00:00Z'), max: instant('2029-01-01T00:00:00Z') });
    fc.assert(
      fc.property(unixCron, start, (unix, after) => {
        const converted = toSchedulerCron(unix);
        fc.pre(converted.ok);
        const fired = nextFire(converted.ok ? converted.expression : '', 'UTC', 0, after);
        const horizon = Math.min(fired ?? Number.POSITIVE_INFINITY, after + 8 * 24 * 60 * MINUTE);
        for (let at = (Math.floor(after / MINUTE) + 1) * MINUTE; at < horizon; at += MINUTE) {
          if (unixMatches(unix, new Date(at)))
            expect.fail(`${unix} should have fired at ${shown(at)}, not ${shown(fired)}`);
        }
        if (fired !== undefined) expect(unixMatches(unix, new Date(fired))).toBe(true);
      }),
      { numRuns: 150 },
    );
  });
});
