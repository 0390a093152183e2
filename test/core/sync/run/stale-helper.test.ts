import { afterEach, beforeEach, expect, it } from 'vitest';
import { handleWork } from '#core/dispatch/handle-work.ts';
import type { Buckets } from '#core/model/ports/bucket.ts';
import { cancelRun } from '#core/runs/cancel-run.ts';
import type { SyncDeps } from '#core/runs/sync-deps.ts';
import type { WorkMessage } from '#core/runs/work-message.ts';
import { performRun } from '#core/sync/run/perform-run.ts';
import { assertLeavesTrue } from '#support/leaf-truth.ts';
import { recordFacts } from '#support/sync-world.ts';
import { createRangeWorld, type RangeWorld } from './range-world.ts';

let world: RangeWorld;
let id: string;
let uid: string;

/** A catalogue of 200 objects in four ranges, made by one worker; then all of them were written anew. */
beforeEach(async () => {
  world = await createRangeWorld({ rangeObjects: 50, leafRecords: 8, streams: 1, workers: 2 });
  for (let index = 0; index < 200; index += 1) world.bucket.put(key(index));
  ({ id, uid } = await world.addDatasource({ sync: { page_size: 10 } }));
  await world.run(id, { settings: { ...world.deps.settings, workers: 1 } });
  expect(await world.ranges(uid)).toHaveLength(4);
  world.time.now += 60_000;
  for (let index = 0; index < 200; index += 1) world.bucket.put(key(index));
  world.forget();
});
afterEach(() => world.close());

const key = (index: number): string => `key-${String(index).padStart(4, '0')}`;
const named = (holder: string): Partial<SyncDeps> => ({ holder, isAlive: () => true });

/** A helper that hangs with the answer to its third page; what it wrote before is marked under the fence of its run. */
async function helperWithAPageInHand(message: WorkMessage) {
  const hung = Promise.withResolvers<void>();
  const released = Promise.withResolvers<void>();
  let pages = 0;
  const buckets: Buckets = {
    open(target) {
      const bucket = world.deps.buckets.open(target);
      return {
        ...bucket,
        async list(request) {
          const page = await bucket.list(request);
          pages += 1;
          if (pages === 3) {
            hung.resolve();
            await released.promise;
          }
          return page;
        },
      };
    },
  };
  const helping = handleWork(world.worker({ ...named('helper'), buckets }), message);
  await hung.promise;
  return async (): Promise<void> => {
    released.resolve();
    await helping;
  };
}

it('a helper with a page in hand writes nothing of it when its run has ended meanwhile and others came after', async () => {
  let release: (() => Promise<void>) | undefined;
  const started = await world.start(id, {}, named('holder'));
  const queue: SyncDeps['queue'] = {
    async send(message) {
      if ((message as WorkMessage).type !== 'ranges') return;
      release = await helperWithAPageInHand(message as WorkMessage);
      await cancelRun(world.worker(), id, started.run.id);
    },
  };
  const canceled = await performRun(world.worker({ ...named('holder'), queue }), started);
  expect(canceled.status).toBe('canceled');

  world.time.now += 10_000;
  for (let index = 0; index < 200; index += 1) world.bucket.put(key(index));
  const settings = { ...world.deps.settings, workers: 1 };
  for (const name of ['next', 'after']) {
    expect(await world.run(id, { ...named(name), settings })).toMatchObject({ status: 'completed' });
  }
  await release?.();
  expect(recordFacts(await world.catalogue(id))).toEqual(world.facts());
  await world.run(id, { ...named('last'), settings });
  expect(recordFacts(await world.catalogue(id))).toEqual(world.facts());
  await assertLeavesTrue(world.table, uid, 'all');
});
