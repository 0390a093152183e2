import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { reconcileAllSchedules } from '#core/schedules/reconcile-all-schedules.ts';
import { reconcileSchedule } from '#core/schedules/reconcile-schedules.ts';
import { createScheduleWorld, type ScheduleWorld } from './schedule-world.ts';

let world: ScheduleWorld;
beforeEach(() => {
  world = createScheduleWorld();
});
afterEach(() => world.close());

const ids = Array.from({ length: 30 }, (_, index) => `source-${String(index).padStart(2, '0')}`);

/** Schedules that stand in the group of a stack, which is then removed with its group: the table stays. */
async function removedStack(): Promise<void> {
  for (const id of ids) await world.create(id);
  await world.create('paused', { interval: '1h', enabled: false });
  await reconcileAllSchedules({ ...world.deps, groupId: 'first' });
  expect(world.scheduler.live.size).toBe(ids.length);
  for (const id of ids) world.scheduler.delete(id);
  world.wait(3_600_000);
}

const enabledOnes = async () => {
  const rows = await Promise.all(ids.map((id) => world.row(id)));
  return rows.filter(({ sync }) => sync.enabled && sync.changed_by === 'api').map(({ id }) => id);
};

describe('a table that was kept when its stack was removed', () => {
  test.each([
    ['a sweep', async () => reconcileAllSchedules({ ...world.deps, groupId: 'second' })],
    [
      'the feed',
      async () => {
        for (const id of [...ids, 'paused']) await reconcileSchedule({ ...world.deps, groupId: 'second' }, id);
      },
    ],
  ])(
    'given another stack on it, when %s comes to its datasources, then their schedules are made and none is paused',
    async (_how, reconcile) => {
      await removedStack();
      await reconcile();
      expect(await enabledOnes()).toEqual(ids);
      // Who was paused stays so
      expect([...world.scheduler.live.keys()].sort()).toEqual(ids);
      expect((await world.row('paused')).sync.enabled).toBe(false);
    },
  );

  test('given another stack on it, when somebody deletes a schedule of that one, then its datasource is paused as ever', async () => {
    await removedStack();
    const deps = { ...world.deps, groupId: 'second' };
    await reconcileAllSchedules(deps);
    world.wait(60_000);
    world.scheduler.delete('source-07');
    await reconcileSchedule(deps, 'source-07');
    expect((await world.row('source-07')).sync).toMatchObject({ enabled: false, changed_by: 'console' });
    expect(world.scheduler.live.has('source-07')).toBe(false);
  });

  test('given the same group, when one of its schedules is missing, then what was seen to stand counts', async () => {
    await removedStack();
    await reconcileSchedule({ ...world.deps, groupId: 'first' }, 'source-07');
    expect((await world.row('source-07')).sync).toMatchObject({ enabled: false, changed_by: 'console' });
  });
});
