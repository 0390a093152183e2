import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { sweep } from '#core/dispatch/sweep.ts';
import { cancelRun } from '#core/runs/cancel-run.ts';
import { performRun } from '#core/sync/run/perform-run.ts';
import { assertLeavesTrue } from '#support/leaf-truth.ts';
import { recordFacts } from '#support/sync-world.ts';
import { createRangeWorld, type RangeWorld } from '../run/range-world.ts';

let world: RangeWorld;
let id: string;
let uid: string;

/** 60 objects under a/ and 340 under b/, in four ranges of which three lie beside a/; then only a/ is asked for. */
beforeEach(async () => {
  world = await createRangeWorld({ rangeObjects: 100, leafRecords: 8, streams: 1, holdAboveObjects: 10 });
  for (let index = 0; index < 60; index += 1) world.bucket.put(`a/${index + 100}`);
  for (let index = 0; index < 340; index += 1) world.bucket.put(`b/${index + 100}`);
  ({ id, uid } = await world.addDatasource({ sync: { page_size: 10 } }));
  await world.run(id);
  expect(await world.ranges(uid)).toHaveLength(4);
  world.time.now += 60_000;
});
afterEach(() => world.close());

it('what an invocation that died took out of scope does not make a loss look small: it holds', async () => {
  for (let index = 0; index < 20; index += 1) world.bucket.delete(`a/${index + 110}`);
  await world.change(id, { connector: { config: { prefix: 'a/' } } });
  const [, second] = await world.ranges(uid);
  const died = Promise.withResolvers<void>();
  // The process stops between the last record of the second range and the mark that the range is done.
  world.table.beforeWrite = (writes) => {
    const ends = (write: (typeof writes)[number]): boolean =>
      'put' in write && write.put.pk === `map#${uid}` && write.put.sk === second?.lo && write.put.dirty === undefined;
    if (!writes.some(ends)) return;
    died.resolve();
    return new Promise(() => {});
  };
  const started = await world.start(id);
  void performRun(world.worker(), started);
  await died.promise;
  world.table.beforeWrite = undefined;
  world.time.now += world.deps.leaseMs + 1;
  await sweep(world.worker());
  const run = await world.drain(started.run);
  expect(run).toMatchObject({
    status: 'held',
    hold: { candidates: 20, share: 0.3333 },
    counters: { out_of_scope: 340 },
  });
  expect(await world.catalogue(id)).toHaveLength(60);
  await assertLeavesTrue(world.table, uid, 'some');
});

describe('where most ranges lie beside the prefix', () => {
  beforeEach(async () => {
    await world.change(id, { connector: { config: { prefix: 'b/43' } } });
  });

  it('the run goes on in another invocation when the time of this one is over', async () => {
    const started = await world.start(id);
    let run = await performRun(world.worker({ yieldAt: world.time.now }), started);
    expect(run).toMatchObject({ status: 'running', ranges: { done: 1, total: 4 } });
    run = await world.drain(run, { yieldAt: world.time.now });
    expect(run).toMatchObject({ status: 'completed', counters: { out_of_scope: 390, unchanged: 10 } });
    expect(recordFacts(await world.catalogue(id))).toEqual(world.facts().filter(({ key }) => key.startsWith('b/43')));
  });

  it('a cancel stops the run before the next of them', async () => {
    const started = await world.start(id);
    await cancelRun(world.deps, id, started.run.id);
    expect(await performRun(world.worker(), started)).toMatchObject({ status: 'canceled' });
    expect(await world.catalogue(id)).toHaveLength(400);
  });
});

it('ranges of one page each do not keep an invocation on beyond its time', async () => {
  await world.change(id, { sync: { page_size: 1000 } });
  const started = await world.start(id);
  const run = await performRun(world.worker({ yieldAt: world.time.now }), started);
  expect(run).toMatchObject({ status: 'running', ranges: { done: 1, total: 4 } });
  expect(await world.drain(run, { yieldAt: world.time.now })).toMatchObject({
    counters: { unchanged: 400, listed: 400 },
  });
});
