import { afterEach, beforeEach, expect, it } from 'vitest';
import type { AuditEntry } from '#core/audit/audit-entry.ts';
import { readAudit } from '#core/audit/read-audit.ts';
import { reconcileSchedule } from '#core/schedules/reconcile-schedules.ts';
import { createScheduleWorld, type ScheduleWorld } from './schedule-world.ts';

let world: ScheduleWorld;
beforeEach(async () => {
  world = createScheduleWorld();
  await world.create('photos', { interval: '1h' });
  await reconcileSchedule(world.deps, 'photos');
});
afterEach(() => world.close());

/** The entries, the oldest first, without the one of the creation. */
async function changes(): Promise<readonly AuditEntry[]> {
  const { entries } = await readAudit(world.deps, { size: 100 });
  return entries.toReversed().slice(1);
}

it('given a rate and a pause that are set in the console, each adoption has one entry by the console', async () => {
  world.wait(60_000);
  world.scheduler.edit('photos', { expression: 'rate(5 minutes)' });
  await reconcileSchedule(world.deps, 'photos');
  world.wait(60_000);
  world.scheduler.edit('photos', { state: 'disabled' });
  for (let round = 1; round <= 3; round += 1) await reconcileSchedule(world.deps, 'photos');
  const told = (await changes()).map(({ actor, action, kind, of, before, after }) => ({
    ...{ actor, action, kind, of },
    before: before?.sync,
    after: after?.sync,
  }));
  const common = { actor: { kind: 'console' }, action: 'updated', kind: 'datasource', of: 'photos' };
  expect(told).toMatchObject([
    { ...common, before: { interval: '1h', changed_by: 'api' }, after: { interval: '5m', changed_by: 'console' } },
    { ...common, before: { enabled: true }, after: { enabled: false } },
  ]);
});

it('given a schedule that is deleted in the console, the pause has one entry by the console', async () => {
  world.wait(3_600_000);
  await world.deps.schedules.remove('photos');
  for (let round = 1; round <= 3; round += 1) await reconcileSchedule(world.deps, 'photos');
  expect(await changes()).toMatchObject([
    { actor: { kind: 'console' }, before: { sync: { enabled: true } }, after: { sync: { enabled: false } } },
  ]);
});

it('given that Stocktake puts its own schedule in order, nothing is told: no client may set that', async () => {
  world.wait(60_000);
  world.scheduler.edit('photos', { startAt: 1 });
  await reconcileSchedule(world.deps, 'photos');
  expect(await changes()).toEqual([]);
});
