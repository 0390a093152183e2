import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Tick } from '#adapters/sqlite/firing-loop.ts';
import { openSqliteTable } from '#adapters/sqlite/sqlite-table.ts';
import { createTimerSchedules } from '#adapters/sqlite/timer-schedules.ts';
import type { Schedule } from '#core/model/ports/schedules.ts';
import type { Table } from '#core/model/ports/table.ts';
import { createRecordingLog } from '#support/recording-log.ts';
import { createVirtualTime, type VirtualTime } from '#support/virtual-time.ts';
import { schedulesContract } from './schedules.contract.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const START = Date.parse('2026-11-22T07:00:00Z');

schedulesContract('embedded', async () => {
  const { schedules, close } = host({ table: openSqliteTable(':memory:'), time: createVirtualTime(START) });
  return { schedules, now: START, close };
});

/** One process on a table; `crash` ends it as a kill does: nothing it had begun goes on. */
function host({ table, time, onTick }: { table: Table; time: VirtualTime; onTick?: (tick: Tick) => Promise<void> }) {
  const ticks: Tick[] = [];
  const log = createRecordingLog();
  let alive = true;
  const dead = new Promise<never>(() => undefined);
  const whileAlive =
    <Arguments extends unknown[], Result>(call: (...given: Arguments) => Promise<Result>) =>
    (...given: Arguments): Promise<Result> =>
      alive ? call(...given) : dead;
  const schedules = createTimerSchedules({
    table: { ...table, get: whileAlive(table.get), put: whileAlive(table.put), delete: whileAlive(table.delete) },
    clock: time.clock,
    timers: time.timers,
    log,
    onTick: async (tick) => {
      ticks.push(tick);
      await onTick?.(tick);
    },
  });
  return {
    schedules,
    ticks,
    log,
    times: () => ticks.map(({ scheduledTime }) => scheduledTime),
    crash: () => {
      alive = false;
    },
    close: () => schedules.stop(),
  };
}

function started(options: { onTick?: (tick: Tick) => Promise<void> } = {}) {
  const table = openSqliteTable(':memory:');
  const time = createVirtualTime(START);
  return { table, time, ...host({ table, time, ...options }) };
}

const everyTenMinutes: Schedule = {
  name: 'ten',
  expression: 'rate(10 minutes)',
  timezone: 'UTC',
  state: 'enabled',
  startAt: START,
  input: '{"at":"<aws.scheduler.scheduled-time>","again":"<aws.scheduler.scheduled-time>"}',
};

describe('timer schedules: firing', () => {
  test('given a rate that starts now, then it fires at once and then every period, with the time in its input', async () => {
    const { schedules, time, ticks } = started();
    await schedules.start();
    await schedules.put(everyTenMinutes);
    await time.advance(0);
    await time.advance(20 * MINUTE);
    expect(ticks).toEqual(
      ['2026-11-22T07:00:00Z', '2026-11-22T07:10:00Z', '2026-11-22T07:20:00Z'].map((scheduledTime) => ({
        name: 'ten',
        input: `{"at":"${scheduledTime}","again":"${scheduledTime}"}`,
        scheduledTime,
      })),
    );
  });

  test('given a rate whose start was a moment ago, then it still fires at once and keeps to its start', async () => {
    const { schedules, time, times } = started();
    await schedules.start();
    await time.advance(400);
    await schedules.put(everyTenMinutes);
    await time.advance(0);
    expect(times()).toEqual(['2026-11-22T07:00:00Z']);
    await time.advance(10 * MINUTE - 401);
    expect(times()).toHaveLength(1);
    await time.advance(1);
    expect(times()).toEqual(['2026-11-22T07:00:00Z', '2026-11-22T07:10:00Z']);
  });

  test('given a rate that starts later, then it fires first at its start', async () => {
    const { schedules, time, times } = started();
    await schedules.start();
    await schedules.put({ ...everyTenMinutes, startAt: START + 25 * MINUTE });
    await time.advance(25 * MINUTE - 1);
    expect(times()).toEqual([]);
    await time.advance(10 * MINUTE + 1);
    expect(times()).toEqual(['2026-11-22T07:25:00Z', '2026-11-22T07:35:00Z']);
  });

  test('given a cron with a time zone, then it fires at its own hours only, on local time across the clock change', async () => {
    const { schedules, time, times } = started();
    await schedules.start();
    // Berlin leaves summer time on 2027-03-28: 06:00 is 05:00Z before and 04:00Z after.
    await schedules.put({ ...everyTenMinutes, expression: 'cron(0 6 28 * ? *)', timezone: 'Europe/Berlin' });
    await time.advance(0);
    expect(times()).toEqual([]);
    await time.advance(130 * DAY);
    expect(times()).toEqual([
      '2026-11-28T05:00:00Z',
      '2026-12-28T05:00:00Z',
      '2027-01-28T05:00:00Z',
      '2027-02-28T05:00:00Z',
      '2027-03-28T04:00:00Z',
    ]);
  });

  test('given it is disabled, then it never fires; enabled again, it goes on without what fell due meanwhile', async () => {
    const { schedules, time, times } = started();
    await schedules.start();
    await schedules.put({ ...everyTenMinutes, state: 'disabled' });
    await time.advance(35 * MINUTE);
    expect(times()).toEqual([]);
    await schedules.put(everyTenMinutes);
    await time.advance(0);
    expect(times()).toEqual([]);
    await time.advance(5 * MINUTE);
    expect(times()).toEqual(['2026-11-22T07:40:00Z']);
    await schedules.put({ ...everyTenMinutes, state: 'disabled' });
    await time.advance(DAY);
    expect(times()).toHaveLength(1);
  });

  test('given it is removed, then it fires no more', async () => {
    const { schedules, time, times } = started();
    await schedules.start();
    await schedules.put(everyTenMinutes);
    await time.advance(0);
    await schedules.remove('ten');
    await time.advance(DAY);
    expect(times()).toHaveLength(1);
    expect(time.waiting()).toEqual([]);
  });

  test('given a put that changes nothing, or the input only, then what fired is not fired again', async () => {
    const { schedules, time, ticks, times } = started();
    await schedules.start();
    await schedules.put(everyTenMinutes);
    await time.advance(5 * MINUTE);
    await schedules.put(everyTenMinutes);
    await schedules.put({ ...everyTenMinutes, input: '{}' });
    await time.advance(5 * MINUTE);
    expect(times()).toEqual(['2026-11-22T07:00:00Z', '2026-11-22T07:10:00Z']);
    expect(ticks[1]?.input).toBe('{}');
  });

  test('given a put with a new rate or start, then it counts anew', async () => {
    const { schedules, time, times } = started();
    await schedules.start();
    await schedules.put(everyTenMinutes);
    await time.advance(5 * MINUTE);
    await schedules.put({ ...everyTenMinutes, expression: 'rate(4 minutes)', startAt: START + 6 * MINUTE });
    await time.advance(6 * MINUTE);
    expect(times()).toEqual(['2026-11-22T07:00:00Z', '2026-11-22T07:06:00Z', '2026-11-22T07:10:00Z']);
    await schedules.put({ ...everyTenMinutes, expression: 'cron(30 * * * ? *)' });
    await time.advance(HOUR);
    expect(times().slice(3)).toEqual(['2026-11-22T07:30:00Z']);
  });

  test('given a put with another start that has passed, then its latest moment fires at once', async () => {
    const { schedules, time, times } = started();
    await schedules.start();
    await schedules.put(everyTenMinutes);
    await time.advance(5 * MINUTE);
    await schedules.put({ ...everyTenMinutes, startAt: START - 3 * MINUTE - DAY });
    await time.advance(0);
    expect(times()).toEqual(['2026-11-22T07:00:00Z', '2026-11-22T06:57:00Z']);
    await time.advance(2 * MINUTE);
    expect(times().slice(2)).toEqual(['2026-11-22T07:07:00Z']);
  });

  test('given a tick fails, then it is logged with name and message, and the next one fires', async () => {
    const { schedules, time, times, log } = started({
      onTick: async () => {
        throw new TypeError('no such bucket');
      },
    });
    await schedules.start();
    await schedules.put(everyTenMinutes);
    await time.advance(10 * MINUTE);
    expect(times()).toHaveLength(2);
    expect(log.lines[0]).toEqual({
      level: 'error',
      fact: 'tick failed',
      fields: {
        schedule: 'ten',
        scheduled_time: '2026-11-22T07:00:00Z',
        error: 'TypeError',
        message: 'no such bucket',
      },
    });
    expect(log.lines).toHaveLength(2);
  });

  test('given a tick takes long, then the next fires meanwhile, and stop waits for both', async () => {
    const release = Promise.withResolvers<void>();
    const { schedules, time, times } = started({ onTick: () => release.promise });
    await schedules.start();
    await schedules.put(everyTenMinutes);
    await time.advance(10 * MINUTE);
    expect(times()).toHaveLength(2);
    let stopped = false;
    const stopping = schedules.stop().then(() => {
      stopped = true;
    });
    await time.advance(DAY);
    expect(stopped).toBe(false);
    release.resolve();
    await stopping;
    expect(times()).toHaveLength(2);
    expect(time.waiting()).toEqual([]);
  });

  test('given a tick that manages schedules itself, then nothing waits for ever', async () => {
    const table = openSqliteTable(':memory:');
    const time = createVirtualTime(START);
    const { schedules, times } = host({
      table,
      time,
      onTick: async () => {
        await schedules.put({ ...everyTenMinutes, state: 'disabled' });
        await schedules.remove('other');
      },
    });
    await schedules.start();
    await schedules.put(everyTenMinutes);
    await time.advance(DAY);
    expect(times()).toHaveLength(1);
    await schedules.stop();
  });

  test('given it fires, then it does not count as changed', async () => {
    const { schedules, time } = started();
    await schedules.start();
    await schedules.put(everyTenMinutes);
    await time.advance(20 * MINUTE);
    expect(await schedules.read('ten')).toMatchObject({ modifiedAt: START });
    await schedules.put(everyTenMinutes);
    expect(await schedules.read('ten')).toMatchObject({ modifiedAt: START + 20 * MINUTE });
  });

  test('given a schedule that version 0.1 stored, then it is read as changed long ago', async () => {
    const { schedules, table } = started();
    const { name: sk, ...rest } = everyTenMinutes;
    await table.put({ pk: 'schedule', sk, v: 1, ...rest, firedThrough: START });
    expect(await schedules.read('ten')).toEqual({ ...everyTenMinutes, modifiedAt: 0 });
  });

  test('given the store fails at a firing, then it is logged and the firing comes a minute later', async () => {
    const real = openSqliteTable(':memory:');
    const time = createVirtualTime(START);
    let broken = false;
    const table: Table = {
      ...real,
      put: async (...given) => {
        if (broken) throw new Error('disk full');
        return real.put(...given);
      },
    };
    const { schedules, times, log } = host({ table, time });
    await schedules.start();
    await schedules.put({ ...everyTenMinutes, startAt: START + MINUTE });
    broken = true;
    await time.advance(MINUTE + 30_000);
    expect(times()).toEqual([]);
    expect(log.lines.map(({ fact, fields }) => [fact, fields.message])).toEqual([['schedule not fired', 'disk full']]);
    broken = false;
    await time.advance(30_000);
    expect(times()).toEqual(['2026-11-22T07:01:00Z']);
  });
});

describe('timer schedules: restarts', () => {
  test('given nothing was missed, when the process restarts, then nothing is repeated', async () => {
    const first = started();
    await first.schedules.start();
    await first.schedules.put(everyTenMinutes);
    await first.time.advance(12 * MINUTE);
    await first.schedules.stop();
    const second = host(first);
    await second.schedules.start();
    await first.time.advance(0);
    expect(second.times()).toEqual([]);
    await first.time.advance(8 * MINUTE);
    expect(second.times()).toEqual(['2026-11-22T07:20:00Z']);
    expect(first.times()).toHaveLength(2);
  });

  test('given many were missed, then one fires at the start, with the latest time that was missed', async () => {
    const first = started();
    await first.schedules.start();
    await first.schedules.put(everyTenMinutes);
    await first.schedules.put({ ...everyTenMinutes, name: 'daily', expression: 'cron(0 6 * * ? *)' });
    await first.schedules.put({ ...everyTenMinutes, name: 'paused', state: 'disabled' });
    await first.time.advance(0);
    await first.schedules.stop();
    await first.time.advance(400 * DAY + 25 * MINUTE);
    const second = host(first);
    await second.schedules.start();
    await first.time.advance(0);
    expect(second.ticks.map(({ name, scheduledTime }) => [name, scheduledTime])).toEqual([
      ['daily', '2027-12-27T06:00:00Z'],
      ['ten', '2027-12-27T07:20:00Z'],
    ]);
    await first.time.advance(5 * MINUTE);
    expect(second.times().slice(2)).toEqual(['2027-12-27T07:30:00Z']);
  });

  test('given the process is killed during a tick, then that tick comes once more, and not a third time', async () => {
    const table = openSqliteTable(':memory:');
    const time = createVirtualTime(START);
    const hang = () => new Promise<void>(() => undefined);
    const first = host({ table, time, onTick: hang });
    await first.schedules.start();
    await first.schedules.put(everyTenMinutes);
    await time.advance(MINUTE);
    expect(first.times()).toHaveLength(1);
    first.crash();
    const second = host({ table, time, onTick: hang });
    await second.schedules.start();
    await time.advance(MINUTE);
    expect(second.times()).toEqual(['2026-11-22T07:00:00Z']);
    second.crash();
    const third = host({ table, time });
    await third.schedules.start();
    await time.advance(MINUTE);
    expect(third.times()).toEqual([]);
    await time.advance(8 * MINUTE);
    expect(third.times()).toEqual(['2026-11-22T07:10:00Z']);
  });

  test('given any restarts and pauses between them, then no moment is ticked twice and the latest missed one always is', async () => {
    const steps = fc.array(fc.record({ up: fc.nat(50 * MINUTE), down: fc.nat(90 * MINUTE) }), {
      minLength: 1,
      maxLength: 8,
    });
    await fc.assert(
      fc.asyncProperty(steps, async (runs) => {
        const table = openSqliteTable(':memory:');
        const time = createVirtualTime(START);
        const all: string[] = [];
        for (const { up, down } of runs) {
          const { schedules, times } = host({ table, time });
          await schedules.start();
          await schedules.put(everyTenMinutes);
          await time.advance(up);
          await schedules.stop();
          all.push(...times());
          const latest = Math.floor((time.clock.now() - START) / (10 * MINUTE)) * 10 * MINUTE + START;
          expect(Date.parse(all.at(-1) ?? '')).toBe(latest);
          await time.advance(down);
        }
        expect(new Set(all).size).toBe(all.length);
        expect([...all].sort()).toEqual(all);
        table.close();
      }),
      { numRuns: 40 },
    );
  });
});
