import { describe, expect, it, test } from 'vitest';
import { Failure } from '#core/model/errors.ts';
import { parseInput } from '#core/model/parse-input.ts';
import { dateChanges, planSync, sameSchedule } from '#core/registry/changes/plan-sync.ts';
import { datasourceInput, type SyncInput, type SyncPolicy } from '#core/registry/datasource.ts';
import cronVectors from '../../../vectors/cron.json' with { type: 'json' };
import durationVectors from '../../../vectors/durations.json' with { type: 'json' };

const intervals = durationVectors.interval as [string, string | null][];
const crons = cronVectors.rows as [string, string | null][];

const plan = (input: SyncInput | undefined, stored?: SyncPolicy, now = 1000, minimum = 10) =>
  planSync(input, stored, now, minimum);
const refusal = (input: SyncInput, stored?: SyncPolicy, minimum = 10) => {
  try {
    plan(input, stored, 1000, minimum);
  } catch (error) {
    if (error instanceof Failure && error.code === 'invalid_request') return error;
  }
  throw new Error('it was accepted');
};

describe('the schedule a caller asks for', () => {
  test.each(intervals)('given the interval %j, then the expression is %s', (interval, expression) => {
    if (expression === null) {
      const { details } = refusal({ interval });
      expect(details).toEqual([{ path: 'sync.interval', reason: expect.stringMatching(/.{20}/) }]);
      return;
    }
    expect(plan({ interval })).toEqual({
      ...{ enabled: true, strategy: 'interval', interval, expression, changed_by: 'api', anchor: 1000 },
      ...{ cron: undefined, timezone: undefined, page_size: undefined },
    });
  });

  test.each(crons)('given the cron %j, then the expression is %s', (cron, expression) => {
    if (expression === null) {
      expect(refusal({ cron }).details).toEqual([{ path: 'sync.cron', reason: expect.stringMatching(/.{10}/) }]);
      return;
    }
    expect(plan({ cron, timezone: 'Europe/Berlin' })).toMatchObject({
      strategy: 'cron',
      expression,
      timezone: 'Europe/Berlin',
    });
    expect(plan({ cron })).toMatchObject({ timezone: 'UTC' });
  });

  it('given that it may be emptied, then that is kept until it is unsaid, and moves no schedule', () => {
    const stored = plan({ interval: '5m', expect_empty: true });
    expect(stored.expect_empty).toBe(true);
    const later = plan({ page_size: 5 }, stored, 2000);
    expect([later.expect_empty, later.anchor, sameSchedule(later, stored)]).toEqual([true, 1000, true]);
    const unsaid = plan({ expect_empty: false }, stored, 2000);
    expect([unsaid.expect_empty, unsaid.anchor]).toEqual([false, 1000]);
    expect(plan({ interval: '5m' }).expect_empty).toBeUndefined();
  });

  it('given nothing, then it syncs by hand only', () => {
    for (const input of [undefined, {}]) {
      const policy = plan(input);
      expect(policy).toMatchObject({ strategy: 'manual', enabled: true });
      expect(policy.expression).toBeUndefined();
    }
  });

  test.each<[SyncInput, string, string]>([
    [{ interval: '5m', cron: '0 6 * * *' }, 'sync', 'not both'],
    [{ strategy: 'interval' }, 'sync.interval', 'is required'],
    [{ strategy: 'cron' }, 'sync.cron', 'is required'],
    [{ strategy: 'interval', cron: '0 6 * * *' }, 'sync.cron', 'goes with strategy "cron"'],
    [{ strategy: 'cron', interval: '5m' }, 'sync.interval', 'goes with strategy "interval"'],
    [{ strategy: 'manual', interval: '5m' }, 'sync.interval', 'goes with strategy "interval"'],
    [{ strategy: 'manual', cron: '0 6 * * *' }, 'sync.cron', 'goes with strategy "cron"'],
    [{ interval: '5m', timezone: 'UTC' }, 'sync.timezone', 'goes with strategy "cron"'],
    [{ timezone: 'UTC' }, 'sync.timezone', 'goes with strategy "cron"'],
    [{ cron: '0 6 * * *', timezone: 'Mars/Olympus' }, 'sync.timezone', 'IANA'],
    [{ cron: '0 6 * * *', timezone: '' }, 'sync.timezone', 'IANA'],
    [{ cron: '0 6 * * *', timezone: 'asia/kolkata' }, 'sync.timezone', '"Asia/Kolkata"'],
    [{ cron: '0 6 * * *', timezone: 'us/pacific' }, 'sync.timezone', '"US/Pacific"'],
    [{ cron: '0 6 * * *', timezone: 'IST' }, 'sync.timezone', 'not a known IANA'],
  ])('given %j, then the fault is at %s and says %j', (input, path, words) => {
    const { details, message } = refusal(input);
    expect(details).toEqual([{ path, reason: expect.stringContaining(words) }]);
    expect(message).toContain(path);
  });

  it('given an interval that the installation does not allow, then the reason says the shortest', () => {
    expect(refusal({ interval: '10s' }, undefined, 60).details).toEqual([
      { path: 'sync.interval', reason: expect.stringContaining('the shortest is 1m') },
    ]);
    expect(plan({ interval: '1m' }, undefined, 1000, 60).expression).toBe('rate(1 minute)');
  });
});

describe('a change of the schedule', () => {
  const everyFive = plan({ interval: '5m', page_size: 100 }, undefined, 1000);
  const mornings = plan({ cron: '0 6 * * *', timezone: 'Europe/Berlin' }, undefined, 1000);

  it('given nothing or the same again, then all stays, anchor and author included', () => {
    const byConsole = { ...everyFive, changed_by: 'console' as const };
    for (const input of [undefined, {}, { interval: '5m' }, { interval: '300s' }, { strategy: 'interval' as const }]) {
      expect(plan(input, byConsole, 9000)).toMatchObject({ anchor: 1000, changed_by: 'console', page_size: 100 });
    }
    expect(plan({ interval: '300s' }, everyFive, 9000).interval).toBe('300s');
  });

  it('given a zone in a spelling that was taken before, then it may be kept and sent back, and not be set again', () => {
    const former = { ...mornings, timezone: 'asia/kolkata' };
    expect(plan({}, former, 9000)).toEqual(former);
    expect(plan({ cron: '0 6 * * *', timezone: 'asia/kolkata' }, former, 9000)).toEqual(former);
    expect(plan({ cron: '0 7 * * *' }, former, 9000)).toMatchObject({ timezone: 'asia/kolkata', anchor: 9000 });
    expect(plan({ cron: '0 7 * * *', timezone: 'asia/kolkata' }, former, 9000).timezone).toBe('asia/kolkata');
    expect(plan({ timezone: 'Asia/Kolkata' }, former, 9000)).toMatchObject({ timezone: 'Asia/Kolkata', anchor: 9000 });
    expect(refusal({ timezone: 'asia/Kolkata' }, former).details[0]?.reason).toContain('"Asia/Kolkata"');
    expect(refusal({ timezone: 'asia/kolkata' }, mornings).details[0]?.reason).toContain('"Asia/Kolkata"');
  });

  it('given what a view echoes, then all stays', () => {
    for (const stored of [everyFive, mornings, plan({})]) {
      const { anchor: _anchor, ...echo } = JSON.parse(JSON.stringify(stored));
      expect(plan(echo, stored, 9000)).toEqual(stored);
    }
  });

  test.each<SyncInput>([{ interval: '10m' }, { enabled: false }, { cron: '0 6 * * *' }, { strategy: 'manual' }])(
    'given %j, then it counts from now, and the rest of the timing goes',
    (input) => {
      const next = plan(input, { ...everyFive, changed_by: 'console' }, 9000);
      expect(next).toMatchObject({ anchor: 9000, changed_by: 'api', page_size: 100 });
      expect(sameSchedule(next, everyFive)).toBe(false);
      if (input.cron !== undefined || input.strategy === 'manual') expect(next.interval).toBeUndefined();
    },
  );

  it('given another time zone or another cron, then the other of the two stays', () => {
    expect(plan({ timezone: 'Asia/Tokyo' }, mornings, 9000)).toMatchObject({ cron: '0 6 * * *', anchor: 9000 });
    expect(plan({ cron: '0 7 * * *' }, mornings, 9000)).toMatchObject({ timezone: 'Europe/Berlin', anchor: 9000 });
    expect(plan({ interval: '5m' }, mornings).timezone).toBeUndefined();
  });

  it('given intervals below a minute with one expression, then they are told apart', () => {
    const tens = plan({ interval: '10s' });
    expect(plan({ interval: '30s' }, tens, 9000).anchor).toBe(9000);
    expect(plan({ interval: '60s' }, plan({ interval: '1m' }), 9000).anchor).toBe(1000);
  });

  it('given a shortest interval that was raised since, then what is stored is not judged again', () => {
    const tens = plan({ interval: '10s' });
    expect(plan({ enabled: false }, tens, 9000, 300)).toMatchObject({ enabled: false, interval: '10s' });
    expect(refusal({ interval: '15s' }, tens, 300).details[0]?.path).toBe('sync.interval');
  });

  it('given an expression that our grammar lacks, then it stays until another is asked for', () => {
    const odd: SyncPolicy = {
      ...everyFive,
      interval: undefined,
      expression: 'cron(0 6 L * ? *)',
      changed_by: 'console',
    };
    expect(plan({ page_size: 5 }, odd, 9000)).toMatchObject({ expression: 'cron(0 6 L * ? *)', anchor: 1000 });
    expect(plan({ interval: '5m' }, odd, 9000)).toMatchObject({ expression: 'rate(5 minutes)', anchor: 9000 });
  });
});

describe('the times of changes', () => {
  const everyFive = plan({ interval: '5m' }, undefined, 1000);
  const dated = (sync: SyncPolicy, enabled = true, before = everyFive) =>
    dateChanges({ sync, enabled }, { sync: before, enabled: true }, 9000).changed_at;

  it('given a new datasource, then both are now', () => {
    expect(dateChanges({ sync: everyFive, enabled: true }, undefined, 9000).changed_at).toEqual({
      ...{ timing: 9000, state: 9000 },
    });
  });

  it('given only one of timing and state changes, then only its time does', () => {
    const times = { timing: 1000, state: 1000 };
    expect(dated(everyFive)).toEqual(times);
    expect(dated(plan({ interval: '300s' }, everyFive))).toEqual(times);
    expect(dated(plan({ interval: '10m' }, everyFive))).toEqual({ ...times, timing: 9000 });
    expect(dated(plan({ cron: '0 6 * * *' }, everyFive))).toEqual({ ...times, timing: 9000 });
    expect(dated(plan({ strategy: 'manual' }, everyFive))).toEqual({ ...times, timing: 9000 });
    expect(dated(plan({ enabled: false }, everyFive))).toEqual({ ...times, state: 9000 });
    expect(dated(everyFive, false)).toEqual({ ...times, state: 9000 });
    expect(dated(everyFive, true, { ...everyFive, changed_at: { timing: 3, state: 4 } })).toEqual({
      timing: 3,
      state: 4,
    });
  });

  it('given a pause of what is paused by the other switch, then nothing changes', () => {
    const off = plan({ enabled: false }, everyFive);
    expect(dated(off, false, off)).toEqual({ timing: 1000, state: 1000 });
  });
});

describe('sync in the body', () => {
  const body = (sync: object) => ({ type: 'connector', name: 'n', connector: { id: 's3' }, sync });
  const detailsOf = (sync: object) => {
    try {
      parseInput(datasourceInput, body(sync), 'the datasource');
    } catch (error) {
      if (error instanceof Failure) return error.details;
    }
    throw new Error('it was accepted');
  };

  test.each([1, 1000])('given page_size %j, then it is taken', (page_size) => {
    expect(parseInput(datasourceInput, body({ page_size }), 'the datasource').sync).toEqual({ page_size });
  });

  test.each([
    [{ page_size: 0 }, 'sync.page_size', '1–1,000'],
    [{ page_size: -1 }, 'sync.page_size', '1–1,000'],
    [{ page_size: 1001 }, 'sync.page_size', '1–1,000'],
    [{ page_size: 1.5 }, 'sync.page_size', 'whole number'],
    [{ page_size: '100' }, 'sync.page_size', 'must be a number'],
    [{ page_size: null }, 'sync.page_size', 'must be a number'],
    [{ strategy: 'hourly' }, 'sync.strategy', '"interval", "cron" or "manual"'],
    [{ interval: 300 }, 'sync.interval', 'must be a text such as "5m"'],
    [{ enabled: 'yes' }, 'sync.enabled', 'must be true or false'],
    [{ every: '5m' }, 'sync.every', 'not a known field'],
  ])('given %j, then the fault is at %s and says %j', (sync, path, words) => {
    expect(detailsOf(sync)).toEqual([{ path, reason: expect.stringContaining(words) }]);
  });
});
