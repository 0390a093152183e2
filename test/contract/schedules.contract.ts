import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Schedule, Schedules } from '#core/model/ports/schedules.ts';
import { collect } from '#support/collect.ts';

/** `now`: the adapter's present, epoch ms. What the adapter holds is empty at first. */
export type SchedulesUnderTest = { readonly schedules: Schedules; readonly now: number; close(): Promise<void> };

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

/** What both hosts' Schedules must do, firing aside. */
export function schedulesContract(name: string, make: () => Promise<SchedulesUnderTest>): void {
  describe(`Schedules: ${name}`, () => {
    let made: SchedulesUnderTest;
    let schedule: Schedule;
    beforeEach(async () => {
      made = await make();
      schedule = {
        name: 'stocktake-d41.v_2',
        expression: 'rate(5 minutes)',
        timezone: 'UTC',
        state: 'enabled',
        startAt: Math.ceil(made.now / HOUR) * HOUR + HOUR,
        input: '{"datasource":"photos","at":"<aws.scheduler.scheduled-time>"}',
      };
    });
    afterEach(() => made.close());

    test('given a schedule was put, then it is read as it was put', async () => {
      await made.schedules.put(schedule);
      expect(await made.schedules.read(schedule.name)).toEqual({ ...schedule, modifiedAt: expect.any(Number) });
    });

    test('given one was put, when another is put under its name, then it is replaced whole', async () => {
      await made.schedules.put(schedule);
      const next: Schedule = {
        name: schedule.name,
        expression: 'cron(0 6 ? * 2 *)',
        timezone: 'Europe/Berlin',
        state: 'disabled',
        startAt: schedule.startAt + HOUR,
        input: '{}',
      };
      await made.schedules.put(next);
      expect(await made.schedules.read(schedule.name)).toEqual({ ...next, modifiedAt: expect.any(Number) });
      expect(await listed(made.schedules)).toEqual([schedule.name]);
    });

    test('given the same is put twice, then nothing changes', async () => {
      await made.schedules.put(schedule);
      await made.schedules.put(schedule);
      expect(await made.schedules.read(schedule.name)).toMatchObject(schedule);
      expect(await listed(made.schedules)).toEqual([schedule.name]);
    });

    test('given one was put, then it tells when, in epoch milliseconds', async () => {
      await made.schedules.put(schedule);
      const { modifiedAt = 0 } = (await made.schedules.read(schedule.name)) ?? {};
      expect(Math.abs(modifiedAt - made.now)).toBeLessThan(MINUTE);
    });

    test('given several, then all are listed', async () => {
      const names = ['a', 'B', 'a.b', 'a-b', '0'.repeat(64)];
      for (const each of names) await made.schedules.put({ ...schedule, name: each });
      expect((await listed(made.schedules)).sort()).toEqual([...names].sort());
    });

    test('given one is put anew, then its list entry tells state and date as reading it does', async () => {
      await made.schedules.put(schedule);
      await made.schedules.put({ ...schedule, name: 'other', state: 'disabled' });
      for (const listed of await collect(made.schedules.list())) {
        const { state, modifiedAt } = (await made.schedules.read(listed.name)) ?? {};
        expect(listed).toEqual({ name: listed.name, state, modifiedAt });
        expect(state).toBe(listed.name === 'other' ? 'disabled' : 'enabled');
      }
    });

    test('given none, then reading says undefined, listing is empty and removing does nothing', async () => {
      expect(await made.schedules.read('missing')).toBeUndefined();
      expect(await listed(made.schedules)).toEqual([]);
      await made.schedules.remove('missing');
    });

    test('given one is removed, then only that one is gone', async () => {
      await made.schedules.put(schedule);
      await made.schedules.put({ ...schedule, name: 'other' });
      await made.schedules.remove(schedule.name);
      expect(await made.schedules.read(schedule.name)).toBeUndefined();
      expect(await listed(made.schedules)).toEqual(['other']);
    });

    test.each(['', 'a/b', 'a b', 'é', '0'.repeat(65)])('given the name %j, then put refuses it', async (bad) => {
      await expect(made.schedules.put({ ...schedule, name: bad })).rejects.toThrow();
      expect(await listed(made.schedules)).toEqual([]);
    });

    test.each(['', 'rate(0 minutes)', 'rate(5 fortnights)', 'cron(0 6 * * *)', 'cron(0 6 ? * 9 *)', '0 6 * * *'])(
      'given the expression %j, then put refuses it',
      async (expression) => {
        await expect(made.schedules.put({ ...schedule, expression })).rejects.toThrow();
        expect(await listed(made.schedules)).toEqual([]);
      },
    );
  });
}

async function listed(schedules: Schedules): Promise<string[]> {
  return (await collect(schedules.list())).map(({ name }) => name);
}
