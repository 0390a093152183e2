import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { toSchedulerCron } from '#core/timing/cron.ts';
import { fromScheduler, timingKey } from '#core/timing/from-scheduler.ts';
import { parseInterval } from '#core/timing/interval.ts';
import { nextFire } from '#core/timing/next-fire.ts';
import cronVectors from '../../vectors/cron.json' with { type: 'json' };

const start = Date.parse('2026-02-27T22:58:00Z');
const crons = (cronVectors.rows as [string, string | null][]).filter(([, expression]) => expression !== null);

function fires(expression: string, count = 6): (number | undefined)[] {
  const all: (number | undefined)[] = [];
  for (let after: number | undefined = start; all.length < count && after !== undefined; ) {
    after = nextFire(expression, 'UTC', start, after);
    all.push(after);
  }
  return all;
}

describe('a rate', () => {
  test.each([
    ['rate(1 minute)', '1m'],
    ['rate(5 minutes)', '5m'],
    ['rate(90 minutes)', '90m'],
    ['rate(60 minutes)', '1h'],
    ['rate(7 hours)', '7h'],
    ['rate(24 hours)', '1d'],
    ['rate(365 days)', '365d'],
    ['rate(1 minutes)', '1m'],
    [' rate( 2  hour ) ', '2h'],
  ])('given %j, then the interval is %s', (expression, interval) => {
    expect(fromScheduler(expression)).toEqual({ strategy: 'interval', interval });
  });

  test.each(['rate(366 days)', 'rate(0 minutes)', 'rate(5 fortnights)', 'rate(-5 minutes)', 'rate(1.5 hours)'])(
    'given %j, then the grammar lacks it',
    (expression) => expect(fromScheduler(expression)).toBeUndefined(),
  );

  it('given any interval, then its expression leads back to as many seconds', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 365 * 24 * 60 }), (minutes) => {
        const { expression } = parseInterval(`${minutes}m`) as { expression: string };
        const back = fromScheduler(expression) as { interval: string };
        expect(parseInterval(back.interval)).toMatchObject({ ok: true, seconds: minutes * 60, expression });
      }),
    );
  });
});

describe('a cron', () => {
  test.each([
    ['cron(0 6 * * ? *)', '0 6 * * *'],
    ['cron(0 6 ? * * *)', '0 6 * * *'],
    ['cron(0 8 ? * 2 *)', '0 8 * * 1'],
    ['cron(0 8 ? * 2-6 *)', '0 8 * * 1-5'],
    ['cron(0 8 ? * MON-FRI *)', '0 8 * * MON-FRI'],
    ['cron(0 8 ? * sun,3 *)', '0 8 * * SUN,2'],
    ['cron(5/20 0 1 JAN,6 ? *)', '5-59/20 0 1 JAN,6 *'],
    ['cron(0  */6  *  * ? * )', '0 */6 * * *'],
  ])('given %j, then it is %j', (expression, cron) => {
    expect(fromScheduler(expression)).toEqual({ strategy: 'cron', cron });
  });

  test.each([
    'cron(0 6 L * ? *)',
    'cron(0 6 LW * ? *)',
    'cron(0 6 15W * ? *)',
    'cron(0 6 ? * 6L *)',
    'cron(0 6 ? * L *)',
    'cron(0 6 ? * 6#3 *)',
    'cron(0 6 ? * 6-2 *)',
    'cron(0 6 ? * FRI-MON *)',
    'cron(0 6 ? * 2-* *)',
    'cron(0 6 ? * MON- *)',
    'cron(0 6 ? * 2-3-4 *)',
    'cron(0 6 ? * 2/2 *)',
    'cron(0 6 ? * 8 *)',
    'cron(0 6 ? * 0 *)',
    'cron(0 6 * * ? 2027)',
    'cron(0 6 * * ? 2026-2030)',
    'cron(0 6 * * * *)',
    'cron(0 6 ? * ? *)',
    'cron(0 6 * * ?)',
    'cron(0 6 31 2 ? *)',
    'cron(60 6 * * ? *)',
    'cron()',
    'at(2027-01-31T06:00:00)',
    '0 6 * * *',
    '',
    'cron(0 6 * * ? *',
  ])('given %j, then the grammar lacks it', (expression) => expect(fromScheduler(expression)).toBeUndefined());

  test.each(crons)('given what %j became, then what it is read as becomes the same', (_, expression) => {
    const back = fromScheduler(expression ?? '') as { cron: string };
    expect(toSchedulerCron(back.cron)).toEqual({ ok: true, expression });
  });

  it('given any, then what it is read as fires at the same moments', () => {
    const part = (min: number, max: number) =>
      fc.oneof(
        fc.constant('*'),
        fc.integer({ min, max }).map(String),
        fc
          .tuple(fc.integer({ min, max }), fc.integer({ min, max }))
          .map(([a, b]) => `${Math.min(a, b)}-${Math.max(a, b)}`),
        fc.integer({ min: 1, max: Math.max(1, max) }).map((step) => `*/${step}`),
        fc.tuple(fc.integer({ min, max }), fc.integer({ min: 1, max })).map(([from, step]) => `${from}/${step}`),
        fc.array(fc.integer({ min, max }), { minLength: 2, maxLength: 3 }).map((list) => list.join(',')),
      );
    const weekday = fc.oneof(
      fc.constant('*'),
      fc.constantFrom('MON', 'SUN,TUE', 'TUE-SAT', '1', '7', '1-3', '2,6', '5-5'),
    );
    const days = fc.oneof(
      part(1, 31).map((day) => [day, '?'] as const),
      weekday.map((name) => ['?', name] as const),
    );
    const expression = fc
      .tuple(part(0, 59), part(0, 23), days, part(1, 12))
      .map(([minute, hour, [day, name], month]) => `cron(${minute} ${hour} ${day} ${month} ${name} *)`);
    let read = 0;
    fc.assert(
      fc.property(expression, (text) => {
        const said = fromScheduler(text);
        if (said?.strategy !== 'cron') return;
        read += 1;
        const back = toSchedulerCron(said.cron);
        expect(fires((back as { expression: string }).expression)).toEqual(fires(text));
      }),
      { numRuns: 100 },
    );
    expect(read).toBeGreaterThan(50);
  });
});

describe('two timings', () => {
  const key = (expression: string, timezone = 'UTC') => timingKey({ expression, timezone });

  it('given they fire alike, then they are the same', () => {
    expect(key('rate(60 minutes)', 'Asia/Tokyo')).toBe(key('rate(1 hour)'));
    expect(key('cron(0  6 * * ? *)')).toBe(key('cron(0 6 * * ? *)'));
    expect(key('cron(0 6 ? * mon *)')).toBe(key('cron(0 6 ? * MON *)'));
  });

  it('given another rate, cron or time zone, then they differ', () => {
    const all = [
      ...[key('rate(1 hour)'), key('rate(2 hours)'), key('cron(0 6 * * ? *)'), key('cron(0 7 * * ? *)')],
      ...[key('cron(0 6 * * ? *)', 'Europe/Berlin'), key('at(2027-01-31T06:00:00)'), key('')],
    ];
    expect(new Set(all).size).toBe(all.length);
  });
});
