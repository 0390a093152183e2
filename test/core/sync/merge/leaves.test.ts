import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { assertLeavesTrue } from '#support/leaf-truth.ts';
import { recordFacts } from '#support/sync-world.ts';
import { createRangeWorld, type RangeWorld } from '../run/range-world.ts';

let world: RangeWorld;
beforeEach(async () => {
  world = await createRangeWorld({ leafRecords: 10 });
  for (let index = 0; index < 200; index += 1) world.bucket.put(key(index));
});
afterEach(() => world.close());

const key = (index: number): string => `key-${String(index).padStart(4, '0')}`;
const readOf = (kind: string): string[] => world.reads.filter((one) => one.kind === kind).map((one) => one.key);
const wroteOf = (kind: string): string[] => world.written.filter((one) => one.kind === kind).map((one) => one.key);

/** A run whose own share of verified leaves is empty: no leaf begins in the last of 500 shares. */
async function runUnverified(id: string, uid: string) {
  const lease = await world.table.get({ pk: uid, sk: 'lease' });
  await world.table.put({ ...lease, pk: uid, sk: 'lease', fence: 998 });
  return world.run(id);
}

describe('a run of an unchanged bucket', () => {
  it('reads no record, and writes no record, leaf or range', async () => {
    const { id, uid } = await world.addDatasource({ sync: { page_size: 30 } });
    await world.run(id);
    expect(await assertLeavesTrue(world.table, uid)).toBe(20);
    world.forget();
    const run = await runUnverified(id, uid);
    expect(run).toMatchObject({ status: 'completed', counters: { unchanged: 200, added: 0, modified: 0, deleted: 0 } });
    expect(readOf('record')).toEqual([]);
    expect(wroteOf('record').concat(wroteOf('leaf'), wroteOf('map'), wroteOf('work'))).toEqual([]);
  });

  it('is the same whatever the size of its pages', async () => {
    const { id, uid } = await world.addDatasource({ sync: { page_size: 30 } });
    await world.run(id);
    for (const page_size of [1, 7, 10, 11, 199, 200, 1000]) {
      await world.change(id, { sync: { page_size } });
      world.forget();
      expect((await runUnverified(id, uid)).counters.unchanged).toBe(200);
      expect(readOf('record')).toEqual([]);
      expect(wroteOf('leaf')).toEqual([]);
    }
  });
});

describe('a change within one leaf', () => {
  it.each([
    ['a changed object', () => void world.bucket.put(key(45))],
    ['a new object', () => void world.bucket.put(`${key(45)}+`)],
    ['an object that is gone', () => void world.bucket.delete(key(45))],
  ])('%s makes the run read the records of that leaf and no other', async (_name, edit) => {
    const { id, uid } = await world.addDatasource();
    await world.run(id);
    edit();
    world.forget();
    const run = await runUnverified(id, uid);
    expect(run.status).toBe('completed');
    const around = Array.from({ length: 11 }, (_, index) => key(40 + index));
    expect([...new Set(readOf('record'))].sort()).toEqual(expect.arrayContaining(around.slice(0, 10)));
    expect(readOf('record').filter((one) => !around.includes(one))).toEqual([]);
    expect(wroteOf('record')).toHaveLength(1);
    expect(wroteOf('leaf')).toEqual(['\u0000']);
    expect(recordFacts(await world.catalogue(id))).toEqual(world.facts());
    await assertLeavesTrue(world.table, uid);
  });

  it('on a page that ends within another leaf reads that leaf too, for its checkpoint, and none behind it', async () => {
    const { id, uid } = await world.addDatasource({ sync: { page_size: 37 } });
    await world.run(id);
    world.bucket.put(key(5));
    world.forget();
    await runUnverified(id, uid);
    expect(readOf('record').filter((one) => one > key(40) || (one > key(10) && one < key(30)))).toEqual([]);
    await assertLeavesTrue(world.table, uid);
  });

  it('is told by each of the four fields that make a change', async () => {
    const { id, uid } = await world.addDatasource({});
    const base = { size: 1, etag: 'e', lastModified: '2026-01-01T00:00:00.000Z', storageClass: 'STANDARD' };
    world.bucket.put(key(45), base);
    await world.run(id);
    const changes = [
      { size: 2 },
      { etag: 'f' },
      { lastModified: '2026-01-01T00:00:00.001Z' },
      { storageClass: 'GLACIER' },
    ];
    for (const change of changes) {
      world.bucket.put(key(45), { ...base, ...change });
      expect((await runUnverified(id, uid)).counters).toMatchObject({ modified: 1, unchanged: 199 });
      world.bucket.put(key(45), base);
      expect((await runUnverified(id, uid)).counters).toMatchObject({ modified: 1, unchanged: 199 });
    }
  });

  it('does not let leaves grow beyond twice their size, nor crumble', async () => {
    const { id, uid } = await world.addDatasource({ sync: { page_size: 30 } });
    await world.run(id);
    for (let index = 0; index < 100; index += 1) world.bucket.put(`${key(45)}+${String(index).padStart(3, '0')}`);
    await runUnverified(id, uid);
    const grown = await assertLeavesTrue(world.table, uid);
    expect(grown).toBeGreaterThanOrEqual(24);
    expect(grown).toBeLessThanOrEqual(31);
    for (let index = 0; index < 200; index += 1) if (index % 10 > 0) world.bucket.delete(key(index));
    for (let index = 0; index < 100; index += 1) world.bucket.delete(`${key(45)}+${String(index).padStart(3, '0')}`);
    await runUnverified(id, uid);
    world.bucket.put(key(0));
    await runUnverified(id, uid);
    expect(await assertLeavesTrue(world.table, uid)).toBeLessThanOrEqual(4);
  });
});
