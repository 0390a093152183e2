import { afterEach, describe, expect, it } from 'vitest';
import { createBuckets } from '#adapters/s3/s3-buckets.ts';
import { readRanges } from '#core/catalogue/range-map.ts';
import { handleWork } from '#core/dispatch/handle-work.ts';
import type { Bucket, Buckets } from '#core/model/ports/bucket.ts';
import { requestRun } from '#core/runs/request-run.ts';
import { readRun } from '#core/runs/run-store.ts';
import { bucketFacts, bucketName, createSyncWorld, recordFacts, type SyncWorld } from '#support/sync-world.ts';
import { unasked } from '#support/unasked.ts';

/** Ranges close long before a stream shares: as with the settings of the product. */
const settings = { rangeObjects: 20, shareAfterPages: 8, streams: 4 };

let world: SyncWorld;
afterEach(() => world.close());

const honest = (bucket: Bucket): Omit<Bucket, 'list'> => ({
  head: (key) => bucket.head(key),
  ...unasked,
  presign: (key, seconds) => bucket.presign(key, seconds),
  close: () => bucket.close(),
});

/** Remembers how many pages were asked for at the same time. */
function watched(): { buckets: Buckets; most: number } {
  const real = createBuckets({ allowPrivateEndpoints: true, requestTimeoutMs: 2000 });
  let open = 0;
  const watch = {
    most: 0,
    buckets: {
      open(target: Parameters<Buckets['open']>[0]) {
        const bucket = real.open(target);
        const list: typeof bucket.list = async (request) => {
          open += 1;
          watch.most = Math.max(watch.most, open);
          return bucket.list(request).finally(() => {
            open -= 1;
          });
        };
        return { ...honest(bucket), list };
      },
    },
  };
  return watch;
}

async function largeWorld(buckets: Buckets): Promise<{ id: string; uid: string }> {
  world = await createSyncWorld({ settings, buckets });
  for (let index = 0; index < 400; index += 1) {
    world.s3.put(bucketName, `folder/${String(index).padStart(6, '0')}.bin`, { size: index });
  }
  return world.addDatasource({ sync: { page_size: 10 } });
}

describe('a first load that is larger than some ranges', () => {
  it('is shared among streams, though none of its ranges lasts until then', async () => {
    // Given a bucket of 40 pages, ranges of two pages, and streams that share after eight
    const watch = watched();
    const { id, uid } = await largeWorld(watch.buckets);

    // When it is loaded
    const run = await world.sync(id);

    // Then several streams listed it at once, in ranges that stayed large, and looking for the cuts cost little
    expect(watch.most).toBeGreaterThan(1);
    expect(run).toMatchObject({ status: 'completed', counters: { added: 400, listed: 400 } });
    expect(run.counters.pages).toBeLessThanOrEqual(40 + 12);
    const ranges = await readRanges(world.table, uid);
    expect(ranges.length).toBeLessThanOrEqual(25);
    expect(recordFacts(await world.catalogue(id))).toEqual(bucketFacts(world.s3));
  });

  it('is shared also where each invocation ends long before a stream would share', async () => {
    const watch = watched();
    const { id, uid } = await largeWorld(watch.buckets);
    const { run } = await requestRun(world.deps, { datasource: id, trigger: 'manual' });
    while (world.messages.length > 0) {
      const [sent] = world.messages.splice(0, 1);
      await handleWork({ ...world.deps, yieldAt: 0 }, sent?.message);
    }
    expect(await readRun(world.table, uid, run.id)).toMatchObject({ status: 'completed', counters: { added: 400 } });
    expect(watch.most).toBeGreaterThan(1);
    expect(recordFacts(await world.catalogue(id))).toEqual(bucketFacts(world.s3));
  });
});
