import { afterEach, beforeEach, describe, expect, it, test } from 'vitest';
import type { Buckets } from '#core/model/ports/bucket.ts';
import type { Opener } from '#core/model/ports/vault.ts';
import { testDatasource } from '#core/probe/test-datasource.ts';
import { bucketName, createSyncWorld, type SyncWorld } from '#support/sync-world.ts';

let world: SyncWorld;
let now: number;
beforeEach(async () => {
  now = 1000;
  world = await createSyncWorld({ clock: { now: () => now } });
});
afterEach(() => world.close());

describe('testing a connection', () => {
  it('lists one object of the scope and says how long it took', async () => {
    for (const key of ['p/one', 'p/two']) world.s3.put(bucketName, key, { body: '1' });
    const { id } = await world.addDatasource({ config: { prefix: 'p/' } });
    world.s3.beforeResponse = () => {
      now += 42;
    };
    expect(await testDatasource(world.deps, id)).toEqual({
      ...{ success: true, latency_ms: 42, message: 'Connection established successfully.' },
    });
    expect(world.s3.requests).toHaveLength(1);
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

  test.each(['html', 'empty', 'truncated-without-token'] as const)(
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
