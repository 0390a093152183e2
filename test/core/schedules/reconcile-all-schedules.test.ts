import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Schedules } from '#core/model/ports/schedules.ts';
import { reconcileAllSchedules, type SchedulesSweepDeps } from '#core/schedules/reconcile-all-schedules.ts';
import { reconcileSchedule } from '#core/schedules/reconcile-schedules.ts';
import type { SchedulerCall } from '#support/scheduler-model.ts';
import { createScheduleWorld, type ScheduleWorld } from './schedule-world.ts';

const minutes = (count: number): number => count * 60_000;
const names = (count: number): string[] =>
  Array.from({ length: count }, (_, index) => `d${String(index).padStart(4, '0')}`);

let world: ScheduleWorld;
/** What Scheduler was asked for since the last sweep began. */
let asked: SchedulerCall[];
/** How rounds ended. */
let compared: { schedules: number; read: number; missing: number }[];
beforeEach(() => {
  world = createScheduleWorld();
  asked = [];
  compared = [];
  world.scheduler.fault = (call) => {
    asked.push(call);
    return undefined;
  };
});
afterEach(() => world.close());

const sweepWith = (more: Partial<SchedulesSweepDeps>) =>
  reconcileAllSchedules({ ...world.deps, compared: (counts) => compared.push(counts), ...more });
async function sweep(more: Partial<SchedulesSweepDeps> = {}): Promise<string[]> {
  world.wait(minutes(5));
  asked.splice(0);
  await sweepWith(more);
  return read();
}
const read = (): string[] => asked.filter(({ operation }) => operation === 'read').map(({ name }) => name);
const puts = (): number => world.scheduler.calls.filter(({ operation }) => operation === 'put').length;

/** Datasources whose schedules stand and were read in full since. */
async function settled(count: number): Promise<string[]> {
  for (const id of names(count)) await world.create(id);
  await sweep();
  await sweep();
  return names(count);
}

const isEnabled = async (id: string): Promise<boolean> => (await world.row(id)).sync.enabled;

describe('a sweep over schedules that nobody touched', () => {
  it('lists them, and reads each of them once a day', async () => {
    const ids = await settled(60);
    const times = new Map(ids.map((id) => [id, 0]));
    const aSweep: number[] = [];
    for (let sweeps = 0; sweeps < 288; sweeps += 1) {
      const found = await sweep();
      aSweep.push(found.length);
      for (const id of found) times.set(id, (times.get(id) ?? 0) + 1);
    }
    expect(new Set(times.values())).toEqual(new Set([1]));
    expect(Math.max(...aSweep)).toBeLessThan(6);
    expect(puts()).toBe(60);
  });

  it('given sweeps that did not come for some hours, then what was due meanwhile is read by the next', async () => {
    await settled(100);
    world.wait(minutes(60 * 12));
    const found = await sweep();
    expect(found.length).toBeGreaterThan(30);
    expect(found.length).toBeLessThan(70);
    world.wait(minutes(60 * 48));
    expect(await sweep()).toHaveLength(100);
  });

  it('given a deployment that puts otherwise, then each is read once, and put where it has to be', async () => {
    await settled(20);
    world.scheduler.misdirect();
    expect((await sweep({ form: 'another' })).length).toBe(20);
    expect(puts()).toBe(40);
    await sweep({ form: 'another' });
    expect((await sweep({ form: 'another' })).length).toBeLessThan(5);
    expect(puts()).toBe(40);
  });
});

describe('what a list tells', () => {
  it.each([
    ['a pause', { state: 'disabled' as const }],
    ['a rate', { expression: 'rate(2 hours)' }],
    ['an input', { input: '{}' }],
  ])(
    'given %s in the console, then the next sweep reads that one and the row or the schedule follows',
    async (_, edit) => {
      await settled(30);
      world.scheduler.edit('d0007', edit);
      expect(await sweep()).toContain('d0007');
      const { sync } = await world.row('d0007');
      if ('input' in edit) expect(world.scheduler.live.get('d0007')?.input).toContain('d0007');
      else expect(sync.changed_by).toBe('console');
      expect(sync.enabled).toBe(!('state' in edit));
      expect(sync.interval).toBe('expression' in edit ? '2h' : '1h');
    },
  );

  it('given a change in the same second as ours, then it is found all the same', async () => {
    await world.create('d0000');
    await sweep();
    // Read a moment after it was put, and edited right after that: the same date on a list.
    await reconcileSchedule(world.deps, 'd0000');
    world.scheduler.edit('d0000', { expression: 'rate(2 hours)' });
    await sweep();
    expect((await world.row('d0000')).sync.interval).toBe('2h');
  });

  it('given a date that is told to the second, then that is no change', async () => {
    await settled(30);
    const { schedules } = world.scheduler;
    const coarse: Schedules = {
      ...schedules,
      async *list() {
        for await (const each of schedules.list()) {
          yield { ...each, modifiedAt: Math.floor(each.modifiedAt / 1000) * 1000 };
        }
      },
    };
    expect((await sweep({ schedules: coarse })).length).toBeLessThan(5);
  });

  it.each([
    ['leaves some out', (index: number) => index % 20 !== 0],
    ['is cut short', (index: number) => index < 3],
    ['is empty', () => false],
  ])('given a list that %s though all stand, then each is asked for and none is paused', async (_, shown) => {
    const ids = await settled(40);
    const { schedules } = world.scheduler;
    const partial: Schedules = {
      ...schedules,
      async *list() {
        let index = 0;
        for await (const each of schedules.list()) if (shown(index++)) yield each;
      },
    };
    const found = await sweep({ schedules: partial });
    for (const [index, id] of ids.entries()) {
      if (!shown(index)) expect(found).toContain(id);
      expect(await isEnabled(id)).toBe(true);
    }
    expect(compared.at(-1)?.missing).toBe(0);
    expect(puts()).toBe(40);
  });
});

describe('schedules that are missing', () => {
  it('given ten of them, then their datasources are paused', async () => {
    const ids = await settled(40);
    for (const id of ids.slice(0, 10)) world.scheduler.delete(id);
    await sweep();
    for (const [index, id] of ids.entries()) expect(await isEnabled(id)).toBe(index >= 10);
    expect(compared.at(-1)?.missing).toBe(0);
  });

  it('given more than ten and a twentieth of all, then none is paused, and it is told each time until they stand again', async () => {
    const ids = await settled(40);
    const before = new Map(world.scheduler.live);
    for (const id of ids.slice(0, 11)) world.scheduler.delete(id);
    for (let sweeps = 0; sweeps < 3; sweeps += 1) {
      const found = await sweep();
      // As many as it takes to be sure, and those that are due.
      expect(found.length).toBeLessThan(25);
      expect(compared.at(-1)?.missing).toBeGreaterThan(10);
    }
    // Nor when somebody changes one of them, or the feed brings it once more.
    await world.change('d0003', { name: 'renamed' });
    await reconcileSchedule(world.deps, 'd0003');
    for (const id of ids) expect(await isEnabled(id)).toBe(true);
    expect(world.deps.log.lines.filter(({ level }) => level === 'error')).toHaveLength(3);
    // Switched off and on by the API, one is made again.
    await world.change('d0003', { sync: { enabled: false } });
    await world.change('d0003', { sync: { enabled: true } });
    await reconcileSchedule(world.deps, 'd0003');
    expect(world.scheduler.live.has('d0003')).toBe(true);
    // Ten are missing now: what people do. Nine of them are restored.
    for (const id of ids.slice(1, 11)) {
      const gone = before.get(id);
      if (gone !== undefined && id !== 'd0003') await world.scheduler.schedules.put(gone);
    }
    await sweep();
    expect(compared.at(-1)?.missing).toBe(0);
    await sweep();
    expect(await isEnabled('d0000')).toBe(false);
    for (const id of ids.slice(1)) expect(await isEnabled(id)).toBe(true);
  });

  it('given 12 of 300, which is less than a twentieth, then those are paused', async () => {
    const ids = await settled(300);
    for (const id of ids.slice(0, 12)) world.scheduler.delete(id);
    await sweep();
    expect(await Promise.all(ids.slice(0, 13).map(isEnabled))).toEqual([...Array(12).fill(false), true]);
  });

  it('given paused datasources whose schedules somebody cleaned up, then that is no alarm for longer than a sweep', async () => {
    const ids = await settled(40);
    for (const id of ids.slice(0, 20)) await world.change(id, { enabled: false });
    await sweep();
    for (const id of ids.slice(0, 20)) world.scheduler.delete(id);
    await sweep();
    await sweep();
    expect(compared.at(-1)?.missing).toBe(0);
  });
});

describe('a sweep over many', () => {
  it('given its time is over, then the next one goes on after the last slice', async () => {
    const ids = names(1100);
    for (const id of ids) await world.create(id);
    await sweep({ yieldAt: 0 });
    expect(puts()).toBe(1000);
    expect(compared).toEqual([]);
    await sweep({ yieldAt: 0 });
    expect(puts()).toBe(1100);
    expect(compared).toEqual([{ schedules: 1100, read: 1100, missing: 0 }]);
    expect(new Set(world.scheduler.live.keys())).toEqual(new Set(ids));
  });

  it('given another process is at it, then it does nothing, until that one has given no sign for two minutes', async () => {
    await settled(3);
    let release = (): void => undefined;
    const hanging: Schedules = {
      ...world.scheduler.schedules,
      async *list() {
        await new Promise<void>((resolve) => {
          release = resolve;
        });
        yield* world.scheduler.schedules.list();
      },
    };
    const first = sweepWith({ schedules: hanging, holder: 'another' });
    await new Promise((resolve) => setImmediate(resolve));
    asked.splice(0);
    await sweepWith({});
    expect(asked).toEqual([]);
    world.wait(minutes(2));
    await sweepWith({});
    expect(asked.map(({ operation }) => operation)).toContain('list');
    const rounds = compared.length;
    release();
    await first;
    expect(compared).toHaveLength(rounds);
  });

  it('given a process that is known to be dead, then its turn is over at once', async () => {
    await settled(3);
    const dead: Schedules = {
      ...world.scheduler.schedules,
      list: () => ({ [Symbol.asyncIterator]: () => ({ next: () => new Promise(() => undefined) }) }),
    };
    void sweepWith({ schedules: dead, holder: 'an-earlier-boot' });
    await new Promise((resolve) => setImmediate(resolve));
    const rounds = compared.length;
    await sweepWith({ isAlive: (holder) => holder !== 'an-earlier-boot' });
    expect(compared).toHaveLength(rounds + 1);
  });

  it('given Scheduler is away, then the turn is given back and the failure told', async () => {
    await settled(3);
    world.scheduler.fault = () => 'server_error';
    await expect(sweepWith({})).rejects.toThrow();
    world.scheduler.fault = undefined;
    const rounds = compared.length;
    await sweepWith({});
    expect(compared).toHaveLength(rounds + 1);
  });
});
