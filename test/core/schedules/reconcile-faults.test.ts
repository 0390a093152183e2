import { afterEach, beforeEach, describe, expect, it, test } from 'vitest';
import type { Schedules } from '#core/model/ports/schedules.ts';
import type { Table } from '#core/model/ports/table.ts';
import { readDatasource } from '#core/registry/datasource-store.ts';
import { reconcileAllSchedules } from '#core/schedules/reconcile-all-schedules.ts';
import { reconcileSchedule } from '#core/schedules/reconcile-schedules.ts';
import { scheduleOf } from '#core/schedules/schedule-of.ts';
import { type SchedulerFault, SchedulerRefusal, schedulerFaults } from '#support/scheduler-model.ts';
import { createScheduleWorld, type ScheduleWorld } from './schedule-world.ts';

/** How the next write of the table fails, if it does: before or after it took effect. */
let tableFault: 'before' | 'after' | undefined;
class TableRefusal extends Error {}

let world: ScheduleWorld;
beforeEach(() => {
  tableFault = undefined;
  world = createScheduleWorld(withFaults);
});
afterEach(() => world.close());

function withFaults(table: Table): Table {
  const failing =
    <Given extends unknown[]>(write: (...given: Given) => Promise<void>) =>
    async (...given: Given): Promise<void> => {
      const fault = tableFault;
      tableFault = undefined;
      if (fault !== 'before') await write(...given);
      if (fault !== undefined) throw new TableRefusal(fault);
    };
  return { ...table, put: failing(table.put), delete: failing(table.delete), transact: failing(table.transact) };
}

const reconcile = () => reconcileSchedule(world.deps, 'photos');

/** What a user does by the API, from a schedule that stands (or, for create, from nothing). */
const actions: Readonly<Record<string, () => Promise<unknown>>> = {
  create: () => world.create('photos'),
  update: () => world.change('photos', { sync: { interval: '5m' } }),
  pause: () => world.change('photos', { sync: { enabled: false } }),
  resume: () => world.change('photos', { enabled: true }),
  delete: () => world.remove('photos'),
};
const names = Object.keys(actions);
const act = (action: string) => actions[action]?.();

/** Brings the world to where the action makes sense. */
async function prepare(action: string): Promise<void> {
  if (action === 'create') return;
  await world.create('photos');
  await reconcile();
  if (action !== 'resume') return;
  await world.change('photos', { enabled: false });
  await reconcile();
}

/** Nothing missing, orphaned, wrong or half; and looking once more changes nothing. */
async function expectSettled(): Promise<void> {
  const row = await readDatasource(world.table, 'photos');
  const wished = row && scheduleOf(row);
  const live = world.scheduler.live.get('photos');
  const needless = live === undefined && wished?.state === 'disabled';
  if (!needless) expect(live).toEqual(wished && { ...wished, modifiedAt: expect.anything() });
  expect((await world.ack('photos'))?.config_version).toBe(live && row?.config_version);
  const writes = world.scheduler.calls.length;
  await reconcile();
  await reconcileAllSchedules(world.deps);
  expect(world.scheduler.calls).toHaveLength(writes);
  expect(await readDatasource(world.table, 'photos')).toEqual(row);
}

async function expectWish(action: string): Promise<void> {
  const row = await readDatasource(world.table, 'photos');
  if (action === 'delete') return expect(row).toBeUndefined();
  expect(row?.sync.changed_by).toBe('api');
  expect(row && scheduleOf(row)).toMatchObject({
    expression: action === 'update' ? 'rate(5 minutes)' : 'rate(1 hour)',
    state: action === 'pause' ? 'disabled' : 'enabled',
  });
}

const matrix = names.flatMap((action) =>
  schedulerFaults.flatMap((fault) =>
    (['read', 'write'] as const).map((place): [string, SchedulerFault, 'read' | 'write'] => [action, fault, place]),
  ),
);

describe('one failure of Scheduler', () => {
  test.each(matrix)('given %s meets %s at a %s, then one more delivery settles it', async (action, fault, place) => {
    await prepare(action);
    await act(action);
    let failed = 0;
    world.scheduler.fault = ({ operation }) => {
      if (failed > 0 || (operation === 'read') !== (place === 'read')) return undefined;
      failed += 1;
      return fault;
    };
    await expect(reconcile()).rejects.toBeInstanceOf(SchedulerRefusal);
    expect(failed).toBe(1);
    await reconcile();
    await expectWish(action);
    await expectSettled();
  });

  test.each(matrix)(
    'given %s meets %s at each %s for an hour, then the next sweep settles it',
    async (action, fault, place) => {
      await prepare(action);
      await act(action);
      world.scheduler.fault = ({ operation }) =>
        (operation === 'read') === (place === 'read') && operation !== 'list' ? fault : undefined;
      for (let sweeps = 0; sweeps < 12; sweeps += 1) {
        await expect(reconcileAllSchedules(world.deps)).rejects.toBeInstanceOf(AggregateError);
        world.wait(300_000);
        if (fault === 'after' && place === 'write') break;
      }
      world.scheduler.fault = undefined;
      await reconcileAllSchedules(world.deps);
      await expectWish(action);
      await expectSettled();
    },
  );
});

describe('one failure of the table', () => {
  test.each(names.flatMap((action) => (['before', 'after'] as const).map((fault) => [action, fault] as const)))(
    'given %s cannot be acknowledged (%s it was stored), then the next delivery settles it',
    async (action, fault) => {
      await prepare(action);
      await act(action);
      tableFault = fault;
      await expect(reconcile()).rejects.toBeInstanceOf(TableRefusal);
      await reconcile();
      await expectWish(action);
      await expectSettled();
    },
  );

  const edits: [string, () => void, object][] = [
    ['pause', () => world.scheduler.edit('photos', { state: 'disabled' }), { enabled: false, interval: '1h' }],
    ['rate', () => world.scheduler.edit('photos', { expression: 'rate(2 hours)' }), { enabled: true, interval: '2h' }],
    ['deletion', () => world.scheduler.delete('photos'), { enabled: false, interval: '1h' }],
  ];
  test.each(
    edits.flatMap(([name, edit, sync]) => (['before', 'after'] as const).map((f) => [name, f, edit, sync] as const)),
  )(
    'given a %s in the console cannot be adopted (%s it was stored), then the next look adopts it, once',
    async (_, fault, edit, sync) => {
      await prepare('update');
      world.wait(1000);
      edit();
      tableFault = fault;
      await expect(reconcile()).rejects.toBeInstanceOf(TableRefusal);
      await reconcile();
      expect(await world.row('photos')).toMatchObject({ config_version: 2, sync: { ...sync, changed_by: 'console' } });
      await reconcileAllSchedules(world.deps);
      expect((await world.row('photos')).config_version).toBe(2);
    },
  );
});

describe('deliveries of the feed', () => {
  test.each(names)('given the change of a %s is delivered three times, then it is written once', async (action) => {
    await prepare(action);
    const before = world.scheduler.calls.length;
    await act(action);
    for (let times = 0; times < 3; times += 1) await reconcile();
    expect(world.scheduler.calls).toHaveLength(before + 1);
    await expectWish(action);
    await expectSettled();
  });

  test.each(names.flatMap((one) => names.map((other) => [one, other] as const)))(
    'given a write for %s comes later than the one for a following %s, then the later wish stands',
    async (first, second) => {
      await prepare(first);
      await act(first);
      const late = suspendedWrite();
      const slow = reconcileSchedule({ ...world.deps, schedules: late.schedules }, 'photos');
      await late.reached;
      if (first === 'delete') await world.create('photos');
      if (first !== 'delete' && second === 'create') await world.remove('photos');
      if (second !== 'create' || first !== 'delete') await act(second);
      await reconcile();
      late.release();
      await slow;
      await expectSettled();
      const row = await readDatasource(world.table, 'photos');
      expect(row?.sync.changed_by).toBe(second === 'delete' ? undefined : 'api');
    },
  );

  test.each(names)(
    'given a write for %s comes later and its process dies with it, then a sweep settles it',
    async (first) => {
      await prepare(first);
      await act(first);
      const late = suspendedWrite();
      void reconcileSchedule({ ...world.deps, schedules: late.schedules }, 'photos');
      await late.reached;
      if (first === 'delete') await world.create('photos', { interval: '5m' });
      else await world.change('photos', { sync: { interval: '2h', enabled: true } });
      await reconcile();
      late.releaseAndDie();
      await late.written;
      await reconcileAllSchedules(world.deps);
      expect((await world.row('photos')).sync).toMatchObject({ enabled: true, changed_by: 'api' });
      await expectSettled();
    },
  );

  it('given two quick changes and a late write of the first over a console change made since, then that one is adopted already', async () => {
    await prepare('update');
    await world.change('photos', { sync: { interval: '5m' } });
    const late = suspendedWrite();
    const slow = reconcileSchedule({ ...world.deps, schedules: late.schedules }, 'photos');
    await late.reached;
    await world.change('photos', { sync: { interval: '10m' } });
    await reconcile();
    world.wait(1000);
    world.scheduler.edit('photos', { state: 'disabled' });
    await reconcile();
    late.release();
    await slow;
    expect((await world.row('photos')).sync).toMatchObject({ interval: '10m', enabled: false, changed_by: 'console' });
    await expectSettled();
  });

  it('given others change the row in each round, then it gives up with an error, to be delivered again', async () => {
    await prepare('update');
    let interval = 10;
    const schedules: Schedules = {
      ...world.scheduler.schedules,
      async put(schedule) {
        await world.scheduler.schedules.put(schedule);
        interval += 1;
        await world.change('photos', { sync: { interval: `${interval}m` } });
      },
    };
    await world.change('photos', { sync: { interval: '10m' } });
    await expect(reconcileSchedule({ ...world.deps, schedules }, 'photos')).rejects.toThrow(/10 times in a row/);
    await reconcile();
    await expectSettled();
  });
});

/** Schedules whose first write waits until it is released; or is the last thing that its process does. */
function suspendedWrite() {
  const reached = Promise.withResolvers<void>();
  const released = Promise.withResolvers<'live' | 'die'>();
  const written = Promise.withResolvers<void>();
  let first = true;
  const { schedules } = world.scheduler;
  const late =
    <Given>(write: (given: Given) => Promise<void>) =>
    async (given: Given): Promise<void> => {
      if (!first) return write(given);
      first = false;
      reached.resolve();
      const end = await released.promise;
      await write(given);
      written.resolve();
      if (end === 'die') await new Promise<never>(() => undefined);
    };
  return {
    schedules: { ...schedules, put: late(schedules.put), remove: late(schedules.remove) } satisfies Schedules,
    reached: reached.promise,
    written: written.promise,
    release: () => released.resolve('live'),
    releaseAndDie: () => released.resolve('die'),
  };
}
