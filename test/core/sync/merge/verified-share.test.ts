import { afterEach, expect, it } from 'vitest';
import { readRecord, recordPartition } from '#core/catalogue/record.ts';
import { assertLeavesTrue } from '#support/leaf-truth.ts';
import { recordFacts } from '#support/sync-world.ts';
import { createRangeWorld, type RangeWorld } from '../run/range-world.ts';

let world: RangeWorld;
afterEach(() => world.close());

const key = (index: number): string => `key-${String(index).padStart(4, '0')}`;

async function setFence(uid: string, fence: number): Promise<void> {
  const lease = await world.table.get({ pk: uid, sk: 'lease' });
  await world.table.put({ ...lease, pk: uid, sk: 'lease', fence });
}

it('what was falsified behind its back heals within 499 runs, in the one whose turn it is', async () => {
  // Given 1,000 objects in leaves of two, over two ranges
  world = await createRangeWorld({ leafRecords: 2, rangeObjects: 500 });
  for (let index = 0; index < 1000; index += 1) world.bucket.put(key(index));
  const { id, uid } = await world.addDatasource({ sync: { page_size: 500 } });
  await world.run(id);
  const [, second] = await world.ranges(uid);
  const place = { pk: recordPartition(uid, second?.id ?? ''), sk: key(802) };
  const record = await world.table.get(place);
  await world.table.put({ ...readRecord(record ?? { ...place }), etag: 'falsified', version: 1 });

  // When runs come whose fences are those of other shares, then nobody looks
  for (const share of [0, 100, 399, 401, 498]) {
    await setFence(uid, 998 + share - 1);
    expect((await world.run(id)).counters).toMatchObject({ modified: 0, unchanged: 1000 });
  }

  // And in the run whose share holds the leaf, the 401st of 499, it heals; it reads no more than that share
  await setFence(uid, 998 + 400 - 1);
  world.forget();
  expect((await world.run(id)).counters).toMatchObject({ modified: 1, unchanged: 999 });
  expect(world.reads.filter(({ kind }) => kind === 'record').length).toBeLessThanOrEqual(6);
  expect(recordFacts(await world.catalogue(id))).toEqual(world.facts());
  await assertLeavesTrue(world.table, uid);
});

it('in 499 runs each leaf has its turn, a deleted record and one too many are healed as well', async () => {
  world = await createRangeWorld({ leafRecords: 3 });
  for (let index = 0; index < 30; index += 1) world.bucket.put(key(index));
  const { id, uid } = await world.addDatasource({ sync: { page_size: 500 } });
  await world.run(id);
  const [range] = await world.ranges(uid);
  const pk = recordPartition(uid, range?.id ?? '');
  const some = await world.table.get({ pk, sk: key(4) });
  await world.table.delete({ pk, sk: key(17) });
  await world.table.put({ ...some, pk, sk: `${key(25)}+` });
  // A leaf begins at every third of 30 records: the shares of 499 in which one begins.
  for (let record = 0; record < 30; record += 3) {
    await setFence(uid, 998 + Math.floor((record / 30) * 499) - 1);
    expect((await world.run(id)).status).toBe('completed');
  }
  expect(recordFacts(await world.catalogue(id))).toEqual(world.facts());
  await assertLeavesTrue(world.table, uid);
});
