import { afterEach, expect, it } from 'vitest';
import { documentId } from '#core/catalogue/document-id.ts';
import { readRanges } from '#core/catalogue/range-map.ts';
import { publishChanges } from '#core/changes/publish-changes.ts';
import { handleTick } from '#core/dispatch/handle-tick.ts';
import { sweep } from '#core/dispatch/sweep.ts';
import { deleteDocument } from '#core/documents/delete-document.ts';
import { approveRun } from '#core/runs/approve-run.ts';
import { readRun } from '#core/runs/run-store.ts';
import { startRun } from '#core/runs/start-run.ts';
import { performRun } from '#core/sync/run/perform-run.ts';
import { bucketName, createSyncWorld, type SyncWorld } from '#support/sync-world.ts';

let world: SyncWorld;
afterEach(() => world.close());
const put = (n: number) => {
  for (let i = 0; i < n; i++)
    world.s3.put(bucketName, `key-${String(i).padStart(5, '0')}`, { size: i, lastModified: 1_700_000_000_000 });
};

it('a dry run that takes long leaves the totals alone', async () => {
  world = await createSyncWorld({ settings: { progressMs: 0 } });
  put(50);
  const { id, uid } = await world.addDatasource({ sync: { page_size: 10 } });
  await world.sync(id);
  for (let i = 0; i < 30; i++) world.s3.put(bucketName, `new-${i}`, { size: 1 });
  const before = await readRanges(world.table, uid);
  await world.sync(id, { dryRun: true });
  const [after] = await readRanges(world.table, uid);
  expect(after).toMatchObject({ objects: before[0]?.objects, bytes: before[0]?.bytes });
});
it('dry run of a fresh datasource', async () => {
  world = await createSyncWorld({ settings: { progressMs: 0 } });
  put(50);
  const { id, uid } = await world.addDatasource({ sync: { page_size: 10 } });
  await world.sync(id, { dryRun: true });
  expect((await readRanges(world.table, uid))[0]?.objects ?? 0).toBe(0);
});
it('two removals by request of one key are two events', async () => {
  world = await createSyncWorld();
  put(3);
  const { id, uid } = await world.addDatasource();
  await world.sync(id);
  const ids: string[] = [];
  for (let n = 0; n < 2; n++) {
    await deleteDocument(world.deps, documentId(id, 'key-00001'));
    const [range] = await readRanges(world.table, uid);
    const after = await world.table.get({ pk: `record#${uid}#${range?.id}`, sk: 'key-00001' });
    await publishChanges(
      {
        table: world.table,
        log: world.log,
        bus: {
          async publish(e) {
            ids.push(...e.map((x) => x.id));
          },
        },
      },
      [{ key: { pk: after!.pk, sk: after!.sk }, after: after! }],
    );
    await world.sync(id);
  }
  expect(ids).toHaveLength(2);
  expect(ids[0]).not.toBe(ids[1]);
});
it('failures in a row back off with cron too', async () => {
  let now = Date.parse('2026-03-01T00:00:00Z');
  world = await createSyncWorld({ clock: { now: () => now } });
  const row = await world.addDatasource({ sync: { cron: '* * * * *' } });
  world.s3.faults.add({ act: { kind: 'status', status: 403, code: 'AccessDenied' } });
  const outcomes: string[] = [];
  for (let m = 0; m < 16; m++) {
    outcomes.push(
      await handleTick(world.deps, {
        datasource: row.id,
        config_version: row.config_version,
        scheduled_time: new Date(now).toISOString(),
      }),
    );
    now += 60_000;
  }
  expect(outcomes.filter((o) => o === 'ran').length).toBeLessThan(16);
});
it('a change of settings that mends the failure ends the backoff', async () => {
  let now = Date.parse('2026-03-01T00:00:00Z');
  world = await createSyncWorld({ clock: { now: () => now } });
  put(1);
  const row = await world.addDatasource({
    sync: { interval: '12h' },
    config: { secret_access_key: 'wrong-secret-wrong' },
  });
  const tick = (r = row) =>
    handleTick(world.deps, {
      datasource: r.id,
      config_version: r.config_version,
      scheduled_time: new Date(now).toISOString(),
    });
  for (let i = 0; i < 4; i++) {
    await tick();
    now += 43_200_000;
  }
  const fixed = await world.change(row.id, {
    connector: { config: { secret_access_key: world.s3.credentials.secretAccessKey } },
  });
  now -= 40_000_000;
  expect(fixed.config_version).toBe(row.config_version);
  expect(await tick(fixed)).toBe('ran');
});
it('an interrupted run has a message and no stale percent', async () => {
  world = await createSyncWorld();
  put(3);
  const { id, uid } = await world.addDatasource();
  const s = await startRun({ ...world.deps, holder: 'dead' }, { datasource: id, trigger: 'schedule', inProcess: true });
  if (s.outcome !== 'started') throw new Error();
  await sweep(world.deps);
  const run = await readRun(world.table, uid, s.run.id);
  expect(run?.message).toBeDefined();
});
it('approve after filters changed deletes only what was shown and is missing', async () => {
  world = await createSyncWorld();
  put(100);
  for (let i = 0; i < 20; i++) world.s3.put(bucketName, `doc-${i}.pdf`, { size: 1 });
  const { id } = await world.addDatasource();
  await world.sync(id);
  for (let i = 0; i < 40; i++) world.s3.delete(bucketName, `key-${String(i).padStart(5, '0')}`);
  const held = await world.sync(id);
  expect(held.status).toBe('held');
  await world.change(id, { connector: { config: { extensions: ['pdf'] } } });
  const outcome = await approveRun(world.deps, id, held.id).then(
    (r) => r.id,
    (e) => `refused ${e.code} ${e.message}`,
  );
  await world.work();
  expect(outcome).toMatch(/^refused/);
});
it('events: an object that was never told is not told as deleted', async () => {
  world = await createSyncWorld();
  put(50);
  const { id, uid } = await world.addDatasource({ sync: { page_size: 10 } });
  world.s3.faults.add({ when: { operation: 'list', page: 4 }, act: { kind: 'html' } });
  await world.sync(id);
  world.s3.faults.clear();
  world.s3.delete(bucketName, 'key-00003');
  const _r = await world.sync(id);
  const [range] = await readRanges(world.table, uid);
  const after = await world.table.get({ pk: `record#${uid}#${range?.id}`, sk: 'key-00003' });
  const types: string[] = [];
  await publishChanges(
    {
      table: world.table,
      log: world.log,
      bus: {
        async publish(e) {
          types.push(...e.map((x) => x.type));
        },
      },
    },
    [{ key: { pk: after!.pk, sk: after!.sk }, after: after! }],
  );
  expect(types).toEqual([]);
});
it('a message that says nothing was deleted is true (killed while deleting)', async () => {
  world = await createSyncWorld();
  put(1500);
  const { id } = await world.addDatasource();
  await world.sync(id);
  for (let i = 0; i < 200; i++) world.s3.delete(bucketName, `key-${String(i).padStart(5, '0')}`);
  // another start takes the lease after the first chunk of tombstones
  let n = 0;
  world.table.beforeWrite = (writes) => {
    const removing = writes.some((write) => 'put' in write && write.put.gone !== undefined);
    if (removing) n += 1;
    if (removing && n === 2) throw new Error('the store broke');
  };
  const s = await startRun(world.deps, { datasource: id, trigger: 'manual', inProcess: true });
  if (s.outcome !== 'started') throw new Error();
  const run = await performRun(world.deps, s);
  expect(run.status).toBe('failed');
  expect(run.counters.deleted).toBeGreaterThan(0);
  expect(run.message).not.toMatch(/nothing was deleted/);
  expect(await world.catalogue(id)).toHaveLength(1500 - run.counters.deleted);
});
it('a clock that was ahead does not silence the schedule', async () => {
  let now = Date.parse('2030-03-01T00:00:00Z');
  world = await createSyncWorld({ clock: { now: () => now } });
  put(1);
  const row = await world.addDatasource({ sync: { interval: '1h' } });
  const tick = () =>
    handleTick(world.deps, {
      datasource: row.id,
      config_version: row.config_version,
      scheduled_time: new Date(now).toISOString(),
    });
  expect(await tick()).toBe('ran');
  now = Date.parse('2026-03-01T00:00:00Z');
  expect(await tick()).toBe('ran');
});

it('publishes an event for each object of a first load only when asked to', async () => {
  world = await createSyncWorld();
  put(3);
  for (const [sync, quiet] of [
    [{}, true],
    [{ first_load_events: true }, undefined],
  ] as const) {
    const { id } = await world.addDatasource({ sync });
    await world.sync(id);
    expect((await world.catalogue(id)).map((record) => record.quiet)).toEqual([quiet, quiet, quiet]);
  }
});
