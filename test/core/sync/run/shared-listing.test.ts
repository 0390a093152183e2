import { afterEach, describe, expect, it } from 'vitest';
import { assertLeavesTrue } from '#support/leaf-truth.ts';
import { recordFacts } from '#support/sync-world.ts';
import { createRangeWorld, type RangeWorld } from './range-world.ts';

let world: RangeWorld;
afterEach(() => world.close());

const letters = [...'abcdefghijklmnopqrstuvwxyz'];
const keySets: [string, string[]][] = [
  ['digits', Array.from({ length: 900 }, (_, index) => String(index * 7).padStart(5, '0'))],
  ['letters', letters.flatMap((one) => letters.map((other) => `${one}${other}`))],
  ['dates', Array.from({ length: 700 }, (_, day) => new Date(day * 86_400_000).toISOString().slice(0, 10))],
  ['uuids', Array.from({ length: 900 }, (_, index) => ((index * 2654435761) >>> 0).toString(16).padStart(8, '0'))],
  ['astral characters', letters.flatMap((one) => letters.map((other) => `😀${one}\u{10ffff}${other}`))],
  ['one prefix', Array.from({ length: 900 }, (_, index) => `a/common/prefix/${String(index).padStart(4, '0')}.bin`)],
];

/** Holds answers back until several streams have asked, for as long as there are several; tells the most at once. */
function meet(): { most: number } {
  const seen = { most: 0, open: 0 };
  world.beforeList = async () => {
    seen.open += 1;
    seen.most = Math.max(seen.most, seen.open);
    for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
    await new Promise((resolve) => setImmediate(resolve));
    seen.open -= 1;
  };
  return seen;
}

describe.each(keySets)('a first load of %s by four streams', (_name, keys) => {
  it('is listed by several at once, and exact; the next run goes by what they made', async () => {
    world = await createRangeWorld({ streams: 4, shareAfterPages: 3, leafRecords: 8 });
    for (const key of keys) world.bucket.put(key);
    const { id, uid } = await world.addDatasource({ sync: { page_size: 10 } });
    const seen = meet();
    const run = await world.run(id);
    expect(run).toMatchObject({ status: 'completed', counters: { added: keys.length, listed: keys.length } });
    expect(seen.most).toBeGreaterThanOrEqual(3);
    expect(seen.most).toBeLessThanOrEqual(4);
    expect(recordFacts(await world.catalogue(id))).toEqual(world.facts());
    await assertLeavesTrue(world.table, uid);
    const ranges = await world.ranges(uid);
    expect(ranges.length).toBeGreaterThanOrEqual(4);
    expect(run.ranges).toEqual({ done: ranges.length, total: ranges.length });
    world.forget();
    expect((await world.run(id)).counters).toMatchObject({ unchanged: keys.length, added: 0, deleted: 0 });
    expect(world.listings.length).toBeLessThanOrEqual(Math.ceil(keys.length / 10) + ranges.length);
    expect((await world.ranges(uid)).length).toBe(ranges.length);
  });
});

it('one stream alone does not look for places to cut', async () => {
  world = await createRangeWorld({ streams: 1, shareAfterPages: 1 });
  for (let index = 0; index < 200; index += 1) world.bucket.put(String(index).padStart(4, '0'));
  const { id, uid } = await world.addDatasource({ sync: { page_size: 10 } });
  await world.run(id);
  expect(world.listings).toHaveLength(20);
  expect(await world.ranges(uid)).toHaveLength(1);
});

it('a stream that fails stops the others, and the run fails with what it met', async () => {
  world = await createRangeWorld({ streams: 4, shareAfterPages: 2 });
  for (let index = 0; index < 900; index += 1) world.bucket.put(String(index).padStart(4, '0'));
  const { id, uid } = await world.addDatasource({ sync: { page_size: 10 } });
  let asked = 0;
  let afterwards = 0;
  world.beforeList = async () => {
    await new Promise((resolve) => setImmediate(resolve));
    asked += 1;
    if (asked > 40) afterwards += 1;
    if (asked === 40) throw new Error('a defect in one stream');
  };
  const run = await world.run(id);
  expect(run).toMatchObject({ status: 'failed', error: { code: 'internal' }, counters: { deleted: 0 } });
  expect(afterwards).toBeLessThanOrEqual(2 * 4);
  world.beforeList = undefined;
  await world.run(id);
  expect(recordFacts(await world.catalogue(id))).toEqual(world.facts());
  await world.run(id);
  await assertLeavesTrue(world.table, uid);
});
