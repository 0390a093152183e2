import { afterEach, expect, it } from 'vitest';
import { handleTick } from '#core/dispatch/handle-tick.ts';
import { readDatasource, removeDatasource } from '#core/registry/datasource-store.ts';
import { approveRun } from '#core/runs/approve-run.ts';
import { requestRun } from '#core/runs/request-run.ts';
import { listRuns } from '#core/runs/run-store.ts';
import { bucketName, createSyncWorld, type SyncWorld } from '#support/sync-world.ts';

let world: SyncWorld;
afterEach(() => world.close());
const put = (n: number) => {
  for (let i = 0; i < n; i++)
    world.s3.put(bucketName, `key-${String(i).padStart(5, '0')}`, { size: i, lastModified: 1_700_000_000_000 });
};
const lose = (n: number) => {
  for (let i = 0; i < n; i++) world.s3.delete(bucketName, `key-${String(i).padStart(5, '0')}`);
};
it('a held run can still be approved after the next tick held the same', async () => {
  world = await createSyncWorld();
  put(100);
  const { id } = await world.addDatasource({ sync: { interval: '10s' } });
  await world.sync(id);
  lose(40);
  const held = await world.sync(id);
  await world.sync(id);
  await approveRun(world.deps, id, held.id);
});
it('holding again and again does not pile up candidates', async () => {
  world = await createSyncWorld();
  put(200);
  const { id, uid } = await world.addDatasource();
  await world.sync(id);
  lose(200);
  for (let n = 0; n < 5; n++) expect((await world.sync(id)).status).toBe('held');
  let rows = 0;
  for (const run of await listRuns(world.table, uid, Date.now(), { limit: 50 }))
    for await (const _ of world.table.query({ pk: `candidate#${uid}#${run.id}` })) rows++;
  expect(rows).toBeLessThanOrEqual(400);
});
it('a sync asked for while a dry run is on is not answered with the dry run', async () => {
  world = await createSyncWorld();
  put(10);
  const { id } = await world.addDatasource();
  await requestRun(world.deps, { datasource: id, trigger: 'api', dryRun: true });
  const answer = await requestRun(world.deps, { datasource: id, trigger: 'manual' }).then(
    (a) => a.run.dry_run,
    (e) => e.code,
  );
  expect(answer).not.toBe(true);
});
it('a slot of a deleted datasource does not sync its namesake', async () => {
  world = await createSyncWorld();
  put(10);
  const row = await world.addDatasource({ id: 'same', sync: { interval: '10s' } });
  await handleTick(world.deps, {
    datasource: 'same',
    config_version: row.config_version,
    scheduled_time: new Date().toISOString(),
  });
  const [slot] = world.messages.splice(0);
  await removeDatasource(world.deps, (await readDatasource(world.table, 'same'))!);
  const next = await world.addDatasource({ id: 'same', sync: {} });
  world.messages.push(slot!);
  await world.work();
  expect(await listRuns(world.table, next.uid, Date.now(), { limit: 5 })).toEqual([]);
});
