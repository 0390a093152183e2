import { afterEach, describe, expect, it } from 'vitest';
import { assertLeavesTrue } from '#support/leaf-truth.ts';
import { recordFacts } from '#support/sync-world.ts';
import { createRangeWorld, type RangeWorld } from '../run/range-world.ts';

let world: RangeWorld;
afterEach(() => world.close());

const key = (index: number): string => `key-${String(index).padStart(4, '0')}`;

/** 120 objects in ranges of 40, each ending at a page's end or within one. */
async function worldOf(page_size?: number, settings: object = {}) {
  world = await createRangeWorld({ rangeObjects: 40, leafRecords: 8, streams: 1, ...settings });
  for (let index = 0; index < 120; index += 1) world.bucket.put(key(index));
  const row = await world.addDatasource({ sync: { page_size: 20 } });
  await world.run(row.id);
  if (page_size !== undefined) await world.change(row.id, { sync: { page_size } });
  world.forget();
  return row;
}

describe('the pages of a range', () => {
  it.each([
    // The page that ends with the range's last key tells that there is no more of it.
    [20, 6],
    // A page that goes beyond the range's end is the last of it, and what lies beyond is left to the next range.
    [30, 6],
    [1000, 3],
    [40, 3],
    [1, 120],
  ])('of %i keys are %i, and each key is counted once', async (size, pages) => {
    const { id, uid } = await worldOf(size);
    const run = await world.run(id);
    expect(run).toMatchObject({ status: 'completed', counters: { listed: 120, matched: 120, unchanged: 120, pages } });
    expect(world.listings).toHaveLength(pages);
    expect(world.listings.every(({ maxKeys }) => maxKeys === size)).toBe(true);
    await assertLeavesTrue(world.table, uid);
  });

  it('are of 1,000 keys where the datasource says nothing', async () => {
    world = await createRangeWorld({});
    world.bucket.put('a');
    const { id } = await world.addDatasource();
    await world.run(id);
    expect(world.listings).toEqual([{ prefix: '', maxKeys: 1000, startAfter: undefined, continuation: undefined }]);
  });

  it('are asked for from the beginning of the prefix where the range begins before it', async () => {
    const { id } = await worldOf();
    await world.change(id, { connector: { config: { prefix: 'key-003' } } });
    const run = await world.run(id);
    expect(run).toMatchObject({ counters: { listed: 10, unchanged: 10, out_of_scope: 110 } });
    expect(world.listings.map(({ prefix, startAfter }) => [prefix, startAfter])).toEqual([
      ['key-003', undefined],
      // Keys that begin with the range's last key may lie beyond it.
      ['key-003', key(39)],
    ]);
  });

  it('of a range that ends with, or within, the prefix are listed', async () => {
    const { id } = await worldOf();
    const [first] = await world.ranges((await world.start(id)).run.uid);
    expect(first?.hi).toBe(key(39));
    world.time.now += 1_000_000;
    for (const prefix of [key(39), 'key-00', 'key-004']) {
      await world.change(id, { connector: { config: { prefix } } });
      await world.run(id);
      expect(recordFacts(await world.catalogue(id)).map((fact) => fact.key)).toEqual(
        world
          .facts()
          .map((fact) => fact.key)
          .filter((one) => one.startsWith(prefix)),
      );
    }
  });
});

it('the controls of a confirmation are the first and the last key that were listed', async () => {
  const { id } = await worldOf();
  world.bucket.delete(key(50));
  await world.run(id);
  expect(world.heads).toEqual([key(50), key(119)]);
  world.forget();
  world.bucket.delete(key(60));
  await world.run(id);
  expect(world.heads).toEqual([key(60), key(119)]);
});

it('a page that changed nothing is no reason for a checkpoint before its time', async () => {
  const { id, uid } = await worldOf(10, { checkpointMs: 1000 });
  await world.run(id);
  const works = () => world.written.filter(({ kind }) => kind === 'work').length;
  // One claim and one end for each of the three ranges.
  expect(works()).toBe(6);
  world.forget();
  world.beforeList = () => {
    world.time.now += 600;
  };
  await world.run(id);
  // Of the twelve pages every second one: 1.2 s, but for those that end a range.
  expect(works()).toBeGreaterThan(6 + 2);
  expect(works()).toBeLessThan(6 + 7);
  await assertLeavesTrue(world.table, uid);
});
