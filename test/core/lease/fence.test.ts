import { afterEach, beforeEach, expect, it } from 'vitest';
import { readRanges } from '#core/catalogue/range-map.ts';
import { handleTick } from '#core/dispatch/handle-tick.ts';
import { sweep } from '#core/dispatch/sweep.ts';
import { amendLease, readLease } from '#core/lease/lease.ts';
import { cancelRun } from '#core/runs/cancel-run.ts';
import { closeAbandonedRun } from '#core/runs/close-abandoned-run.ts';
import { readRun } from '#core/runs/run-store.ts';
import { startRun } from '#core/runs/start-run.ts';
import { performRun } from '#core/sync/run/perform-run.ts';
import { bucketName, createSyncWorld, type SyncWorld } from '#support/sync-world.ts';

let world: SyncWorld;
let now: number;
beforeEach(async () => {
  now = Date.parse('2026-03-01T00:00:00Z');
  world = await createSyncWorld({ clock: { now: () => now } });
  for (let i = 0; i < 50; i++)
    world.s3.put(bucketName, `key-${String(i).padStart(2, '0')}`, { size: i, lastModified: 1_700_000_000_000 });
});
afterEach(() => world.close());
const start = async (id: string, holder?: string) => {
  const s = await startRun(
    { ...world.deps, holder: holder ?? world.deps.holder },
    { datasource: id, trigger: 'schedule', inProcess: true },
  );
  if (s.outcome !== 'started') throw new Error(s.outcome);
  return s;
};

it('a worker displaced while it confirms deletions deletes nothing (fence in removeRecords)', async () => {
  const { id } = await world.addDatasource();
  await world.sync(id);
  world.s3.delete(bucketName, 'key-00');
  world.s3.delete(bucketName, 'key-01');
  const slow = await start(id);
  let taken = false;
  world.s3.beforeResponse = async (r) => {
    if (r.operation !== 'HeadObject' || taken) return;
    taken = true;
    now += 121_000;
    await start(id);
  };
  await performRun(world.deps, slow);
  expect(await world.catalogue(id)).toHaveLength(50);
});
it('a worker displaced while it waits for a page writes no record (assertWritable)', async () => {
  const { id } = await world.addDatasource({ sync: { page_size: 10 } });
  const slow = await start(id);
  let taken = false;
  world.s3.beforeResponse = async () => {
    if (taken) return;
    taken = true;
    now += 121_000;
    await start(id);
  };
  await performRun(world.deps, slow);
  expect(await world.catalogue(id)).toHaveLength(0);
});
it('counts of a displaced worker are not added (fence in amendCounts)', async () => {
  const { id, uid } = await world.addDatasource({ sync: { page_size: 10 } });
  const slow = await start(id);
  let n = 0;
  world.s3.beforeResponse = async () => {
    n += 1;
    if (n !== 3) return;
    now += 121_000;
    await start(id);
  };
  await performRun(world.deps, slow);
  expect((await readRanges(world.table, uid))[0]?.objects).toBe(0);
});
it('a canceled run that died is not made up for, a dry run neither; and its worker cannot come back', async () => {
  const { id, uid } = await world.addDatasource();
  const dead = await start(id, 'dead');
  await cancelRun(world.deps, id, dead.run.id);
  await sweep(world.deps);
  expect(world.messages).toEqual([]);
  expect((await readLease(world.table, uid)).cancel).toBeUndefined();
  const closed = await readRun(world.table, uid, dead.run.id);
  expect(closed).toMatchObject({ status: 'canceled', message: expect.stringContaining('canceled: 0 added') });
  expect(closed).not.toHaveProperty('error');
  const told = world.log.lines.filter(({ fact }) => fact.startsWith('sync '));
  expect(told).toMatchObject([{ level: 'info', fact: 'sync canceled', fields: { run: dead.run.id } }]);
  await performRun({ ...world.deps, holder: 'dead', isAlive: () => true }, dead);
  expect(await world.catalogue(id)).toHaveLength(0);
  expect(await readRun(world.table, uid, dead.run.id)).toMatchObject({ status: 'canceled' });
});
it('a run that was closed by whoever is about to take its place ends as it was closed, and nothing broke off', async () => {
  const { id, uid } = await world.addDatasource();
  const slow = await start(id);
  let closed = false;
  world.s3.beforeResponse = async () => {
    if (closed) return;
    closed = true;
    await closeAbandonedRun(world.deps, uid, await readLease(world.table, uid));
  };
  expect(await performRun(world.deps, slow)).toMatchObject({ id: slow.run.id });
  expect(await readRun(world.table, uid, slow.run.id)).toMatchObject({
    ...{ status: 'failed', error: { code: 'interrupted' } },
  });
  expect((await readLease(world.table, uid)).run).toBe(slow.run.id);
});
it('a run that its worker took up again meanwhile is not closed as abandoned', async () => {
  const { id, uid } = await world.addDatasource();
  const { run } = await start(id);
  const seen = await readLease(world.table, uid);
  await amendLease(world.table, uid, (lease) => ({ ...lease, expires_at: lease.expires_at + 1 }));
  await closeAbandonedRun(world.deps, uid, seen);
  expect(await readRun(world.table, uid, run.id)).toMatchObject({ status: 'running' });
});
it('the run after a canceled one is not canceled', async () => {
  const { id } = await world.addDatasource();
  const s = await start(id);
  await cancelRun(world.deps, id, s.run.id);
  await performRun(world.deps, s);
  expect((await world.sync(id)).status).toBe('completed');
});
it('a run by hand does not make a slot come twice', async () => {
  const row = await world.addDatasource({ sync: { interval: '5m' } });
  const tick = () =>
    handleTick(world.deps, {
      datasource: row.id,
      config_version: row.config_version,
      scheduled_time: new Date(Date.parse('2026-03-01T00:00:00Z')).toISOString(),
    });
  expect(await tick()).toBe('ran');
  await world.sync(row.id);
  expect(await tick()).toBe('duplicate');
});
