import { afterEach, expect, it } from 'vitest';
import { readRanges } from '#core/catalogue/range-map.ts';
import { sweep } from '#core/dispatch/sweep.ts';
import { startRun } from '#core/runs/start-run.ts';
import { bucketName, createSyncWorld, type SyncWorld } from '#support/sync-world.ts';

let world: SyncWorld;
afterEach(() => world.close());
const key = (i: number) => `key-${String(i).padStart(5, '0')}`;
const put = (n: number, ending = '') => {
  for (let i = 0; i < n; i++) world.s3.put(bucketName, key(i) + ending, { size: i, lastModified: 1_700_000_000_000 });
};
const lose = (n: number, ending = '') => {
  for (let i = 0; i < n; i++) world.s3.delete(bucketName, key(i) + ending);
};

it('an empty listing over few records holds as well', async () => {
  world = await createSyncWorld();
  put(3);
  const { id } = await world.addDatasource();
  await world.sync(id);
  lose(3);
  expect((await world.sync(id)).status).toBe('held');
  expect(await world.catalogue(id)).toHaveLength(3);
});
it('a listing that holds other objects only is not an empty one', async () => {
  world = await createSyncWorld();
  put(3, '.pdf');
  world.s3.put(bucketName, 'read.me', { body: 'x' });
  const { id } = await world.addDatasource({ config: { extensions: ['pdf'] } });
  await world.sync(id);
  lose(3, '.pdf');
  expect(await world.sync(id)).toMatchObject({ status: 'completed', counters: { deleted: 3 } });
});
it('the share is of the records in scope', async () => {
  world = await createSyncWorld();
  put(40, '.pdf');
  put(160, '.txt');
  const { id } = await world.addDatasource();
  await world.sync(id);
  lose(20, '.pdf');
  await world.change(id, { connector: { config: { extensions: ['pdf'] } } });
  expect(await world.sync(id)).toMatchObject({ status: 'held', hold: { candidates: 20, share: 0.5 } });
});
it('ten losses do not hold, whatever their share', async () => {
  world = await createSyncWorld();
  put(20);
  const { id } = await world.addDatasource();
  await world.sync(id);
  lose(10);
  expect(await world.sync(id)).toMatchObject({ status: 'completed', counters: { deleted: 10 } });
});
it('the absence in a run of another scope does not count as the first of two', async () => {
  world = await createSyncWorld({ settings: { confirmLimit: 20, confirmSample: 5 } });
  put(1000);
  const { id } = await world.addDatasource();
  await world.sync(id);
  lose(50);
  expect((await world.sync(id)).counters.deleted).toBe(0);
  await world.change(id, { connector: { config: { exclude: ['nothing'] } } });
  expect((await world.sync(id)).counters.deleted).toBe(0);
  expect((await world.sync(id)).counters.deleted).toBe(50);
});
it('the sample is spread over all candidates: it meets ten live keys among forty that are gone, and each is asked for', async () => {
  world = await createSyncWorld({ settings: { confirmLimit: 20, confirmSample: 5 } });
  put(1000);
  const { id } = await world.addDatasource();
  await world.sync(id);
  world.s3.faults.add({
    when: { operation: 'list' },
    act: { kind: 'drop-keys', drop: (k) => k >= key(40) && k < key(50) },
  });
  lose(40);
  expect(await world.sync(id)).toMatchObject({ status: 'completed', contradicted: 1, waiting: 50 });
  const warnings = [expect.stringMatching(/"key-00040", .*"key-00049"$/)];
  expect(await world.sync(id)).toMatchObject({ counters: { deleted: 40 }, contradicted: 10, warnings });
});
it('as many as the limit are confirmed one by one', async () => {
  world = await createSyncWorld({ settings: { confirmLimit: 20, confirmSample: 5 } });
  put(1000);
  const { id } = await world.addDatasource();
  await world.sync(id);
  lose(20);
  expect(await world.sync(id)).toMatchObject({ status: 'completed', counters: { deleted: 20 } });
});
it('a dry run that died is not made up for by a real one', async () => {
  world = await createSyncWorld();
  put(3);
  const { id } = await world.addDatasource();
  await startRun({ ...world.deps, holder: 'dead' }, { datasource: id, trigger: 'api', inProcess: true, dryRun: true });
  await sweep(world.deps);
  expect(world.messages).toEqual([]);
});
it('a dry run settles no counts, nor does one that fails; a failed run keeps the counts of what it wrote', async () => {
  world = await createSyncWorld();
  put(50);
  const { id, uid } = await world.addDatasource({ sync: { page_size: 10 } });
  const total = async () => (await readRanges(world.table, uid))[0]?.objects;
  await world.sync(id, { dryRun: true });
  expect(await total()).toBe(0);
  world.s3.faults.add({ when: { operation: 'list', page: 3 }, act: { kind: 'html' } });
  await world.sync(id, { dryRun: true });
  expect(await total()).toBe(0);
  await world.sync(id);
  expect(await total()).toBe((await world.catalogue(id)).length);
});
