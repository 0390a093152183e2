import { afterEach, beforeEach, expect, it } from 'vitest';
import { approveRun } from '#core/runs/approve-run.ts';
import { readRun } from '#core/runs/run-store.ts';
import { bucketFacts, bucketName, createSyncWorld, recordFacts, type SyncWorld } from '#support/sync-world.ts';

const minute = 60_000;
let world: SyncWorld;
/** How far the clock is ahead of the real one, by which the server signs. */
let ahead: number;
beforeEach(async () => {
  ahead = 0;
  world = await createSyncWorld({ clock: { now: () => Date.now() + ahead } });
  fill();
});
afterEach(() => world.close());

function fill(): void {
  for (let index = 0; index < 40; index += 1) world.s3.put(bucketName, `in/${index + 100}`, { size: index });
}
function empty(): void {
  for (const { key } of world.s3.objects(bucketName)) world.s3.delete(bucketName, key);
}
const sync = { interval: '10m', expect_empty: true };

it('an inbox that its reader emptied is empty in the catalogue after two runs, an interval apart', async () => {
  const { id } = await world.addDatasource({ sync });
  await world.sync(id);
  empty();
  const first = await world.sync(id);
  expect(first).toMatchObject({ status: 'completed', waiting: 40, counters: { deleted: 0 } });
  expect(first.message).toContain('40 records are missing from the listing, as expect_empty says they may');
  ahead += 5 * minute;
  expect(await world.sync(id)).toMatchObject({ status: 'completed', waiting: 40 });
  expect(await world.catalogue(id)).toHaveLength(40);
  ahead += 5 * minute;
  world.s3.put(bucketName, 'in/new', { size: 1 });
  world.s3.clearRequests();
  const second = await world.sync(id);
  expect(second).toMatchObject({ status: 'completed', counters: { deleted: 40, added: 1 } });
  expect(second).not.toHaveProperty('waiting');
  expect(world.s3.requests.filter(({ operation }) => operation === 'HeadObject')).toHaveLength(41);
  expect(recordFacts(await world.catalogue(id))).toEqual(bucketFacts(world.s3));
});

it('it may be said of a datasource that stands, and unsaid', async () => {
  const { id } = await world.addDatasource({ sync: { interval: '10m' } });
  await world.sync(id);
  empty();
  expect((await world.sync(id)).status).toBe('held');
  await world.change(id, { sync: { expect_empty: true } });
  expect(await world.sync(id)).toMatchObject({ status: 'completed', waiting: 40 });
  await world.change(id, { sync: { expect_empty: false } });
  ahead += 10 * minute;
  expect((await world.sync(id)).status).toBe('held');
  expect(await world.catalogue(id)).toHaveLength(40);
});

it('what came back is not deleted', async () => {
  const { id } = await world.addDatasource({ sync });
  await world.sync(id);
  empty();
  await world.sync(id);
  fill();
  ahead += 10 * minute;
  expect(await world.sync(id)).toMatchObject({ status: 'completed', counters: { deleted: 0 } });
  empty();
  // The absence before the return is not the first of two.
  expect(await world.sync(id)).toMatchObject({ status: 'completed', waiting: 40 });
  expect(await world.catalogue(id)).toHaveLength(40);
});

it('a bucket that was made anew is held until somebody approves, however often it is synced', async () => {
  const { id, uid } = await world.addDatasource({ sync });
  await world.sync(id);
  let created = 0;
  const anew = (body: string): string =>
    body.replace(/<CreationDate>[^<]*/, `<CreationDate>${new Date(Date.now() - 1000 + created).toISOString()}`);
  world.s3.faults.add({ when: { operation: 'ListBuckets' }, act: { kind: 'rewrite', alter: anew } });
  created = minute;
  empty();
  const held = await world.sync(id);
  expect(held).toMatchObject({ status: 'held', warnings: [expect.stringContaining('made anew')] });
  ahead += 10 * minute;
  expect((await world.sync(id)).status).toBe('held');
  ahead += 10 * minute;
  expect((await world.sync(id)).status).toBe('held');
  expect(await world.catalogue(id)).toHaveLength(40);
  const approving = await approveRun(world.deps, id, held.id);
  await world.work();
  expect(await readRun(world.table, uid, approving.id)).toMatchObject({ counters: { deleted: 40 } });
});
