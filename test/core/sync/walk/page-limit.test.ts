import { expect, it } from 'vitest';
import { createBuckets } from '#adapters/s3/s3-buckets.ts';
import { readRanges } from '#core/catalogue/range-map.ts';
import type { Bucket, Buckets } from '#core/model/ports/bucket.ts';
import { bucketName, createSyncWorld } from '#support/sync-world.ts';

it('a listing that goes on beyond the limit of pages ends the run with its own message, and keeps what it added', async () => {
  const world = await createSyncWorld({ settings: { rangePageLimit: 3 } });
  for (let index = 0; index < 50; index += 1) world.s3.put(bucketName, `key-${index + 10}`, { size: index });
  const { id } = await world.addDatasource({ sync: { page_size: 10 } });
  const run = await world.sync(id);
  expect(run).toMatchObject({
    status: 'failed',
    error: { code: 'run_page_limit' },
    counters: { added: 30, deleted: 0 },
  });
  expect(run.message).toContain('3 pages without an end');
  expect(await world.catalogue(id)).toHaveLength(30);
  await world.close();
});

it('pages without a key, at the beginning as well, cut and store nothing', async () => {
  const s3 = createBuckets({ allowPrivateEndpoints: true, requestTimeoutMs: 2000 });
  let pages = 0;
  const buckets: Buckets = {
    open(target) {
      const bucket = s3.open(target);
      const list: Bucket['list'] = async (request) => {
        pages += 1;
        if (pages > 3) return bucket.list({ ...request, continuation: undefined });
        const page = await bucket.list({ ...request, continuation: undefined });
        return { ...page, objects: [], keyCount: 0, truncated: true, nextToken: `token-${pages}` };
      };
      return {
        list,
        head: (key) => bucket.head(key),
        describe: (key) => bucket.describe(key),
        tags: (key) => bucket.tags(key),
        firstByte: (key) => bucket.firstByte(key),
        identify: () => bucket.identify(),
        presign: bucket.presign,
        close: () => bucket.close(),
      };
    },
  };
  const world = await createSyncWorld({ buckets, settings: { rangeObjects: 1, checkpointMs: 0 } });
  world.s3.put(bucketName, 'only', { size: 1 });
  const { id, uid } = await world.addDatasource();
  expect(await world.sync(id)).toMatchObject({ status: 'completed', counters: { added: 1, pages: 4 } });
  expect(await readRanges(world.table, uid)).toHaveLength(1);
  await world.close();
});
