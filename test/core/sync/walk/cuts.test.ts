import { afterEach, describe, expect, it } from 'vitest';
import { firstKey } from '#core/catalogue/range-map.ts';
import { recordPartition } from '#core/catalogue/record.ts';
import { compareKeys } from '#core/keys/byte-order.ts';
import { assertLeavesTrue } from '#support/leaf-truth.ts';
import { recordFacts } from '#support/sync-world.ts';
import { createRangeWorld, type RangeWorld } from '../run/range-world.ts';

let world: RangeWorld;
afterEach(() => world.close());

const key = (index: number): string => `key-${String(index).padStart(4, '0')}`;

async function worldOf(objects: number, settings: object, page_size: number) {
  world = await createRangeWorld({ rangeObjects: 50, leafRecords: 8, ...settings });
  for (let index = 0; index < objects; index += 1) world.bucket.put(key(index));
  return world.addDatasource({ sync: { page_size } });
}

async function recordsOf(uid: string, range: string): Promise<string[]> {
  const keys: string[] = [];
  for await (const { sk } of world.table.query({ pk: recordPartition(uid, range) })) keys.push(sk);
  return keys;
}

describe('a first load of more objects than a range takes', () => {
  it('makes ranges of the promised size, each with its own partition, without gaps or overlaps', async () => {
    const { id, uid } = await worldOf(330, {}, 20);
    const run = await world.run(id);
    expect(run).toMatchObject({
      status: 'completed',
      counters: { added: 330, pages: 17 },
      ranges: { done: 6, total: 6 },
    });
    const ranges = await world.ranges(uid);
    // Closed at the first page end with 50 objects or more: 60 each, and what is left.
    expect(ranges.map(({ objects }) => objects)).toEqual([60, 60, 60, 60, 60, 30]);
    expect(ranges.map(({ lo, hi }) => [lo, hi])).toEqual([
      [firstKey, key(59)],
      [key(59), key(119)],
      [key(119), key(179)],
      [key(179), key(239)],
      [key(239), key(299)],
      [key(299), undefined],
    ]);
    for (const [index, range] of ranges.entries()) {
      const keys = await recordsOf(uid, range.id);
      expect([keys[0], keys.at(-1), keys.length]).toEqual([key(index * 60), range.hi ?? key(329), range.objects]);
    }
    await assertLeavesTrue(world.table, uid);
    expect(recordFacts(await world.catalogue(id))).toEqual(world.facts());
  });

  it('does not ask the bucket more often for it', async () => {
    const { id } = await worldOf(330, { streams: 1 }, 20);
    await world.run(id);
    expect(world.listings).toHaveLength(Math.ceil(330 / 20));
  });

  it('makes no range and writes nothing as a dry run', async () => {
    const { id, uid } = await worldOf(200, {}, 20);
    const run = await world.run(id, {}, { dryRun: true });
    expect(run).toMatchObject({ status: 'completed', counters: { added: 200 } });
    expect(await world.ranges(uid)).toMatchObject([{ lo: firstKey, objects: 0, bytes: 0 }]);
    expect(world.written.filter(({ kind }) => kind === 'record' || kind === 'leaf')).toEqual([]);
  });
});

describe('later runs', () => {
  it.each([1, 3])(
    'go by the stored boundaries with %i streams, at a page more for each range at most',
    async (streams) => {
      const { id, uid } = await worldOf(330, { streams }, 20);
      await world.run(id);
      const stored = (await world.ranges(uid)).map(({ id: name, lo, hi }) => ({ name, lo, hi }));
      world.forget();
      const run = await world.run(id);
      expect(run).toMatchObject({ status: 'completed', counters: { unchanged: 330, added: 0 }, ranges: { done: 6 } });
      expect((await world.ranges(uid)).map(({ id: name, lo, hi }) => ({ name, lo, hi }))).toEqual(stored);
      const starts = world.listings.filter(({ continuation }) => continuation === undefined);
      expect(starts.map(({ startAfter }) => startAfter ?? firstKey).sort(compareKeys)).toEqual(
        stored.map(({ lo }) => lo),
      );
      expect(world.listings.length).toBeLessThanOrEqual(Math.ceil(330 / 20) + stored.length);
      expect(world.written.filter(({ kind }) => kind === 'record' || kind === 'leaf')).toEqual([]);
    },
  );

  it('put each new key into the range it lies in, and cut the last one when many are appended', async () => {
    const { id, uid } = await worldOf(130, {}, 20);
    await world.run(id);
    const before = await world.ranges(uid);
    expect(before.map(({ objects }) => objects)).toEqual([60, 60, 10]);
    world.bucket.put(`${key(59)}`);
    world.bucket.put(`${key(59)}+`);
    world.bucket.put('a');
    for (let index = 130; index < 300; index += 1) world.bucket.put(key(index));
    expect(await world.run(id)).toMatchObject({ status: 'completed', counters: { added: 172, modified: 1 } });
    const after = await world.ranges(uid);
    expect(after.slice(0, 2).map(({ id: name, hi }) => [name, hi])).toEqual(
      before.slice(0, 2).map((one) => [one.id, one.hi]),
    );
    expect(after.map(({ objects }) => objects).slice(0, 2)).toEqual([61, 61]);
    expect(after.length).toBeGreaterThan(4);
    for (const { objects } of after.slice(2)) expect(objects).toBeLessThan(50 + 20);
    await assertLeavesTrue(world.table, uid);
    expect(recordFacts(await world.catalogue(id))).toEqual(world.facts());
  });

  it('do not cut a range where something is stored ahead', async () => {
    const { id, uid } = await worldOf(130, { rangeObjects: 10_000 }, 20);
    await world.run(id);
    const small = { settings: { ...world.deps.settings, rangeObjects: 50 } };
    for (let index = 0; index < 100; index += 1) world.bucket.put(`${key(60)}+${index}`);
    await world.run(id, small);
    // Records lie ahead until the last page: whatever is cut, no record may come to lie outside its range.
    await assertLeavesTrue(world.table, uid);
    expect(await world.ranges(uid)).toHaveLength(1);
    expect(recordFacts(await world.catalogue(id))).toEqual(world.facts());
  });

  it('list nothing of a range that lies beside the prefix, and empty it', async () => {
    const { id, uid } = await worldOf(200, {}, 20);
    await world.run(id);
    await world.change(id, { connector: { config: { prefix: 'key-006' } } });
    world.forget();
    const run = await world.run(id);
    expect(run).toMatchObject({ status: 'completed', counters: { out_of_scope: 190, unchanged: 10, deleted: 0 } });
    // The range begins before the prefix: there is no key to begin after.
    expect(world.listings.map(({ startAfter }) => startAfter)).toEqual([undefined]);
    expect((await world.ranges(uid)).map(({ objects }) => objects)).toEqual([0, 10, 0, 0]);
    await assertLeavesTrue(world.table, uid);
  });
});

describe('a transaction of a cut that meets an edit of the range', () => {
  it('takes over what was edited and cuts all the same', async () => {
    const { id, uid } = await worldOf(120, { streams: 1 }, 20);
    let edited = false;
    world.table.beforeWrite = async (writes) => {
      const cuts = writes.filter((write) => 'put' in write && write.put.pk.startsWith('map#')).length === 2;
      if (!cuts || edited) return;
      edited = true;
      const [range] = await world.ranges(uid);
      const version = (range?.version ?? 0) + 1;
      await world.table.put({ ...range, pk: `map#${uid}`, sk: firstKey, version, edits: 1 });
    };
    expect(await world.run(id)).toMatchObject({ status: 'completed', counters: { added: 120 } });
    expect(edited).toBe(true);
    const ranges = await world.ranges(uid);
    expect(ranges.map(({ hi }) => hi)).toEqual(
      [key(59), key(119), undefined].slice(0, ranges.length - 1).concat(undefined),
    );
    expect(ranges[0]).toMatchObject({ edits: 1, doubted: true, objects: 60 });
    await world.run(id);
    await assertLeavesTrue(world.table, uid);
  });
});
