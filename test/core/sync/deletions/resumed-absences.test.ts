import { afterEach, expect, it } from 'vitest';
import { documentId } from '#core/catalogue/document-id.ts';
import { readRanges } from '#core/catalogue/range-map.ts';
import { handleTick } from '#core/dispatch/handle-tick.ts';
import { handleWork } from '#core/dispatch/handle-work.ts';
import { deleteDocument } from '#core/documents/delete-document.ts';
import { listRuns, readRun } from '#core/runs/run-store.ts';
import { startRun } from '#core/runs/start-run.ts';
import { performRun } from '#core/sync/run/perform-run.ts';
import { bucketName, createSyncWorld, type SyncWorld } from '#support/sync-world.ts';

let world: SyncWorld;
afterEach(() => world.close());
const key = (i: number) => `key-${String(i).padStart(5, '0')}`;
const put = (n: number) => {
  for (let i = 0; i < n; i++) world.s3.put(bucketName, key(i), { size: i, lastModified: 1_700_000_000_000 });
};
const startYielding = async (id: string) => {
  const deps = { ...world.deps, yieldAt: 0 };
  const s = await startRun(deps, { datasource: id, trigger: 'manual', inProcess: true });
  if (s.outcome !== 'started') throw new Error();
  return performRun(deps, s);
};

it('a document removed between two invocations of a run leaves the total exact', async () => {
  world = await createSyncWorld();
  put(50);
  const { id, uid } = await world.addDatasource({ sync: { page_size: 10 } });
  await world.sync(id);
  const run = await startYielding(id);
  expect(run.status).toBe('running');
  await deleteDocument(world.deps, documentId(id, key(3)));
  await world.work();
  expect(await readRun(world.table, uid, run.id)).toMatchObject({ status: 'completed' });
  expect((await readRanges(world.table, uid))[0]?.objects).toBe((await world.catalogue(id)).length);
});
it('what came back while the run waited between invocations is not deleted', async () => {
  world = await createSyncWorld({ settings: { confirmLimit: 20, confirmSample: 5, progressMs: 0 } });
  put(3000);
  const { id } = await world.addDatasource();
  await world.sync(id);
  for (let i = 0; i < 200; i++) world.s3.delete(bucketName, key(i));
  await world.sync(id); // first absence
  // second absence: handed on between listing and deleting
  const run = await startYielding(id);
  let now = run;
  for (let n = 0; n < 10 && now.status === 'running' && now.ranges.done === 0; n++) {
    const m = world.messages.splice(0);
    for (const { message } of m) await handleWork({ ...world.deps, yieldAt: 0 }, message);
    now = (await readRun(world.table, run.uid, run.id))!;
    if (now.counters.listed > 250) break;
  }
  for (let i = 0; i < 200; i++)
    if (i % 40 !== 0) world.s3.put(bucketName, key(i), { size: i, lastModified: Date.now() });
  await world.work();
  const keys = new Set((await world.catalogue(id)).map((r) => r.sk));
  const lost = world.s3.objects(bucketName).filter((o) => !keys.has(o.key)).length;
  expect(lost).toBe(0);
});
it('a tick that takes up an abandoned run says so', async () => {
  world = await createSyncWorld();
  put(50);
  const row = await world.addDatasource({ sync: { page_size: 10, interval: '5m' } });
  await startYielding(row.id);
  world.messages.splice(0);
  // the message was lost; 15 minutes later
  const later = { ...world.deps, clock: { now: () => Date.now() + 1_000_000 } };
  const out = await handleTick(later, {
    datasource: row.id,
    config_version: row.config_version,
    scheduled_time: new Date(Date.now() + 1_000_000).toISOString(),
  });
  expect(out).toBe('ran');
  expect(await listRuns(world.table, row.uid, Date.now(), { limit: 3 })).toMatchObject([
    { status: 'completed', counters: { added: 50 } },
  ]);
});
it('a filter change while a run is suspended ends it at once', async () => {
  world = await createSyncWorld();
  put(50);
  const { id, uid } = await world.addDatasource({ sync: { page_size: 10 } });
  const run = await startYielding(id);
  await world.change(id, { connector: { config: { exclude: ['key-0001*'] } } });
  await world.work();
  expect(await readRun(world.table, uid, run.id)).toMatchObject({ status: 'failed', error: { code: 'scope_changed' } });
  await world.sync(id);
  expect(await world.catalogue(id)).toHaveLength(40);
});
it('a run that died mid-way with a held lease resumes and is exact; dry run too', async () => {
  world = await createSyncWorld({ settings: { progressMs: 0 } });
  put(50);
  const { id, uid } = await world.addDatasource({ sync: { page_size: 10 } });
  await world.sync(id);
  for (let i = 0; i < 3; i++) world.s3.delete(bucketName, key(i));
  const before = (await readRanges(world.table, uid))[0]?.objects;
  const deps = { ...world.deps, yieldAt: 0 };
  const s = await startRun(deps, { datasource: id, trigger: 'api', inProcess: true, dryRun: true });
  if (s.outcome !== 'started') throw new Error();
  let r = await performRun(deps, s);
  await world.work();
  r = (await readRun(world.table, uid, r.id))!;
  expect(r.counters.deleted).toBe(3);
  expect((await readRanges(world.table, uid))[0]?.objects).toBe(before);
});
