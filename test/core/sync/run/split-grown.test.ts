import { afterEach, beforeEach, expect, it } from 'vitest';
import { documentId } from '#core/catalogue/document-id.ts';
import { readRanges } from '#core/catalogue/range-map.ts';
import { recordPartition } from '#core/catalogue/record.ts';
import { publishChanges } from '#core/changes/publish-changes.ts';
import { handleWork } from '#core/dispatch/handle-work.ts';
import { deleteDocument } from '#core/documents/delete-document.ts';
import { collect } from '#support/collect.ts';
import { bucketFacts, bucketName, createSyncWorld, recordFacts, type SyncWorld } from '#support/sync-world.ts';

let world: SyncWorld;
let now: number;
beforeEach(async () => {
  now = Date.parse('2026-03-01T00:00:00Z');
  world = await createSyncWorld({ clock: { now: () => now }, settings: { rangeObjects: 400, leafRecords: 4 } });
});
afterEach(() => world.close());

const key = (index: number): string => `key-${String(index).padStart(5, '0')}`;
const put = (from: number, to: number, step: number): void => {
  for (let index = from; index < to; index += step) {
    world.s3.put(bucketName, key(index), { size: index, lastModified: 1_700_000_000_000 });
  }
};

/** A range of 300 objects that has grown from within to 1,200. */
async function grow(): Promise<{ id: string; uid: string }> {
  put(0, 1200, 4);
  const row = await world.addDatasource();
  await world.sync(row.id);
  expect(await readRanges(world.table, row.uid)).toHaveLength(1);
  put(0, 1200, 1);
  return row;
}

it('a range that has grown is split; nothing is announced, lost or left behind', async () => {
  const { id, uid } = await grow();
  const puts: { after?: Record<string, unknown> & { pk: string; sk: string } }[] = [];
  world.table.beforeWrite = (writes) => {
    for (const write of writes) {
      if ('put' in write && write.put.pk.startsWith('record#')) puts.push({ after: write.put });
    }
  };
  expect(await world.sync(id)).toMatchObject({ status: 'completed', counters: { added: 900, unchanged: 300 } });
  const [lower, upper, ...more] = await readRanges(world.table, uid);
  expect(more).toEqual([]);
  expect(lower).toMatchObject({ hi: upper?.lo });
  expect((lower?.objects ?? 0) + (upper?.objects ?? 0)).toBe(1200);
  expect(upper?.objects).toBeGreaterThan(300);
  expect(lower).not.toHaveProperty('trim');
  for (const range of [lower, upper]) {
    const stored = await collect(world.table.query({ pk: recordPartition(uid, range?.id ?? '') }));
    expect(stored).toHaveLength(range?.objects ?? 0);
  }
  expect(recordFacts(await world.catalogue(id))).toEqual(bucketFacts(world.s3));

  const told: string[] = [];
  const bus = { publish: async (events: readonly { detail: object }[]) => void told.push(JSON.stringify(events)) };
  const changes = puts.flatMap(({ after }) => (after ? [{ key: { pk: after.pk, sk: after.sk }, after }] : []));
  await publishChanges({ table: world.table, log: world.log, bus }, changes);
  expect(told.join('').match(/"key":"key-/g)).toHaveLength(900);

  world.table.beforeWrite = undefined;
  world.table.reset();
  expect(await world.sync(id)).toMatchObject({ counters: { unchanged: 1200, added: 0, modified: 0 } });
  expect(world.table.recordWrites).toBe(0);
});

it('goes on where it was interrupted, at whatever write', async () => {
  const { id, uid } = await grow();
  let left = 0;
  for (let attempt = 0; attempt < 60 && (await readRanges(world.table, uid)).length < 2; attempt += 1) {
    left = attempt;
    world.table.beforeWrite = () => {
      if (left === 0) throw new Error('the store broke');
      left -= 1;
    };
    await world.sync(id).catch(() => {});
    world.table.beforeWrite = undefined;
    now += 1_000_000;
  }
  await world.sync(id);
  await world.sync(id);
  const ranges = await readRanges(world.table, uid);
  expect(ranges).toHaveLength(2);
  for (const range of ranges) {
    const stored = await collect(world.table.query({ pk: recordPartition(uid, range.id) }));
    expect(stored).toHaveLength(range.objects);
  }
  expect(recordFacts(await world.catalogue(id))).toEqual(bucketFacts(world.s3));
});

it('is put off when a document is removed while its range is copied', async () => {
  const { id, uid } = await grow();
  let done = false;
  world.table.beforeWrite = async (writes) => {
    const swaps = writes.some((write) => 'put' in write && write.put.trim !== undefined);
    if (!swaps || done) return;
    done = true;
    world.table.beforeWrite = undefined;
    await deleteDocument(world.deps, documentId(id, key(1100)));
  };
  await world.sync(id);
  expect(done).toBe(true);
  expect(await readRanges(world.table, uid)).toHaveLength(1);
  expect(await world.catalogue(id)).toHaveLength(1199);
  await world.sync(id);
  expect(await readRanges(world.table, uid)).toHaveLength(2);
  expect(recordFacts(await world.catalogue(id))).toEqual(bucketFacts(world.s3));
});

it('takes as many invocations as it needs', async () => {
  const { id, uid } = await grow();
  const run = await world.sync(id).catch(() => undefined);
  expect(run?.status).toBe('completed');
  put(1200, 6000, 1);
  await world.sync(id);
  for (const range of await readRanges(world.table, uid)) expect(range.objects).toBeLessThanOrEqual(1500);
  for (const { message } of world.messages.splice(0)) await handleWork({ ...world.deps, yieldAt: 0 }, message);
  expect(recordFacts(await world.catalogue(id))).toEqual(bucketFacts(world.s3));
});
