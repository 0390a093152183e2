import { afterEach, beforeEach, expect, it } from 'vitest';
import { compareKeys } from '#core/keys/byte-order.ts';
import { type RunRow, runView } from '#core/runs/run.ts';
import { readState } from '#core/runs/sync-state.ts';
import { assertLeavesTrue } from '#support/leaf-truth.ts';
import { recordFacts } from '#support/sync-world.ts';
import { createRangeWorld, type RangeWorld } from './range-world.ts';

let world: RangeWorld;
let id: string;
let uid: string;

/** 240 objects in four ranges; then some are deleted in each range, and some changed. */
beforeEach(async () => {
  world = await createRangeWorld({ rangeObjects: 60, leafRecords: 8, streams: 2 });
  await world.limitRuns(100);
  for (let index = 0; index < 240; index += 1) world.bucket.put(key(index));
  ({ id, uid } = await world.addDatasource({ sync: { page_size: 10 } }));
  await world.run(id);
  for (const index of [5, 75, 135, 195]) world.bucket.delete(key(index));
  world.bucket.put(key(7));
  world.bucket.put(key(230));
  world.time.now += 60_000;
});
afterEach(() => world.close());

const key = (index: number): string => `key-${String(index).padStart(4, '0')}`;
const starts = () =>
  world.listings.filter(({ continuation }) => continuation === undefined).map((one) => one.startAfter);

/** A run whose time is over when it has asked for so many pages. */
async function cutShort(pages: number, request: object = {}): Promise<RunRow> {
  let asked = 0;
  world.forget();
  world.beforeList = () => {
    asked += 1;
    if (asked === pages) world.time.now += 101_000;
  };
  const run = await world.run(id, {}, request);
  world.beforeList = undefined;
  return run;
}

it('the next run goes on from where each range was left, and deletes only then', async () => {
  const first = await cutShort(8);
  expect(first).toMatchObject({ status: 'failed', error: { code: 'run_time_limit' }, counters: { deleted: 0 } });
  expect(await world.catalogue(id)).toHaveLength(240);
  expect(runView(first)).not.toHaveProperty('continues');
  const before = new Set(
    world.listings.map(({ startAfter, continuation }) => JSON.stringify([startAfter, continuation])),
  );
  const listed = world.listings.length;

  world.forget();
  const second = await world.run(id);
  expect(second).toMatchObject({
    status: 'completed',
    counters: { listed: 236, deleted: 4, modified: 2, unchanged: 234, added: 0 },
  });
  expect(runView(second)).toMatchObject({ continues: first.id });
  // Two ranges from within, two from their beginning, no page twice.
  const [, range1, range2, range3] = await world.ranges(uid);
  const boundaries = [range1?.lo, range2?.lo, range3?.lo];
  expect(
    starts()
      .filter((after) => boundaries.includes(after))
      .sort(),
  ).toEqual([range2?.lo, range3?.lo]);
  const within = starts().filter((after) => after !== undefined && !boundaries.includes(after)) as string[];
  expect(within).toHaveLength(2);
  expect(compareKeys(within[0] ?? '', key(20))).toBeGreaterThan(0);
  expect(listed + world.listings.length).toBeLessThanOrEqual(24 + 4 + 1);
  expect(world.listings.filter((one) => before.has(JSON.stringify([one.startAfter, one.continuation])))).toEqual([]);
  expect(recordFacts(await world.catalogue(id))).toEqual(world.facts());
  await assertLeavesTrue(world.table, uid, 'some');

  // And the run after it begins anew.
  world.forget();
  expect(runView(await world.run(id))).not.toHaveProperty('continues');
  expect(starts()).toHaveLength(4);
});

it('a pass may take several runs and keeps the id of the first', async () => {
  const first = await cutShort(6);
  const second = await cutShort(6);
  const third = await cutShort(6);
  expect(second.error?.code).toBe('run_time_limit');
  expect([second, third].map((run) => runView(run).continues)).toEqual([first.id, first.id]);
  expect(second.counters.listed).toBeGreaterThan(first.counters.listed);
  expect(third.counters.listed).toBeGreaterThan(second.counters.listed);
  expect(await world.catalogue(id)).toHaveLength(240);
  const last = await world.run(id);
  expect(last).toMatchObject({ status: 'completed', counters: { listed: 236, deleted: 4 } });
  expect((await readState(world.table, uid)).last_complete).toMatchObject({ run: first.id });
  expect(recordFacts(await world.catalogue(id))).toEqual(world.facts());
});

it('a run under another scope does not go on from it', async () => {
  await cutShort(8);
  await world.change(id, { connector: { config: { exclude: ['*-0001'] } } });
  world.forget();
  const run = await world.run(id);
  expect(runView(run)).not.toHaveProperty('continues');
  expect(starts()).toHaveLength(4);
  expect(run).toMatchObject({ status: 'completed', counters: { deleted: 4, out_of_scope: 1 } });
});

it('neither a dry run nor a run after five days goes on from it', async () => {
  await cutShort(8);
  world.forget();
  const dry = await world.run(id, {}, { dryRun: true });
  expect(runView(dry)).not.toHaveProperty('continues');
  expect(dry).toMatchObject({ status: 'completed', counters: { deleted: 4, listed: 236 } });
  expect(starts()).toHaveLength(4);
  world.time.now += 5 * 86_400_000;
  expect(runView(await world.run(id))).not.toHaveProperty('continues');
});

it('an approval lists anew', async () => {
  for (let index = 0; index < 60; index += 1) world.bucket.delete(key(index));
  const settings = { ...world.deps.settings, holdAboveObjects: 10 };
  const held = await world.run(id, { settings });
  expect(held.status).toBe('held');
  await cutShort(8);
  world.forget();
  const approving = await world.run(id, {}, { approves: held.id });
  expect(runView(approving)).not.toHaveProperty('continues');
  expect(approving).toMatchObject({ status: 'completed', counters: { deleted: 63 } });
});

it('an object that was put since the pass began is not said to contradict the listing', async () => {
  await cutShort(8);
  world.time.now += 5000;
  world.bucket.put(key(5));
  const run = await world.run(id);
  expect(run).toMatchObject({ status: 'completed', counters: { deleted: 3 } });
  await world.run(id);
  expect(recordFacts(await world.catalogue(id))).toEqual(world.facts());
});
