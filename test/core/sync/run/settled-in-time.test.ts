import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Table } from '#core/model/ports/table.ts';
import { assertLeavesTrue } from '#support/leaf-truth.ts';
import { recordFacts } from '#support/sync-world.ts';
import { createRangeWorld, type RangeWorld } from './range-world.ts';

let world: RangeWorld;
afterEach(() => world.close());

const key = (index: number): string => `key-${String(index).padStart(5, '0')}`;

describe('an invocation whose time is over when the listing ends', () => {
  it('leaves it to the next one to ask for what is missing, and deletes nothing', async () => {
    world = await createRangeWorld({ streams: 1 });
    for (let index = 0; index < 30; index += 1) world.bucket.put(key(index));
    const { id } = await world.addDatasource({ sync: { page_size: 10 } });
    await world.run(id);
    world.time.now += 60_000;
    for (let index = 0; index < 5; index += 1) world.bucket.delete(key(index));
    world.forget();

    let asked = 0;
    world.beforeList = () => {
      asked += 1;
      if (asked === 3) world.time.now += 60_000;
    };
    const handedOn = await world.run(id, { yieldAt: world.time.now + 50_000 });
    expect(handedOn).toMatchObject({ status: 'running' });
    expect([asked, world.heads]).toEqual([3, []]);

    expect(await world.drain(handedOn)).toMatchObject({ status: 'completed', counters: { listed: 25, deleted: 5 } });
    expect(asked).toBe(3);
    expect(recordFacts(await world.catalogue(id))).toEqual(world.facts());
  });
});

describe('an invocation whose time is over when a range was split', () => {
  /** The clock goes on by a minute when the map is swapped. */
  function slowSwap(table: Table): Table {
    return {
      ...table,
      async transact(writes) {
        await table.transact(writes);
        if (writes.some((write) => 'put' in write && write.put.trim !== undefined)) world.time.now += 60_000;
      },
    };
  }

  beforeEach(async () => {
    world = await createRangeWorld({ rangeObjects: 600, leafRecords: 8, streams: 1 });
  });

  it('leaves it to the next one to clear away what was copied, after a part of it', async () => {
    for (let index = 0; index < 2600; index += 2) world.bucket.put(key(index));
    const { id, uid } = await world.addDatasource({ sync: { page_size: 600 } });
    await world.run(id);
    for (let index = 1; index < 1200; index += 2) world.bucket.put(key(index));
    for (let index = 1; index < 400; index += 2) world.bucket.put(`${key(index)}-more`);
    world.forget();
    const before = (await world.ranges(uid)).length;

    const table = slowSwap(world.worker().table);
    const handedOn = await world.run(id, { table, yieldAt: world.time.now + 50_000 });
    expect(handedOn).toMatchObject({ status: 'running' });
    expect((await world.ranges(uid)).filter(({ trim }) => trim !== undefined)).toHaveLength(1);
    const listed = world.listings.length;

    const ended = await world.drain(handedOn);
    expect(ended).toMatchObject({ status: 'completed', counters: { added: 800 } });
    expect(world.listings).toHaveLength(listed);
    const ranges = await world.ranges(uid);
    expect(ranges).toHaveLength(before + 1);
    expect(ranges.filter(({ trim }) => trim !== undefined)).toEqual([]);
    expect(recordFacts(await world.catalogue(id))).toEqual(world.facts());
    await assertLeavesTrue(world.table, uid, 'all');
  });
});
