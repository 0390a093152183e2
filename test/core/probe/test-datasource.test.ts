import { afterEach, beforeEach, describe, expect, it, test } from 'vitest';
import type { Buckets } from '#core/model/ports/bucket.ts';
import type { ListingPage, ListRequest } from '#core/model/ports/listing.ts';
import type { Opener } from '#core/model/ports/vault.ts';
import { testDatasource } from '#core/probe/test-datasource.ts';
import { bucketName, createSyncWorld, type SyncWorld } from '#support/sync-world.ts';
import { unasked } from '#support/unasked.ts';

let world: SyncWorld;
let now: number;
beforeEach(async () => {
  now = 1000;
  world = await createSyncWorld({ clock: { now: () => now } });
});
afterEach(() => world.close());

describe('testing a connection', () => {
  it('asks what a sync would: a page, its cursor, a listing from a key, a HEAD; and says how long the first took', async () => {
    for (const key of ['p/one', 'p/two', 'p/zoo']) world.s3.put(bucketName, key, { body: '1' });
    const { id } = await world.addDatasource({ config: { prefix: 'p/' }, sync: { page_size: 2 } });
    world.s3.beforeResponse = () => {
      now += 42;
    };
    expect(await testDatasource(world.deps, id)).toEqual({
      ...{ success: true, latency_ms: 42, message: 'Connection established successfully.' },
      ...{ warnings: [], unasked: [] },
    });
    expect(world.s3.requests.map(({ operation }) => operation)).toEqual([
      ...Array.from({ length: 3 }, () => 'ListObjectsV2'),
      'HeadObject',
    ]);
  });

  it('leaves out what there is no time for, and names it', async () => {
    for (const key of ['one', 'two', 'zoo']) world.s3.put(bucketName, key, { body: '1' });
    const { id } = await world.addDatasource({ sync: { page_size: 2 } });
    world.s3.beforeResponse = () => {
      now += 3000;
    };
    const answer = await testDatasource(world.deps, id);
    expect(answer).toMatchObject({ success: true, unasked: ['start-after', 'head'] });
  });

  it('tells what is strange: a prefix that no key has, a server without order, a key that cannot be begun at', async () => {
    const strange = await world.addDatasource({ config: { prefix: '/docs/' } });
    expect((await testDatasource(world.deps, strange.id)).warnings.join()).toContain('begins with "/"');
    for (const key of ['one', 'two', 'zoo']) world.s3.put(bucketName, key, { body: '1' });
    const { id } = await world.addDatasource();
    const answerOf = async (alter: (page: ListingPage, request: ListRequest) => ListingPage) => {
      const buckets: Buckets = {
        open(target) {
          const bucket = world.deps.buckets.open(target);
          const list = async (request: ListRequest) => alter(await bucket.list(request), request);
          return {
            ...{ list, head: (key) => bucket.head(key), close: () => bucket.close() },
            ...{ ...unasked, presign: (key, seconds) => bucket.presign(key, seconds) },
          };
        },
      };
      return testDatasource({ ...world.deps, buckets }, id);
    };
    const reversed = await answerOf((page) => ({ ...page, objects: page.objects.toReversed() }));
    expect(reversed).toMatchObject({ success: true });
    expect(reversed.warnings.join()).toContain('no order of S3');
    const shortened = await answerOf((page, { startAfter }) =>
      startAfter === undefined ? page : { ...page, objects: [], keyCount: 0 },
    );
    expect(shortened.warnings.join()).toContain('from a key');
  });

  it('given nothing there, then it succeeds and says where there is nothing', async () => {
    const all = await world.addDatasource();
    const part = await world.addDatasource({ config: { prefix: 'a "b"/' } });
    expect(await testDatasource(world.deps, all.id)).toMatchObject({ success: true, message: /the bucket holds no/ });
    expect((await testDatasource(world.deps, part.id)).message).toContain('the prefix "a \\"b\\"/" holds no objects');
  });

  test.each([
    [403, 'AccessDenied'],
    [403, 'InvalidAccessKeyId'],
    [404, 'NoSuchBucket'],
  ])(
    'given the bucket answers %i %s, then that is the answer, without a time and without a secret',
    async (status, code) => {
      const { id } = await world.addDatasource();
      const { secretAccessKey } = world.s3.credentials;
      world.s3.faults.add({ act: { kind: 'status', status, code, message: `echo: ${secretAccessKey}` } });
      const answer = await testDatasource(world.deps, id);
      expect(answer).toMatchObject({ success: false, latency_ms: null });
      expect(answer.message.length).toBeGreaterThan(10);
      expect(answer.message).not.toContain(secretAccessKey);
      expect(answer.message).not.toContain('echo');
    },
  );

  it('given a page that promises more without a token, then it works, and what is made do with is told', async () => {
    world.s3.put(bucketName, 'one', { body: '1' });
    const { id } = await world.addDatasource();
    world.s3.faults.add({ act: { kind: 'truncated-without-token' } });
    const answer = await testDatasource(world.deps, id);
    expect(answer.success).toBe(true);
    expect(answer.warnings.join()).toContain('token_absent');
  });

  test.each(['html', 'empty', 'cut-body'] as const)(
    'given an answer of the kind %s, then it is no success',
    async (kind) => {
      world.s3.put(bucketName, 'one', { body: '1' });
      const { id } = await world.addDatasource();
      world.s3.faults.add({ act: { kind } });
      expect((await testDatasource(world.deps, id)).success).toBe(false);
    },
  );

  it('given the vault cannot open the secret, then it says to set it again', async () => {
    const { id } = await world.addDatasource();
    const opener: Opener = { open: () => Promise.reject(new Error('sealed text')) };
    const answer = await testDatasource({ ...world.deps, opener }, id);
    expect(answer).toMatchObject({ success: false, message: expect.stringContaining('set it again') });
    expect(answer.message).not.toContain('sealed text');
  });

  it('given no such datasource, then it is not found; given a defect of ours, then it is not dressed up', async () => {
    await expect(testDatasource(world.deps, 'nowhere')).rejects.toMatchObject({ code: 'not_found' });
    const { id } = await world.addDatasource();
    const buckets: Buckets = {
      open() {
        throw new TypeError('a defect');
      },
    };
    await expect(testDatasource({ ...world.deps, buckets }, id)).rejects.toThrow(TypeError);
  });

  it('closes the bucket, whatever it answers', async () => {
    const { id } = await world.addDatasource();
    let open = 0;
    const buckets: Buckets = {
      open(target) {
        const bucket = world.deps.buckets.open(target);
        open += 1;
        return {
          list: (request) => bucket.list(request),
          head: (key) => bucket.head(key),
          describe: (key) => bucket.describe(key),
          tags: (key) => bucket.tags(key),
          firstByte: (key) => bucket.firstByte(key),
          identify: () => bucket.identify(),
          presign: (key, seconds) => bucket.presign(key, seconds),
          close() {
            open -= 1;
            bucket.close();
          },
        };
      },
    };
    await testDatasource({ ...world.deps, buckets }, id);
    world.s3.faults.add({ act: { kind: 'html' } });
    await testDatasource({ ...world.deps, buckets }, id);
    expect(open).toBe(0);
  });
});
