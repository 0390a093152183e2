import { afterEach, beforeEach, expect, it } from 'vitest';
import { documentId } from '#core/catalogue/document-id.ts';
import { deleteDocument } from '#core/documents/delete-document.ts';
import { assertLeavesTrue } from '#support/leaf-truth.ts';
import { recordFacts } from '#support/sync-world.ts';
import { createRangeWorld, type RangeWorld } from './range-world.ts';

let world: RangeWorld;
let id: string;
let uid: string;

/** A range of 300 objects that has grown from within to 1,200: the next run splits it. */
beforeEach(async () => {
  world = await createRangeWorld({ rangeObjects: 400, leafRecords: 4 });
  for (let index = 0; index < 1200; index += 4) world.bucket.put(key(index));
  ({ id, uid } = await world.addDatasource());
  await world.run(id);
  expect(await world.ranges(uid)).toHaveLength(1);
  for (let index = 0; index < 1200; index += 1) world.bucket.put(key(index));
  world.time.now += 60_000;
});
afterEach(() => world.close());

const key = (index: number): string => `key-${String(index).padStart(5, '0')}`;

type Write = Parameters<NonNullable<RangeWorld['table']['beforeWrite']>>[0][number];
const puts = (write: Write, field: string): boolean => 'put' in write && write.put[field] !== undefined;
const isSwap = (writes: readonly Write[]): boolean => writes.some((write) => puts(write, 'trim'));

/** Runs until `when` is true of a write, which fails then. */
async function runUntil(when: (writes: readonly Write[]) => boolean): Promise<void> {
  let broke = false;
  world.table.beforeWrite = (writes) => {
    if (broke || !when(writes)) return;
    broke = true;
    throw new Error('the store broke');
  };
  expect(await world.run(id)).toMatchObject({ status: 'failed' });
  expect(broke).toBe(true);
  world.table.beforeWrite = undefined;
  world.time.now += 60_000;
}

async function expectExact(): Promise<void> {
  expect(recordFacts(await world.catalogue(id))).toEqual(world.facts());
  await assertLeavesTrue(world.table, uid, 'some');
}

it('what was copied before an interruption and is gone since does not come back with the second copy', async () => {
  await runUntil(isSwap);
  for (let index = 1000; index < 1010; index += 1) world.bucket.delete(key(index));
  expect(await world.run(id)).toMatchObject({ status: 'completed', counters: { deleted: 10 } });
  expect(await world.ranges(uid)).toHaveLength(2);
  await expectExact();
});

it('a range whose upper half was moved, and not yet cleared away, ends where it ends', async () => {
  let swapped = false;
  await runUntil((writes) => {
    if (swapped) return true;
    swapped = isSwap(writes);
    return false;
  });
  expect(await world.ranges(uid)).toHaveLength(2);
  expect(await world.run(id)).toMatchObject({
    status: 'completed',
    counters: { added: 0, deleted: 0, unchanged: 1200 },
  });
  await expectExact();
  for (const range of await world.ranges(uid)) expect(range).not.toHaveProperty('trim');
});

it('a doubt about the range goes with its upper half, too', async () => {
  world.beforeList = async () => {
    world.beforeList = undefined;
    await deleteDocument(world.deps, documentId(id, key(1000)));
  };
  expect(await world.run(id)).toMatchObject({ status: 'completed' });
  const ranges = await world.ranges(uid);
  expect(ranges.map(({ doubted }) => doubted)).toEqual([true, true]);
  await world.run(id);
  await expectExact();
});

it('what is copied at once does not grow with the range, so that it fits into one invocation', async () => {
  for (let index = 0; index < 1200; index += 1) {
    for (const end of ['a', 'b', 'c', 'd']) world.bucket.put(key(index) + end);
  }
  expect(await world.run(id)).toMatchObject({ status: 'completed', counters: { added: 5700 } });
  const [lower, upper, ...more] = await world.ranges(uid);
  expect(more).toEqual([]);
  expect(upper?.objects).toBeLessThanOrEqual(600);
  for (let run = 0; run < 12; run += 1) await world.run(id);
  for (const range of await world.ranges(uid)) expect(range.objects).toBeLessThan(lower?.objects ?? 0);
  expect((await world.ranges(uid)).length).toBeGreaterThan(6);
  await expectExact();
});
