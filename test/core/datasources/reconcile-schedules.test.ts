import { afterEach, beforeEach, describe, expect, it, test } from 'vitest';
import { deleteDatasource } from '#core/datasources/delete-datasource.ts';
import { reconcileAllSchedules, reconcileSchedule } from '#core/datasources/reconcile-schedules.ts';
import { scheduleOf } from '#core/datasources/schedule-of.ts';
import type { Schedule, Schedules } from '#core/ports.ts';
import { createSyncWorld, type SyncWorld } from '#support/sync-world.ts';

let world: SyncWorld;
let kept: Map<string, Schedule>;
let puts: Schedule[];
let broken: string | undefined;
let deps: { table: SyncWorld['table']; schedules: Schedules };
beforeEach(async () => {
  world = await createSyncWorld();
  kept = new Map();
  puts = [];
  broken = undefined;
  const schedules: Schedules = {
    async put(schedule) {
      if (schedule.name === broken) throw new Error('refused');
      puts.push(schedule);
      kept.set(schedule.name, schedule);
    },
    async remove(name) {
      kept.delete(name);
    },
    read: async (name) => kept.get(name),
    async *list() {
      yield* [...kept.values()];
    },
  };
  deps = { table: world.table, schedules };
});
afterEach(() => world.close());

const hourly = (id: string) => world.addDatasource({ id, sync: { interval: '1h' } });

describe('one schedule', () => {
  it('is put where it is missing, once', async () => {
    const row = await hourly('photos');
    await reconcileSchedule(deps, 'photos');
    await reconcileSchedule(deps, 'photos');
    expect(puts).toEqual([scheduleOf(row)]);
  });

  test.each<Partial<Schedule>>([
    { expression: 'rate(2 hours)' },
    { timezone: 'Europe/Berlin' },
    { state: 'disabled' },
    { startAt: 5 },
    { input: '{}' },
  ])('given it differs by %j, then it is put again whole', async (difference) => {
    const wished = scheduleOf(await hourly('photos'))!;
    kept.set('photos', { ...wished, ...difference });
    await reconcileSchedule(deps, 'photos');
    expect([...kept.values()]).toEqual([wished]);
  });

  it('follows a datasource that is changed, switched off, set to manual and deleted', async () => {
    await hourly('photos');
    await reconcileSchedule(deps, 'photos');
    await world.change('photos', { enabled: false });
    await reconcileSchedule(deps, 'photos');
    expect(kept.get('photos')).toMatchObject({
      state: 'disabled',
      input: expect.stringContaining('"config_version":2'),
    });
    await world.change('photos', { sync: { strategy: 'manual' } });
    await reconcileSchedule(deps, 'photos');
    expect(kept.size).toBe(0);

    await world.change('photos', { sync: { interval: '5m' } });
    await reconcileSchedule(deps, 'photos');
    await deleteDatasource(world.deps, 'photos');
    await reconcileSchedule(deps, 'photos');
    expect(kept.size).toBe(0);
  });

  it('given nothing is wished and nothing is there, then nothing is done', async () => {
    await world.addDatasource({ id: 'by-hand' });
    await reconcileSchedule(deps, 'by-hand');
    await reconcileSchedule(deps, 'nowhere');
    expect([puts, kept.size]).toEqual([[], 0]);
  });
});

describe('all schedules', () => {
  it('are created, removed and mended, and the right ones left alone', async () => {
    const [right, wrong, missing] = [await hourly('right'), await hourly('wrong'), await hourly('missing')];
    await world.addDatasource({ id: 'by-hand' });
    kept.set('right', scheduleOf(right)!);
    kept.set('wrong', { ...scheduleOf(wrong)!, expression: 'rate(2 hours)' });
    kept.set('left-over', { ...scheduleOf(right)!, name: 'left-over' });
    kept.set('by-hand', { ...scheduleOf(right)!, name: 'by-hand' });
    await reconcileAllSchedules(deps);
    expect([...kept.keys()].sort()).toEqual(['missing', 'right', 'wrong']);
    expect(puts.map((schedule) => schedule.name).sort()).toEqual(['missing', 'wrong']);
    expect(kept.get('missing')).toEqual(scheduleOf(missing));
  });

  it('given one cannot be put, then the others are and the failure is told', async () => {
    for (const id of ['a', 'b', 'c']) await hourly(id);
    broken = 'b';
    await expect(reconcileAllSchedules(deps)).rejects.toMatchObject({ errors: [new Error('refused')] });
    expect([...kept.keys()]).toEqual(['a', 'c']);
  });
});
