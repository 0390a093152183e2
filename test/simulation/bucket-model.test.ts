import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createBuckets } from '#adapters/s3/s3-buckets.ts';
import type { Bucket } from '#core/model/ports/bucket.ts';
import type { ListRequest } from '#core/model/ports/listing.ts';
import { type S3Server, startS3Server } from '#local/demo/s3-server/server.ts';
import { createBucketModel, createModelBuckets } from './bucket-model.ts';
import { createRandomSource } from './random-source.ts';

const now = Date.parse('2026-03-01T00:00:00Z');
const name = 'sample-bucket';
let s3: S3Server;
beforeAll(async () => {
  s3 = await startS3Server({ now: () => now });
});
afterAll(() => s3.close());

const stems = ['a', 'a/', 'a//b', 'ab', '\u{1f600}', '\ue000', 'é', 'a b+%2F', '\u0001', '__proto__', 'z'.repeat(500)];

describe('the bucket model', () => {
  it.each([1, 2] as const)('answers every listing of version %i as the S3 test server does', async (version) => {
    const seed = 20_260_301 + version;
    const random = createRandomSource(seed);
    const bucketName = `${name}-${version}`;
    s3.createBucket(bucketName);
    const model = createBucketModel(bucketName, () => now);
    const target = { bucket: bucketName, endpoint: s3.endpoint, useSsl: false, pathStyle: true, listVersion: version };
    const real = createBuckets({ allowPrivateEndpoints: true }).open({ ...target, credentials: s3.credentials });
    const double = createModelBuckets([model]).open({ ...target, credentials: s3.credentials });
    for (let round = 0; round < 12; round += 1) {
      for (let edit = 0; edit < 30; edit += 1) {
        const key = random.pick(stems) + random.pick(stems) + random.below(6);
        if (random.chance(0.3)) expect(model.delete(key)).toBe(s3.delete(bucketName, key));
        else {
          const { size, etag } = s3.put(bucketName, key, { size: random.below(9) });
          model.put(key, { size, etag });
        }
      }
      const prefix = random.chance(0.5) ? '' : random.pick(stems);
      const startAfter = random.chance(0.5) ? undefined : random.pick(stems);
      const request = { prefix, maxKeys: random.between(1, 12), startAfter };
      // How else a prefix may be meant is the reader's to say, who sees how it was written.
      const told = (await pagesOf(real, request)).map((page) => ({ ...(page as object), readings: undefined }));
      expect(await pagesOf(double, request), `seed ${seed}, round ${round}`).toEqual(told);
      for (const key of ['never-put', ...model.objects().map((object) => object.key)].slice(0, 4)) {
        expect(await double.head(key)).toEqual(await real.head(key));
      }
    }
    real.close();
  });

  it('refuses a token that it did not make', async () => {
    const bucket = createModelBuckets([createBucketModel(name, () => now)]).open({
      ...{ bucket: name, endpoint: '', useSsl: true, pathStyle: false, listVersion: 2 },
      credentials: { accessKeyId: 'a', secretAccessKey: 'b' },
    });
    const made = { prefix: '', maxKeys: 10, continuation: { version: 2, token: 'made-up' } } as const;
    await expect(bucket.list(made)).rejects.toMatchObject({ code: 'source_error' });
  });

  it('lists a bucket of 100,000 keys in random order, after changes of any number', () => {
    const model = createBucketModel(name, () => now);
    const random = createRandomSource(7);
    const kept = new Set<string>();
    for (const count of [100_000, 3, 1000]) {
      for (let put = 0; put < count; put += 1) {
        const key = `k${random.below(1e9)}`;
        model.put(key);
        kept.add(key);
      }
      for (const key of [...kept].slice(0, count / 3)) {
        model.delete(key);
        kept.delete(key);
      }
      expect(model.objects().map((object) => object.key)).toEqual([...kept].sort());
    }
  });
});

/** All pages of a walk, without what is each server's own: the text of its tokens. */
async function pagesOf(bucket: Bucket, first: ListRequest): Promise<unknown[]> {
  const pages: unknown[] = [];
  let request = first;
  for (;;) {
    const { nextToken, serverTime: _, ...page } = await bucket.list(request);
    pages.push(page);
    if (!page.truncated) return pages;
    const marker = page.objects.at(-1)?.key ?? '';
    const continuation = nextToken ? ({ version: 2, token: nextToken } as const) : ({ version: 1, marker } as const);
    request = { ...first, continuation };
  }
}
