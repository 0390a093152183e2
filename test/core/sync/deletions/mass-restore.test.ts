import { afterEach, expect, it } from 'vitest';
import { bucketName, createSyncWorld, type SyncWorld } from '#support/sync-world.ts';

let world: SyncWorld;
afterEach(() => world.close());
const key = (i: number) => `key-${String(i).padStart(5, '0')}`;

it('a folder that was restored while the run was on is not deleted, when the whole sample says that it is there', async () => {
  world = await createSyncWorld({ settings: { confirmLimit: 20, confirmSample: 5 } });
  for (let i = 0; i < 3000; i++) world.s3.put(bucketName, key(i), { size: i, lastModified: 1_700_000_000_000 });
  const { id } = await world.addDatasource({ sync: { page_size: 500 } });
  await world.sync(id);
  for (let i = 0; i < 200; i++) world.s3.delete(bucketName, key(i));
  await world.sync(id); // absent in one complete run
  let restored = false;
  world.s3.beforeResponse = (request) => {
    if (request.page !== 4 || restored) return;
    restored = true; // the listing is past these keys; all of them come back
    for (let i = 0; i < 200; i++) world.s3.put(bucketName, key(i), { size: i, lastModified: Date.now() + 3000 });
  };
  const _run = await world.sync(id);
  expect(restored).toBe(true);
  const known = new Set((await world.catalogue(id)).map((record) => record.sk));
  expect(world.s3.objects(bucketName).filter((object) => !known.has(object.key))).toHaveLength(0);
});
