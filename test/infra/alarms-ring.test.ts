import { describe, expect, test } from 'vitest';
import { type AlarmProperties, type Alignment, ringsOf, type Sample, type World } from './alarm-evaluator.ts';
import { synthesize } from './stack-template.ts';

const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
/** Trouble begins here; before it all is quiet. Not on a full period of any alarm. */
const BEGIN = 10 * DAY + 7 * MINUTE;

const stack = synthesize();
const alarms = stack
  .ofType('AWS::CloudWatch::Alarm')
  .map(([, { Properties }]) => Properties as unknown as AlarmProperties);
const nameOf = ({ AlarmName }: AlarmProperties): string => AlarmName.replace(/^stocktake-(high|medium|low)-/, '');
const alarm = (name: string): AlarmProperties => {
  const found = alarms.find((each) => nameOf(each) === name);
  if (found === undefined) throw new Error(`there is no alarm ${name}`);
  return found;
};
const alignments: readonly Alignment[] = ['sliding', 'aligned'];

type Trouble = {
  /** What is told while there is trouble, and otherwise. Undefined: nothing. */
  readonly bad: Readonly<Record<string, number>>;
  readonly good: Readonly<Record<string, number>>;
  /** Samples come so far apart, seconds. */
  readonly every: number;
  /** It rings when trouble has lasted so long, seconds. */
  readonly within: number;
};

/** What each alarm is there for, as its metrics tell it. An alarm that is new needs its line. */
const troubles: Readonly<Record<string, Trouble>> = {
  'datasources-unhealthy': trouble({ DatasourcesTurnedUnhealthy: 1 }, { DatasourcesTurnedUnhealthy: 0 }, 5 * MINUTE),
  'runs-held': trouble({ RunsHeld: 1 }, {}, HOUR),
  'schedules-missing': trouble({ SchedulesMissing: 11 }, { SchedulesMissing: 0 }, 5 * MINUTE),
  'ticks-lost': trouble({ InvocationsFailedToBeSentToDeadLetterCount: 1 }, {}, 5 * MINUTE),
  // All datasources sync by the hour.
  'syncs-late': { ...trouble({ TickLateSeconds: 400 }, { TickLateSeconds: 2 }, HOUR), within: 70 * MINUTE },
  'work-late': trouble(
    { ApproximateAgeOfOldestMessage: 2000 },
    { ApproximateAgeOfOldestMessage: 30 },
    MINUTE,
    25 * MINUTE,
  ),
  'throttles-table': trouble({ WriteThrottleEvents: 5 }, {}, MINUTE, 25 * MINUTE),
  ...each(['schedules', 'publisher'], 'changes-late', { IteratorAge: 700_000 }, { IteratorAge: 500 }, 25 * MINUTE),
  ...each(
    ['work', 'jobs', 'ticks', 'sweeps', 'schedules', 'webhooks', 'publisher'],
    'dead-letters',
    { ApproximateNumberOfMessagesVisible: 1 },
    {},
  ),
  ...each(['api', 'probe', 'sync', 'schedules', 'publisher', 'jobs'], 'errors', { Errors: 1 }, { Errors: 0 }),
  ...each(
    ['api', 'probe', 'sync', 'schedules', 'publisher', 'jobs'],
    'throttles',
    { Throttles: 3 },
    { Throttles: 0 },
    25 * MINUTE,
  ),
  'api-server-errors': trouble({ '5xx': 1 }, { '5xx': 0 }, MINUTE),
};

function trouble(bad: Trouble['bad'], good: Trouble['good'], every: number, within = 10 * MINUTE + every): Trouble {
  return { bad, good, every, within };
}

function each(names: readonly string[], prefix: string, bad: Trouble['bad'], good: Trouble['good'], within?: number) {
  return Object.fromEntries(names.map((name) => [`${prefix}-${name}`, trouble(bad, good, MINUTE, within)]));
}

type Making = {
  readonly from: number;
  readonly to: number;
  readonly troubled: (at: number) => boolean;
  readonly lateBy?: (index: number) => number;
  readonly lost?: (index: number) => boolean;
};

function worldOf({ bad, good, every }: Trouble, { from, to, troubled, lateBy, lost }: Making): World {
  const world: Record<string, Sample[]> = {};
  for (let at = from, index = 0; at < to; at += every, index += 1) {
    if (lost?.(index)) continue;
    for (const [name, value] of Object.entries(troubled(at) ? bad : good)) {
      world[name] = [...(world[name] ?? []), { at, value, arrives: at + (lateBy?.(index) ?? 30) }];
    }
  }
  return world;
}

/** Hours that it takes samples an hour apart to tell anything. */
const scaleOf = ({ every }: Trouble): number => (every === HOUR ? 8 : 1);

describe.each(alignments)('each alarm but shares, periods %s', (alignment) => {
  const cases = Object.entries(troubles);
  const during = (settings: Trouble) => {
    const scale = scaleOf(settings);
    return { from: BEGIN - 3 * HOUR * scale, to: BEGIN + 9 * HOUR * scale, end: BEGIN + 2 * HOUR * scale, alignment };
  };

  test.each(cases)('given %s and no data at all, it is quiet', (name, settings) => {
    expect(ringsOf(alarm(name), {}, during(settings))).toEqual([]);
  });

  test.each(cases)('given %s and all is well, it is quiet', (name, settings) => {
    const time = during(settings);
    expect(ringsOf(alarm(name), worldOf(settings, { ...time, troubled: () => false }), time)).toEqual([]);
  });

  test.each(cases)('given %s and trouble that lasts, it rings once, in time', (name, settings) => {
    const time = during(settings);
    const world = worldOf(settings, { ...time, troubled: (at) => at >= BEGIN && at < time.end });
    const [first = Number.POSITIVE_INFINITY, ...more] = ringsOf(alarm(name), world, time);
    expect(first).toBeGreaterThanOrEqual(BEGIN);
    expect(first - BEGIN).toBeLessThanOrEqual(settings.within);
    expect(more).toEqual([]);
  });

  test.each(cases)('given %s and each newest point comes six minutes late, it rings all the same', (name, settings) => {
    const time = during(settings);
    const troubled = (at: number): boolean => at >= BEGIN && at < time.end;
    const world = worldOf(settings, { ...time, troubled, lateBy: () => 6 * MINUTE });
    const [first = Number.POSITIVE_INFINITY] = ringsOf(alarm(name), world, time);
    expect(first - BEGIN).toBeLessThanOrEqual(settings.within + 6 * MINUTE);
  });

  test.each(cases)('given %s and every other point is lost, it rings all the same', (name, settings) => {
    const time = during(settings);
    const troubled = (at: number): boolean => at >= BEGIN && at < time.end;
    const world = worldOf(settings, { ...time, troubled, lost: (index) => index % 2 === 0 });
    expect(ringsOf(alarm(name), world, time).length).toBeGreaterThan(0);
  });

  test.each(cases)('given %s and trouble that is over, it rings again for the next', (name, settings) => {
    const scale = scaleOf(settings);
    const time = during(settings);
    const again = time.end + 12 * HOUR * scale;
    const troubled = (at: number): boolean =>
      (at >= BEGIN && at < time.end) || (at >= again && at < again + 2 * HOUR * scale);
    const to = again + 4 * HOUR * scale;
    const world = worldOf(settings, { ...time, to, troubled });
    expect(ringsOf(alarm(name), world, { ...time, to })).toHaveLength(2);
  });
});

test('given the template, each of its alarms is evaluated here', () => {
  expect(alarms.map(nameOf).sort()).toEqual([...Object.keys(troubles), 'runs-failed'].sort());
});

test('given a function that nobody calls, and throttles of another, then that one rings alone', () => {
  const world = { Throttles: Array.from({ length: 60 }, (_, index) => ({ at: BEGIN + index * MINUTE, value: 2 })) };
  const time = { from: BEGIN - HOUR, to: BEGIN + HOUR, alignment: 'aligned' } as const;
  expect(ringsOf(alarm('throttles-sync'), world, time)).toHaveLength(1);
  expect(alarm('throttles-sync').Metrics).toBeUndefined();
});

test('given a sum that is filled and must be above three times of three, then a late newest point silences it', () => {
  const stuck = { ...alarm('throttles-table'), EvaluationPeriods: 3, DatapointsToAlarm: 3 };
  const minutes = Array.from({ length: 6 * 60 }, (_, index) => BEGIN + index * MINUTE);
  const world = { WriteThrottleEvents: minutes.map((at) => ({ at, value: 9, arrives: at + 6 * MINUTE })) };
  const time = { from: BEGIN - HOUR, to: BEGIN + 6 * HOUR, alignment: 'sliding' } as const;
  expect(ringsOf(stuck, world, time)).toEqual([]);
  expect(ringsOf(alarm('throttles-table'), world, time)).toHaveLength(1);
});

test('given a metric of DynamoDB alone, an alarm would stay on for ever, for missing data keep it', () => {
  const bare: AlarmProperties = {
    ...{
      AlarmName: 'bare',
      Namespace: 'AWS/DynamoDB',
      MetricName: 'WriteThrottleEvents',
      Period: 300,
      Statistic: 'Sum',
    },
    ...{ EvaluationPeriods: 5, DatapointsToAlarm: 3, Threshold: 0, TreatMissingData: 'notBreaching' },
    ComparisonOperator: 'GreaterThanThreshold',
  };
  const hour = (from: number) => Array.from({ length: 60 }, (_, index) => ({ at: from + index * MINUTE, value: 1 }));
  const world = { WriteThrottleEvents: [...hour(BEGIN), ...hour(BEGIN + 12 * HOUR)] };
  const time = { from: BEGIN - HOUR, to: BEGIN + DAY, alignment: 'aligned' } as const;
  expect(ringsOf(bare, world, time)).toHaveLength(1);
  expect(ringsOf(alarm('throttles-table'), world, time)).toHaveLength(2);
});

/** Runs and sweeps of a Stocktake: each datasource syncs by the hour, and one that fails backs off to a try a day. */
function stocktake(
  datasources: number,
  span: { readonly from: number; readonly to: number },
  failing: (index: number) => { readonly from: number; readonly to: number } | undefined,
): World {
  const ended: Sample[] = [];
  const failed: Sample[] = [];
  const turned = new Map<number, number>();
  for (let index = 0; index < datasources; index += 1) {
    const trouble = failing(index);
    let failures = 0;
    let retryAt = 0;
    const offset = Math.floor((index * HOUR) / datasources);
    for (let at = Math.ceil(span.from / HOUR) * HOUR + offset; at < span.to; at += HOUR) {
      if (at < retryAt) continue;
      const fails = trouble !== undefined && at >= trouble.from && at < trouble.to;
      failures = fails ? failures + 1 : 0;
      if (failures > 1) retryAt = at + Math.min(DAY, HOUR * 2 ** (failures - 1)) - 1;
      ended.push({ at, value: 1 });
      if (!fails) continue;
      failed.push({ at, value: 1 });
      if (failures !== 1) continue;
      // The next round of the sweep that begins after it tells.
      const round = Math.ceil((at + 1) / (5 * MINUTE)) * 5 * MINUTE + 20;
      turned.set(round, (turned.get(round) ?? 0) + 1);
    }
  }
  const rounds: Sample[] = [];
  for (let at = Math.ceil(span.from / 300) * 300 + 20; at < span.to; at += 300) {
    rounds.push({ at, value: turned.get(at) ?? 0, arrives: at + 60 });
  }
  const inOrder = (samples: Sample[]) => samples.sort((one, other) => one.at - other.at);
  return { RunSeconds: inOrder(ended), RunsFailed: inOrder(failed), DatasourcesTurnedUnhealthy: rounds };
}

describe.each(alignments)('failures among many datasources, periods %s', (alignment) => {
  const span = { from: BEGIN - 6 * HOUR, to: BEGIN + 7 * DAY };
  const week = { ...span, alignment };
  const always = { from: BEGIN, to: Number.POSITIVE_INFINITY };

  test.each([1, 3, 20, 300])('given one of %i that fails for a week, then that rings once', (datasources) => {
    const world = stocktake(datasources, span, (index) => (index === 0 ? always : undefined));
    expect(ringsOf(alarm('datasources-unhealthy'), world, week)).toHaveLength(1);
    expect(ringsOf(alarm('runs-failed'), world, week)).toEqual([]);
  });

  test('given 20 of 300 that have failed for days, then a new failure rings beside them, within a quarter of an hour', () => {
    const later = BEGIN + 4 * DAY;
    const world = stocktake(300, span, (index) => {
      if (index < 20) return { from: BEGIN - 6 * HOUR, to: Number.POSITIVE_INFINITY };
      return index === 150 ? { from: later, to: later + 5 * HOUR } : undefined;
    });
    const rings = ringsOf(alarm('datasources-unhealthy'), world, { ...week, from: BEGIN + DAY });
    expect(rings).toHaveLength(1);
    const [failedAt = 0] = [...(world.RunsFailed ?? [])].filter(({ at }) => at >= later).map(({ at }) => at);
    expect((rings[0] ?? 0) - failedAt).toBeLessThanOrEqual(15 * MINUTE);
    expect(ringsOf(alarm('runs-failed'), world, { ...week, from: BEGIN + DAY })).toEqual([]);
  });

  test('given new failures some hours apart, then each rings', () => {
    const world = stocktake(300, span, (index) =>
      index % 60 === 0
        ? { from: BEGIN + (index / 60) * 8 * HOUR, to: BEGIN + (index / 60) * 8 * HOUR + 30 * HOUR }
        : undefined,
    );
    expect(ringsOf(alarm('datasources-unhealthy'), world, week)).toHaveLength(5);
  });

  test('given a fifth of 100 fails in the same hour, then their share rings too', () => {
    const world = stocktake(100, span, (index) =>
      index % 5 === 0 ? { from: BEGIN, to: BEGIN + 3 * HOUR } : undefined,
    );
    const [rang = Number.POSITIVE_INFINITY] = ringsOf(alarm('runs-failed'), world, week);
    expect(rang - BEGIN).toBeLessThanOrEqual(2 * HOUR);
  });

  test('given hours in which nothing fails, then the share has no value and that is quiet', () => {
    expect(
      ringsOf(
        alarm('runs-failed'),
        stocktake(100, span, () => undefined),
        week,
      ),
    ).toEqual([]);
  });
});
