import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { handleWork } from '#core/dispatch/handle-work.ts';
import { Failure } from '#core/model/errors.ts';
import type { RunRow } from '#core/runs/run.ts';
import { runView } from '#core/runs/run.ts';
import { readRun } from '#core/runs/run-store.ts';
import type { SyncDeps } from '#core/runs/sync-deps.ts';
import { healthView, readState } from '#core/runs/sync-state.ts';
import { performRun } from '#core/sync/run/perform-run.ts';
import { assertLeavesTrue } from '#support/leaf-truth.ts';
import { recordFacts } from '#support/sync-world.ts';
import { createRangeWorld, type RangeWorld } from './range-world.ts';

let world: RangeWorld;
let id: string;
let uid: string;

beforeEach(async () => {
  world = await createRangeWorld({ rangeObjects: 60, leafRecords: 8, streams: 1 });
  ({ id, uid } = await world.addDatasource({ sync: { page_size: 10 } }));
});
afterEach(() => world.close());

const key = (index: number): string => `key-${String(index).padStart(4, '0')}`;
const fill = (from: number, to: number): void => {
  for (let index = from; index < to; index += 1) world.bucket.put(key(index));
};
const within = (most: number, more: Partial<SyncDeps['settings']> = {}): Partial<SyncDeps> => ({
  settings: { ...world.deps.settings, ...more, objects: { most, setting: 'maxObjectsPerDatasource' } },
});
const run = (most: number, request: object = {}): Promise<RunRow> => {
  world.time.now += 60_000;
  return world.run(id, within(most), request);
};
const exact = async (): Promise<void> => {
  expect(recordFacts(await world.catalogue(id))).toEqual(world.facts());
  await assertLeavesTrue(world.table, uid, 'some');
};

describe('a bucket with more objects than its datasource may have', () => {
  it('fails its run within a page, says number and setting, and keeps what was catalogued', async () => {
    fill(0, 200);
    const ended = await run(100);
    expect(ended).toMatchObject({ status: 'failed', error: { code: 'quota_exceeded' }, counters: { deleted: 0 } });
    expect(ended.error?.message).toMatch(/more than 100 objects .* setting maxObjectsPerDatasource/);
    const kept = await world.catalogue(id);
    expect(kept).toHaveLength(110);
    expect(healthView(await readState(world.table, uid))).toMatchObject({
      status: 'failing',
      error: { code: 'quota_exceeded' },
    });
  });

  it('raised, the next run goes on from there, lists no page twice, completes and is exact', async () => {
    fill(0, 200);
    const first = await run(100);
    const pages = world.listings.length;
    world.forget();
    const second = await run(200);
    expect(second).toMatchObject({ status: 'completed', counters: { listed: 200, added: 200 } });
    expect(runView(second)).toMatchObject({ continues: first.id });
    expect(pages + world.listings.length).toBe(20);
    await exact();
  });

  it('not raised, each further run lists anew and stops at the same place: nothing creeps in', async () => {
    fill(0, 200);
    for (let time = 0; time < 4; time += 1) {
      expect(await run(100, { trigger: 'manual' })).toMatchObject({ error: { code: 'quota_exceeded' } });
      expect(await world.catalogue(id)).toHaveLength(110);
    }
  });

  it('that lost objects since, its next run completes, though the one before listed more', async () => {
    fill(0, 200);
    await run(100);
    for (let index = 50; index < 150; index += 1) world.bucket.delete(key(index));
    expect(await run(100)).toMatchObject({ status: 'completed', counters: { listed: 100, deleted: 60 } });
    await exact();
  });

  it('grown beyond it on its last page, is not complete, and nothing that it lacks is deleted', async () => {
    fill(0, 100);
    expect(await run(100)).toMatchObject({ status: 'completed' });
    world.bucket.delete(key(3));
    fill(100, 102);
    expect(await run(100)).toMatchObject({ error: { code: 'quota_exceeded' }, counters: { deleted: 0 } });
    expect((await world.catalogue(id)).map(({ sk }) => sk)).toContain(key(3));
  });

  it('a dry run says so, too', async () => {
    fill(0, 200);
    expect(await run(100, { dryRun: true })).toMatchObject({ error: { code: 'quota_exceeded' } });
    expect(await world.catalogue(id)).toEqual([]);
  });
});

describe('a bucket at its quota', () => {
  beforeEach(async () => {
    fill(0, 100);
    await run(100);
  });

  it('goes on: objects change, go, and others take their place', async () => {
    for (const index of [5, 50, 99]) world.bucket.delete(key(index));
    world.bucket.put(key(7));
    fill(100, 103);
    expect(await run(100)).toMatchObject({ status: 'completed', counters: { added: 3, deleted: 3, modified: 1 } });
    await exact();
  });

  it('that was lowered below what stands keeps what stands, and takes no more', async () => {
    world.bucket.put(key(7));
    world.bucket.delete(key(8));
    expect(await run(50)).toMatchObject({ status: 'completed', counters: { modified: 1, deleted: 1 } });
    await exact();
    fill(100, 102);
    expect(await run(50)).toMatchObject({ error: { code: 'quota_exceeded' } });
    expect(await run(101)).toMatchObject({ status: 'completed' });
    await exact();
  });

  it('in which all objects are others each time, records whose deletion waits do not pile up without end', async () => {
    const held = { ...within(100, { holdAboveObjects: 10 }) };
    for (let round = 1; round <= 6; round += 1) {
      for (const { key: old } of world.facts()) world.bucket.delete(old);
      for (let index = 0; index < 100; index += 1) world.bucket.put(`round-${round}-${key(index)}`);
      world.time.now += 3_600_000;
      await world.run(id, held, { trigger: 'manual' });
    }
    expect((await world.catalogue(id)).length).toBeLessThanOrEqual(310);
    expect((await readState(world.table, uid)).error?.message).toMatch(/deletions wait to be approved/);
  });
});

it('given several workers, each stops by what all have listed, once a minute is over, and the run ends once', async () => {
  fill(0, 400);
  await run(1000);
  fill(400, 800);
  world.time.now += 60_000;
  const settings = within(420, { workers: 3, streams: 2, holdAboveObjects: 1 });
  const helpers: Promise<void>[] = [];
  const named = (holder: string): Partial<SyncDeps> => ({ holder, isAlive: () => true, queue, ...settings });
  const queue: SyncDeps['queue'] = {
    send: async (message) => void helpers.push(handleWork(world.worker(named(`helper-${helpers.length}`)), message)),
  };
  // Six pages a minute, of all streams together.
  world.beforeList = async () => {
    world.time.now += 10_000;
    await new Promise((resolve) => setImmediate(resolve));
  };
  const started = await world.start(id, {}, named('holder'));
  await performRun(world.worker(named('holder')), started);
  for (let index = 0; index < helpers.length; index += 1) await helpers[index];
  const ended = await readRun(world.table, uid, started.run.id);
  expect(ended).toMatchObject({ status: 'failed', error: { code: 'quota_exceeded' }, counters: { deleted: 0 } });
  world.beforeList = undefined;
  world.time.now += 60_000;
  expect(await world.run(id, within(800))).toMatchObject({ status: 'completed', counters: { listed: 800 } });
  await exact();
});

it('given a disk that is full, a run that adds fails and one that only deletes goes on; with room again it goes on from there', async () => {
  fill(0, 100);
  let isFull = false;
  const room = {
    demand: async () => {
      if (isFull) throw new Failure('quota_exceeded', 'the disk is full');
    },
  };
  const runOn = (): Promise<RunRow> => {
    world.time.now += 60_000;
    return world.run(id, { room });
  };
  world.beforeList = () => {
    isFull = world.listings.length > 5;
  };
  expect(await runOn()).toMatchObject({ error: { code: 'quota_exceeded', message: 'the disk is full' } });
  world.beforeList = undefined;
  isFull = false;
  expect(await runOn()).toMatchObject({ status: 'completed', counters: { listed: 100 } });
  await exact();
  isFull = true;
  world.bucket.delete(key(4));
  world.bucket.put(key(5));
  expect(await runOn()).toMatchObject({ status: 'completed', counters: { deleted: 1, modified: 1 } });
  await exact();
});

it.each([1, 3, 7, 10, 11, 12])(
  'given a process that dies at page %i of a run beyond the quota, the next one stops there, and once raised all is exact',
  async (page) => {
    fill(0, 100);
    expect(await run(100)).toMatchObject({ status: 'completed' });
    world.bucket.delete(key(4));
    fill(100, 160);
    world.time.now += 60_000;
    world.forget();
    const dead = new Promise<void>((resolve) => {
      world.beforeList = () => {
        if (world.listings.length < page) return undefined;
        resolve();
        return new Promise<void>(() => undefined);
      };
    });
    const killed = world.run(id, { ...within(100), holder: 'dead' });
    await Promise.race([dead, killed]);
    world.beforeList = undefined;
    world.time.now += 1000;
    const next = { ...within(100), holder: 'next', isAlive: (holder: string) => holder === 'next' };
    const ended = page > 11 ? await killed : await world.run(id, next, { trigger: 'reconcile' });
    expect(ended).toMatchObject({ status: 'failed', error: { code: 'quota_exceeded' }, counters: { deleted: 0 } });
    const kept = (await world.catalogue(id)).map(({ sk }) => sk);
    expect(kept).toEqual(expect.arrayContaining(Array.from({ length: 100 }, (_, index) => key(index))));
    expect(kept.length).toBeLessThanOrEqual(110);
    const raised = { ...next, ...within(159) };
    expect(await world.run(id, raised, { trigger: 'manual' })).toMatchObject({
      status: 'completed',
      counters: { deleted: 1 },
    });
    await exact();
  },
);
