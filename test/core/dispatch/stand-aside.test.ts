import { afterEach, beforeEach, expect, it } from 'vitest';
import { handleTick } from '#core/dispatch/handle-tick.ts';
import { handleWork } from '#core/dispatch/handle-work.ts';
import { Failure } from '#core/model/errors.ts';
import type { DatasourceRow } from '#core/registry/datasource.ts';
import { requestRun } from '#core/runs/request-run.ts';
import { listRuns } from '#core/runs/run-store.ts';
import { bucketName, createSyncWorld, type SyncWorld } from '#support/sync-world.ts';

let world: SyncWorld;
let now: number;
let row: DatasourceRow;
let beside: unknown[];
beforeEach(async () => {
  now = Date.parse('2026-03-01T00:00:00Z');
  world = await createSyncWorld({ clock: { now: () => now } });
  world.s3.put(bucketName, 'one', { body: '1' });
  row = await world.addDatasource({ sync: { interval: '1m' } });
  beside = [];
});
afterEach(() => world.close());

const aside = { send: async (message: unknown) => void beside.push(message) };
const host = () => ({ ...world.deps, aside });
const tick = () => {
  now += 60_000;
  const scheduled_time = new Date(now).toISOString();
  return handleTick(host(), { datasource: row.id, config_version: row.config_version, scheduled_time });
};
const runs = () => listRuns(world.table, row.uid, now, { limit: 10 });

/** Its last run failed, once: nothing is put off. */
async function failedOnce(): Promise<void> {
  const { deps } = world;
  const failing = {
    ...deps,
    buckets: {
      open: () => {
        throw new Failure('source_timeout', 'took too long');
      },
    },
  };
  now += 60_000;
  const scheduled_time = new Date(now).toISOString();
  await handleTick(failing, { datasource: row.id, config_version: row.config_version, scheduled_time });
  expect((await runs())[0]).toMatchObject({ status: 'failed', error: { code: 'source_timeout' } });
}

it('given a last run that was well, a tick is run at once', async () => {
  expect([await tick(), await tick(), beside]).toEqual(['ran', 'ran', []]);
});

it('given a last run that failed, its tick waits beside, for its slot, and is run from there', async () => {
  await failedOnce();
  const before = (await runs()).length;
  expect(await tick()).toBe('aside');
  expect(beside).toEqual([expect.objectContaining({ type: 'slot', datasource: row.id, slot: now })]);
  expect(await runs()).toHaveLength(before);
  await handleWork(world.deps, beside[0]);
  expect((await runs())[0]).toMatchObject({ status: 'completed', scheduled_at: new Date(now).toISOString() });
  // The same once more is nothing, and the next tick is run at once.
  await handleWork(world.deps, beside[0]);
  expect(await runs()).toHaveLength(before + 1);
  expect(await tick()).toBe('ran');
});

it('given a last run that failed, a run that somebody asks for waits beside, too', async () => {
  await failedOnce();
  const { run } = await requestRun(world.deps, { datasource: row.id, trigger: 'manual' });
  const [{ message } = { message: undefined }] = world.messages.splice(0);
  await handleWork(host(), message);
  expect(beside).toEqual([message]);
  await handleWork(world.deps, beside[0]);
  expect((await runs()).find(({ id }) => id === run.id)).toMatchObject({ status: 'completed' });
});

it('given a purge, it waits beside, whatever the last run came to', async () => {
  const message = { type: 'purge', uid: 'gone' };
  await handleWork(host(), message);
  expect(beside).toEqual([message]);
});

it('given a host where every run has a process to itself, nothing waits beside', async () => {
  await failedOnce();
  now += 60_000;
  const scheduled_time = new Date(now).toISOString();
  const payload = { datasource: row.id, config_version: row.config_version, scheduled_time };
  expect(await handleTick(world.deps, payload)).toBe('ran');
});
