import fc from 'fast-check';
import { beforeEach, describe, expect, test } from 'vitest';
import { createSchedulerSchedules } from '#adapters/aws/scheduler-schedules.ts';
import type { Schedule } from '#core/model/ports/schedules.ts';
import { nextFire } from '#core/timing/next-fire.ts';
import { FakeScheduler, schedulerErrors } from '#support/aws/fake-scheduler.ts';
import { collect } from '#support/collect.ts';

const START = Date.parse('2026-11-22T07:00:00.123Z');
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const GROUP = 'stocktake';
const target = {
  group: GROUP,
  roleArn: 'arn:aws:iam::111122223333:role/scheduler',
  targetArn: 'arn:aws:lambda:eu-west-1:111122223333:function:sync',
  deadLetterArn: 'arn:aws:sqs:eu-west-1:111122223333:dead',
};
const hourly: Schedule = {
  name: 'photos',
  expression: 'rate(1 hour)',
  timezone: 'UTC',
  state: 'enabled',
  startAt: START,
  input: '{"datasource":"photos","scheduled_time":"<aws.scheduler.scheduled-time>"}',
};

describe('EventBridge Scheduler schedules', () => {
  let now: number;
  let delays: number[];
  let scheduler: FakeScheduler;
  let schedules: ReturnType<typeof createSchedulerSchedules>;
  beforeEach(() => {
    now = START;
    delays = [];
    scheduler = new FakeScheduler({ groups: [GROUP], now: () => now });
    schedules = createSchedulerSchedules(scheduler.client, {
      ...target,
      clock: { now: () => now },
      patience: {
        sleep: async (milliseconds) => void delays.push(milliseconds),
        random: () => 0.999_999,
        retries: 4,
      },
    });
  });
  const operations = () => scheduler.calls.map(({ operation }) => operation);

  test('given a schedule is put, then it stands in the group with target, role, dead letters and bounded retries', async () => {
    await schedules.put(hourly);
    expect(scheduler.standing('default')).toEqual([]);
    expect(scheduler.standing(GROUP)).toEqual([
      {
        Name: 'photos',
        GroupName: GROUP,
        Description: 'Stocktake datasource. Counts from 2026-11-22T07:00:00.123Z.',
        ScheduleExpression: 'rate(1 hour)',
        ScheduleExpressionTimezone: 'UTC',
        StartDate: new Date('2026-11-22T07:00:00Z'),
        State: 'ENABLED',
        FlexibleTimeWindow: { Mode: 'OFF' },
        ActionAfterCompletion: 'NONE',
        Target: {
          Arn: target.targetArn,
          RoleArn: target.roleArn,
          Input: hourly.input,
          RetryPolicy: { MaximumEventAgeInSeconds: 3600, MaximumRetryAttempts: 5 },
          DeadLetterConfig: { Arn: target.deadLetterArn },
        },
        LastModificationDate: new Date(START),
      },
    ]);
    expect(operations()).toEqual(['Update', 'Create']);
  });

  test('given fields were set in the console that the port does not have, when it is put, then none of them stays', async () => {
    await schedules.put(hourly);
    const before = scheduler.standing(GROUP);
    scheduler.edit(GROUP, 'photos', {
      EndDate: new Date(START + HOUR),
      KmsKeyArn: 'arn:aws:kms:eu-west-1:111122223333:key/theirs',
      FlexibleTimeWindow: { Mode: 'FLEXIBLE', MaximumWindowInMinutes: 15 },
      Target: { Arn: 'arn:theirs', RoleArn: 'arn:theirs', Input: '{}' },
    });
    await schedules.put(hourly);
    expect(scheduler.standing(GROUP)).toEqual(before);
  });

  test.each([
    ['rate(1 minute)', 60],
    ['rate(5 minutes)', 300],
    ['rate(1 hour)', 3600],
    ['rate(1 day)', 86_400],
    ['rate(365 days)', 86_400],
    ['cron(*/15 * * * ? *)', 900],
    ['cron(0 9-17 ? * 2-6 *)', 3600],
    ['cron(0 6 1 * ? *)', 86_400],
    ['at(2027-01-31T06:00:00)', 3600],
  ])('given %s, then a tick may be at most %d seconds old', async (expression, seconds) => {
    await schedules.put({ ...hourly, expression });
    const [standing] = scheduler.standing(GROUP);
    expect(standing?.Target?.RetryPolicy?.MaximumEventAgeInSeconds).toBe(seconds);
  });

  test('given a console edit, when it is read, then it is told as it stands, with its time', async () => {
    await schedules.put(hourly);
    now += 5 * MINUTE;
    scheduler.edit(GROUP, 'photos', {
      State: 'DISABLED',
      ScheduleExpression: 'cron(0 6 L * ? *)',
      ScheduleExpressionTimezone: 'Europe/Berlin',
    });
    expect(await schedules.read('photos')).toEqual({
      ...hourly,
      state: 'disabled',
      expression: 'cron(0 6 L * ? *)',
      timezone: 'Europe/Berlin',
      modifiedAt: START + 5 * MINUTE,
    });
  });

  const elsewhere: [string, object][] = [
    ['function', { Arn: 'arn:aws:lambda:eu-west-1:111122223333:function:sync-before' }],
    ['role', { RoleArn: 'arn:aws:iam::111122223333:role/scheduler-before' }],
    ['queue of dead letters', { DeadLetterConfig: undefined }],
  ];
  test.each(elsewhere)(
    'given it has another %s than the deployment, then it is misdirected, until it is put',
    async (_, change) => {
      await schedules.put(hourly);
      const [standing] = scheduler.standing(GROUP);
      scheduler.edit(GROUP, 'photos', { Target: { ...standing!.Target!, ...change } });
      expect(await schedules.read('photos')).toMatchObject({ ...hourly, misdirected: true });
      await schedules.put(hourly);
      expect(await schedules.read('photos')).not.toHaveProperty('misdirected');
    },
  );

  describe('when its start has passed', () => {
    test('given a rate, when it is put again, then it starts at its next firing and is read as it was put', async () => {
      now += 3 * HOUR + 10 * MINUTE;
      await schedules.put(hourly);
      expect(scheduler.standing(GROUP)[0]?.StartDate).toEqual(new Date('2026-11-22T11:00:00Z'));
      expect(await schedules.read('photos')).toEqual({ ...hourly, modifiedAt: now });
      now += 300 * 24 * HOUR;
      expect(await schedules.read('photos')).toMatchObject(hourly);
      await schedules.put(hourly);
      expect(await schedules.read('photos')).toMatchObject(hourly);
    });

    test('given a cron, when it is put again, then it has no start and is read as it was put', async () => {
      now += 3 * HOUR;
      const cron = { ...hourly, expression: 'cron(0 6 * * ? *)' };
      await schedules.put(cron);
      expect(scheduler.standing(GROUP)[0]?.StartDate).toBeUndefined();
      expect(await schedules.read('photos')).toMatchObject(cron);
    });

    test.each([
      [4 * MINUTE, START],
      [4 * MINUTE + 1, START + HOUR],
    ])(
      'given it has passed by %d ms, then it is sent as long as clocks may differ by a minute',
      async (age, startAt) => {
        now += age;
        await schedules.put(hourly);
        expect(scheduler.standing(GROUP)[0]?.StartDate?.getTime()).toBe(Math.floor(startAt / 1000) * 1000);
      },
    );

    test('given any rate, start and moment, then Scheduler takes it, the beat is kept and it is read as it was put', async () => {
      const rates = fc.constantFrom('rate(1 minute)', 'rate(7 minutes)', 'rate(1 hour)', 'rate(2 days)');
      const ages = fc.integer({ min: -3 * 24 * HOUR, max: 90 * 24 * HOUR });
      await fc.assert(
        fc.asyncProperty(rates, ages, async (expression, age) => {
          const schedule = { ...hourly, expression, startAt: now - age };
          await schedules.put(schedule);
          expect(await schedules.read('photos')).toMatchObject(schedule);
          const sent = scheduler.standing(GROUP)[0]?.StartDate?.getTime() ?? 0;
          const due = nextFire(expression, 'UTC', schedule.startAt, now - 4 * MINUTE - 1) ?? 0;
          const later = nextFire(expression, 'UTC', schedule.startAt, now) ?? 0;
          expect([due, later].map((at) => Math.floor(at / 1000) * 1000)).toContain(sent);
        }),
      );
    });

    test.each([
      ['another start', { StartDate: new Date('2026-11-24T07:13:00Z') }, Date.parse('2026-11-24T07:13:00Z')],
      ['no start', { StartDate: undefined }, 0],
      ['a start before the one that was put', { StartDate: new Date('2026-11-21T07:00:00Z') }, START - 24 * HOUR - 123],
      ['another description and start', { Description: 'x', StartDate: new Date(START + 9) }, START + 9],
      ['another rate', { ScheduleExpression: 'rate(7 hours)' }, Date.parse('2026-11-22T11:00:00Z')],
    ])('given the console sets %s, then the start is told as it stands', async (_, change, startAt) => {
      now += 3 * HOUR + 10 * MINUTE;
      await schedules.put(hourly);
      scheduler.edit(GROUP, 'photos', change);
      expect((await schedules.read('photos'))?.startAt).toBe(startAt);
    });
  });

  describe('when Scheduler pushes back', () => {
    test('given another one creates it in between, when it is put, then it is updated', async () => {
      let raced = false;
      scheduler.fault = ({ operation, when }) => {
        if (operation !== 'Create' || when === 'after' || raced) return undefined;
        raced = true;
        return schedulerErrors.conflict('Schedule photos already exists.');
      };
      await schedules.put(hourly);
      expect(operations()).toEqual(['Update', 'Create', 'Update', 'Create']);
      expect(delays).toEqual([50]);
    });

    test.each([
      ['is being changed', () => schedulerErrors.conflict('Schedule photos is currently being updated.')],
      ['is throttled', () => schedulerErrors.throttled()],
    ])('given each operation %s twice, then the third try stands', async (_, error) => {
      for (const operation of ['Update', 'Create', 'Get', 'List', 'Delete']) {
        let refusals = 2;
        scheduler.fault = (call) =>
          call.operation === operation && call.when === 'before' && refusals-- > 0 ? error() : undefined;
        await schedules.put(hourly);
        expect(await schedules.read('photos')).toMatchObject(hourly);
        expect(await collect(schedules.list())).toMatchObject([{ name: 'photos' }]);
        await schedules.remove('photos');
        expect(scheduler.standing(GROUP)).toEqual([]);
        expect(refusals).toBeLessThanOrEqual(0);
      }
    });

    test('given it never ends, then the error is thrown after the last try', async () => {
      scheduler.fault = () => schedulerErrors.conflict('Schedule photos is currently being updated.');
      await expect(schedules.put(hourly)).rejects.toMatchObject({ name: 'ConflictException' });
      expect(delays).toEqual([50, 100, 200, 400]);
    });

    test('given the answer to a create is lost after it took effect, when it is put again, then it stands once', async () => {
      scheduler.fault = ({ operation, when }) =>
        operation === 'Create' && when === 'after' ? new Error('socket hang up') : undefined;
      await expect(schedules.put(hourly)).rejects.toThrow('socket hang up');
      await schedules.put(hourly);
      expect(scheduler.standing(GROUP)).toHaveLength(1);
    });

    test.each(['put', 'read', 'remove'] as const)('given another error, then %s throws it at once', async (method) => {
      scheduler.fault = () => Object.assign(new Error('not allowed'), { name: 'AccessDeniedException' });
      const call = {
        put: () => schedules.put(hourly),
        read: () => schedules.read('a'),
        remove: () => schedules.remove('a'),
      };
      await expect(call[method]()).rejects.toMatchObject({ name: 'AccessDeniedException' });
      expect(scheduler.calls).toHaveLength(1);
    });
  });

  test('given the group is gone, then reading and putting throw instead of saying that the schedule is missing', async () => {
    await schedules.put(hourly);
    scheduler.deleteGroup(GROUP);
    await expect(schedules.read('photos')).rejects.toMatchObject({ name: 'ResourceNotFoundException' });
    await expect(schedules.put(hourly)).rejects.toMatchObject({ name: 'ResourceNotFoundException' });
    await expect(collect(schedules.list())).rejects.toMatchObject({ name: 'ResourceNotFoundException' });
  });

  test('given a schedule by the name of group is missing, then it is missing', async () => {
    expect(await schedules.read('group')).toBeUndefined();
  });

  test('given more than a page, then all are listed, from this group only', async () => {
    const names = Array.from({ length: 230 }, (_, index) => `s-${String(index).padStart(3, '0')}`);
    for (const name of names) await schedules.put({ ...hourly, name });
    const other = createSchedulerSchedules(scheduler.client, {
      ...target,
      group: 'default',
      clock: { now: () => now },
    });
    await other.put({ ...hourly, name: 'theirs' });
    expect((await collect(schedules.list())).map(({ name }) => name)).toEqual(names);
    expect(operations().filter((operation) => operation === 'List')).toHaveLength(3);
  });
});
