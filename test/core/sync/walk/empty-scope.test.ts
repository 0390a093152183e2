import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { sweep } from '#core/dispatch/sweep.ts';
import { approveRun } from '#core/runs/approve-run.ts';
import { readRun } from '#core/runs/run-store.ts';
import { performRun } from '#core/sync/run/perform-run.ts';
import { assertLeavesTrue } from '#support/leaf-truth.ts';
import { recordFacts } from '#support/sync-world.ts';
import { createRangeWorld, type RangeWorld } from '../run/range-world.ts';

let world: RangeWorld;
let id: string;
let uid: string;

/** 50 objects under docs/ and 250 under zoo/, in several ranges. */
beforeEach(async () => {
  world = await createRangeWorld({ rangeObjects: 60, leafRecords: 8, streams: 1, workers: 3, holdAboveObjects: 10 });
  for (let index = 0; index < 50; index += 1) world.bucket.put(`docs/${index + 100}`);
  for (let index = 0; index < 250; index += 1) world.bucket.put(`zoo/${index + 100}`);
  ({ id, uid } = await world.addDatasource({ sync: { page_size: 10 } }));
  await world.run(id);
  expect((await world.ranges(uid)).length).toBeGreaterThan(3);
  world.time.now += 60_000;
});
afterEach(() => world.close());

const scope = (config: object): Promise<unknown> => world.change(id, { connector: { config } });
const counted = async (): Promise<number> => (await world.ranges(uid)).reduce((sum, { objects }) => sum + objects, 0);
const under = (prefix: string) => world.facts().filter(({ key }) => key.startsWith(prefix));

async function assertAllThere(): Promise<void> {
  expect(recordFacts(await world.catalogue(id))).toEqual(world.facts());
  expect(await counted()).toBe(300);
  await assertLeavesTrue(world.table, uid, 'some');
}

describe('a scope without a key, over a catalogue', () => {
  it.each([
    ['a prefix with a slash before it', { prefix: '/docs/' }],
    ['a prefix behind all that there is', { prefix: 'zz' }],
    ['a filter that nothing matches', { extensions: ['pdf'] }],
  ])('takes nothing out, and is held: %s', async (_what, config) => {
    await scope(config);
    const run = await world.run(id);
    expect(run).toMatchObject({ status: 'held', hold: { candidates: 0, share: 1, leaving: 300 } });
    expect(run.counters).toMatchObject({ out_of_scope: 0, deleted: 0 });
    expect(run.hold?.sample).toHaveLength(20);
    expect(run.message).toContain('Not one listed key is in the scope (prefix and filters), which 300 records');
    expect(run.message).toContain(`POST /datasource/${id}/_runs/${run.id}/_approve takes these records out`);
    await assertAllThere();
    expect((await world.run(id)).status).toBe('held');
    await assertAllThere();
  });

  it('is warned about where it is written as none is meant', async () => {
    await scope({ prefix: '/docs/' });
    expect((await world.run(id)).warnings).toEqual([expect.stringMatching(/^prefix "\/docs\/" is taken as/)]);
  });

  it('is forgotten when it is corrected', async () => {
    await scope({ prefix: '/docs/' });
    await world.run(id);
    await scope({ prefix: 'docs/' });
    const run = await world.run(id);
    expect(run).toMatchObject({ status: 'completed', counters: { out_of_scope: 250, unchanged: 50, added: 0 } });
    expect(recordFacts(await world.catalogue(id))).toEqual(under('docs/'));
    expect(await counted()).toBe(50);
    await assertLeavesTrue(world.table, uid, 'some');
  });

  it('takes all out once that is approved, and says of none that it was deleted', async () => {
    await scope({ prefix: '/docs/' });
    const held = await world.run(id);
    const approving = await approveRun(world.deps, id, held.id);
    const run = await world.drain(approving);
    expect(run).toMatchObject({ status: 'completed', counters: { out_of_scope: 300, deleted: 0 } });
    expect([await world.catalogue(id), await counted()]).toEqual([[], 0]);
    expect(await readRun(world.table, uid, held.id)).toMatchObject({ approved_by: approving.id });
    await assertLeavesTrue(world.table, uid, 'some');
    expect((await world.run(id)).status).toBe('completed');
  });

  it('takes all out by itself once a key comes into it', async () => {
    await scope({ prefix: 'new/' });
    await world.run(id);
    world.bucket.put('new/1');
    const run = await world.run(id);
    expect(run).toMatchObject({ status: 'completed', counters: { out_of_scope: 300, added: 1 } });
    expect(recordFacts(await world.catalogue(id))).toEqual(under('new/'));
    expect(await counted()).toBe(1);
  });

  it('is told by a dry run, which changes nothing', async () => {
    await scope({ prefix: '/docs/' });
    const run = await world.run(id, {}, { dryRun: true });
    expect(run).toMatchObject({ status: 'completed', hold: { leaving: 300 }, counters: { out_of_scope: 300 } });
    await assertAllThere();
  });
});

describe('a scope whose keys lie behind all that leaves it', () => {
  beforeEach(() => scope({ prefix: 'zoo/34' }));

  it('takes the rest out, however many invocations and workers it takes', async () => {
    const started = await world.start(id);
    const yielding = { yieldAt: world.time.now };
    const run = await world.drain(await performRun(world.worker(yielding), started), yielding);
    expect(run).toMatchObject({ status: 'completed', counters: { out_of_scope: 290, unchanged: 10 } });
    expect(recordFacts(await world.catalogue(id))).toEqual(under('zoo/34'));
    expect(await counted()).toBe(10);
    await assertLeavesTrue(world.table, uid, 'some');
  });

  it('takes nothing out that the listing did not reach: a run that fails leaves all as it was', async () => {
    world.beforeList = () => {
      throw new Error('the server is gone');
    };
    expect(await world.run(id)).toMatchObject({ status: 'failed', counters: { out_of_scope: 0 } });
    await assertAllThere();
  });

  it.each([1, 2, 3, 5, 8, 13, 21, 34])('is exact after a process that died at its write number %d', async (last) => {
    const started = await world.start(id);
    let writes = 0;
    const died = Promise.withResolvers<void>();
    world.table.beforeWrite = () => {
      writes += 1;
      if (writes < last) return;
      died.resolve();
      return new Promise(() => {});
    };
    const performing = performRun(world.worker(), started);
    await Promise.race([died.promise, performing]);
    world.table.beforeWrite = undefined;
    world.time.now += world.deps.leaseMs + 1;
    await sweep(world.worker());
    await world.drain(started.run);
    const run = await world.run(id);
    expect(run).toMatchObject({ status: 'completed' });
    expect(recordFacts(await world.catalogue(id))).toEqual(under('zoo/34'));
    expect(await counted()).toBe(10);
    await assertLeavesTrue(world.table, uid, 'some');
  });
});
