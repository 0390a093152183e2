import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createBuckets } from '#adapters/s3/s3-buckets.ts';
import type { Bucket, Buckets, FirstByte, HeadResult } from '#core/model/ports/bucket.ts';
import type { FaultMatch } from '#local/demo/s3-server/fault-registry.ts';
import { bucketFacts, bucketName, createSyncWorld, recordFacts, type SyncWorld } from '#support/sync-world.ts';

/** What a server answers otherwise than S3, by key; whatever is undefined is answered by the bucket. */
let head: (key: string) => HeadResult | undefined;
let firstByte: (key: string) => FirstByte | undefined;

let world: SyncWorld;
beforeEach(() => {
  head = () => undefined;
  firstByte = () => undefined;
});
afterEach(() => world.close());

function oddBuckets(): Buckets {
  const real = createBuckets({ allowPrivateEndpoints: true, requestTimeoutMs: 5000 });
  return {
    open(target) {
      const bucket = real.open(target);
      const odd: Pick<Bucket, 'head' | 'firstByte'> = {
        head: async (key) => head(key) ?? bucket.head(key),
        firstByte: async (key) => firstByte(key) ?? bucket.firstByte(key),
      };
      return {
        ...{ list: (request) => bucket.list(request), ...odd, close: () => bucket.close() },
        ...{ describe: (key) => bucket.describe(key), tags: (key) => bucket.tags(key) },
        ...{ identify: () => bucket.identify(), presign: (key, seconds) => bucket.presign(key, seconds) },
      };
    },
  };
}

const longAgo = Date.parse('2024-01-01T00:00:00Z');
const put = (key: string, size = 3): unknown =>
  world.s3.put(bucketName, key, { body: 'x'.repeat(size), lastModified: longAgo });
const hide = (hidden: (key: string) => boolean): unknown =>
  world.s3.faults.add({ when: { operation: 'list' }, act: { kind: 'drop-keys', drop: hidden } });
const refuse = (when: FaultMatch, status: number, code = 'MethodNotAllowed'): unknown =>
  world.s3.faults.add({ when, act: { kind: 'status', status, code } });
const keys = async (id: string): Promise<string[]> => (await world.catalogue(id)).map(({ sk }) => sk);

/** A datasource that has catalogued these keys. */
async function catalogued(...all: string[]): Promise<string> {
  world = await createSyncWorld({ buckets: oddBuckets() });
  for (const key of all) put(key);
  const { id } = await world.addDatasource();
  expect(await world.sync(id)).toMatchObject({ status: 'completed', counters: { added: all.length } });
  return id;
}

describe('an object that hides what is in the folder of its name (MinIO)', () => {
  it('comes, what it hides stays and is named, other deletions go; and so it is in each run after', async () => {
    const id = await catalogued('other', 'reports/2025.pdf', 'reports/2026.pdf', 'zoo');
    put('reports');
    world.s3.delete(bucketName, 'other');
    hide((key) => key.startsWith('reports/'));
    const named = [expect.stringMatching(/"reports\/2025.pdf", "reports\/2026.pdf"$/)];
    const run = await world.sync(id);
    expect(run).toMatchObject({ status: 'completed', counters: { added: 1, deleted: 1 }, contradicted: 2 });
    expect(run.warnings).toEqual(named);
    expect(run.message).toContain('2 keys are missing from the listing and not from the server: see warnings');
    expect(await keys(id)).toEqual(['reports', 'reports/2025.pdf', 'reports/2026.pdf', 'zoo']);
    world.s3.delete(bucketName, 'zoo');
    const next = await world.sync(id);
    expect(next).toMatchObject({ status: 'completed', counters: { deleted: 1 }, contradicted: 2, warnings: named });
    world.s3.faults.clear();
    const healed = await world.sync(id);
    expect([healed.status, healed.contradicted, healed.warnings]).toEqual(['completed', undefined, undefined]);
    expect(recordFacts(await world.catalogue(id))).toEqual(bucketFacts(world.s3));
  });

  it('where it hides a whole folder and nothing else is gone, the first run fails and those after it complete', async () => {
    const files = Array.from({ length: 30 }, (_, index) => `reports/${index + 10}.pdf`);
    const id = await catalogued('other', ...files, ...Array.from({ length: 300 }, (_, index) => `z/${index}`));
    put('reports');
    hide((key) => key.startsWith('reports/'));
    expect(await world.sync(id)).toMatchObject({ status: 'failed', error: { code: 'listing_contradicted' } });
    world.s3.delete(bucketName, 'other');
    expect(await world.sync(id)).toMatchObject({ status: 'completed', counters: { deleted: 1 }, contradicted: 30 });
    expect(await world.catalogue(id)).toHaveLength(1 + 30 + 300);
  });

  it('what it hides goes once it is really gone, and what is modified there is told when it is seen again', async () => {
    const id = await catalogued('a', 'reports/1', 'reports/2', 'zoo');
    put('reports');
    hide((key) => key.startsWith('reports/'));
    await world.sync(id);
    world.s3.delete(bucketName, 'reports/1');
    expect(await world.sync(id)).toMatchObject({ counters: { deleted: 1 }, contradicted: 1 });
    put('reports/2', 9);
    expect(await world.sync(id)).toMatchObject({ counters: { deleted: 0, modified: 0 }, contradicted: 1 });
    world.s3.faults.clear();
    expect(await world.sync(id)).toMatchObject({ counters: { modified: 1 } });
    expect(recordFacts(await world.catalogue(id))).toEqual(bucketFacts(world.s3));
  });

  it('twenty of them among two thousand deletions cost no live object its record, though a sample meets none', async () => {
    const settings = { holdAboveShare: 1 };
    world = await createSyncWorld({ settings });
    const number = (index: number): string => String(index).padStart(5, '0');
    const gone = Array.from({ length: 2000 }, (_, index) => `k-${number(index)}`);
    // A hundred are sampled, every twentieth: these stand eleven behind one of those.
    const hiders = Array.from({ length: 20 }, (_, index) => `k-${number(100 * index + 50 - index)}x`);
    const hidden = hiders.map((key) => `${key}/live`);
    for (const key of [...gone, ...hidden, 'stays']) put(key);
    const { id } = await world.addDatasource();
    await world.sync(id);
    for (const key of gone) world.s3.delete(bucketName, key);
    for (const key of hiders) put(key);
    hide((key) => key.endsWith('/live'));
    const first = await world.sync(id);
    expect(first).toMatchObject({ status: 'completed', counters: { deleted: 0 }, waiting: 2020 });
    const second = await world.sync(id);
    expect(second).toMatchObject({ status: 'completed', counters: { deleted: 2000 }, contradicted: 20 });
    expect(await keys(id)).toEqual([...hiders, ...hidden, 'stays'].sort());
  });
});

describe('a folder that answers for an object (SeaweedFS, gateways to file systems)', () => {
  const ofFolder: HeadResult = { status: 'found', size: 0, etag: '', lastModified: longAgo };

  it.each<[string, FirstByte]>([
    ['the object is missing to a GET', { status: 'missing' }],
    ['a page about the folder comes to a GET', { status: 'found', etag: '', lastModified: longAgo }],
  ])('does not keep the record of one that is gone: %s', async (_what, byte) => {
    const id = await catalogued('data', 'data/x', 'z');
    world.s3.delete(bucketName, 'data');
    head = (key) => (key === 'data' || key === 'data/' ? ofFolder : undefined);
    firstByte = (key) => (key === 'data' ? byte : undefined);
    const run = await world.sync(id);
    expect([run.status, run.counters.deleted, run.warnings]).toEqual(['completed', 1, undefined]);
    expect(await keys(id)).toEqual(['data/x', 'z']);
  });

  it.each<[string, (key: string) => HeadResult | undefined, (key: string) => FirstByte | undefined]>([
    ['HEAD comes without an ETag for all', (key) => (key === 'data' ? ofFolder : undefined), () => undefined],
    [
      'HEAD comes without an ETag, with and without a slash',
      (key) => (/^data\/?$/.test(key) ? ofFolder : undefined),
      () => undefined,
    ],
    [
      'HEAD comes without an ETag, with a slash too, and a GET is refused',
      (key) => (/^data\/?$/.test(key) ? ofFolder : undefined),
      () => ({ status: 'refused' }),
    ],
    [
      'HEAD comes without an ETag, with a slash too, and a GET fails',
      (key) => (/^data\/?$/.test(key) ? ofFolder : undefined),
      () => ({ status: 'unclear' }),
    ],
    [
      'no object of this server has an ETag, and it does not mind a slash',
      (key) => (/^data\/?$/.test(key) ? ofFolder : undefined),
      () => ({ status: 'found', etag: '' }),
    ],
  ])('is not told by a live object that the listing hides: %s', async (_what, heads, bytes) => {
    const id = await catalogued('data', 'data/x', 'z');
    hide((key) => key === 'data');
    [head, firstByte] = [heads, bytes];
    const run = await world.sync(id);
    expect(run).toMatchObject({ status: 'completed', counters: { deleted: 0 }, contradicted: 1 });
    expect(await keys(id)).toEqual(['data', 'data/x', 'z']);
  });

  it('is not told by an object that was written again in another size, which the listing hides', async () => {
    const id = await catalogued('data', 'data/x', 'z');
    put('data', 50);
    hide((key) => key === 'data');
    expect(await world.sync(id)).toMatchObject({ status: 'completed', counters: { deleted: 0 }, contradicted: 1 });
    expect(await keys(id)).toEqual(['data', 'data/x', 'z']);
  });

  it('is not told by an object without bytes, which the listing hides', async () => {
    const id = await catalogued('data', 'data/x', 'z');
    put('data', 0);
    hide((key) => key === 'data');
    head = (key) => (/^data\/?$/.test(key) ? ofFolder : undefined);
    expect(await world.sync(id)).toMatchObject({ status: 'completed', counters: { deleted: 0 }, contradicted: 1 });
    expect(await keys(id)).toContain('data');
  });
});

describe('a server on which HEAD cannot be used', () => {
  it.each([405, 501, 410, 400])('given %d for the key that is gone, it goes (local-s3)', async (status) => {
    const id = await catalogued('a', 'b', 'c');
    world.s3.delete(bucketName, 'b');
    refuse({ operation: 'HeadObject', key: 'b' }, status);
    expect(await world.sync(id)).toMatchObject({ status: 'completed', counters: { deleted: 1 } });
    expect(await keys(id)).toEqual(['a', 'c']);
  });

  it('does not cost an object its record whose key the index of the listing lost', async () => {
    const id = await catalogued('a', 'b', 'c', 'd');
    world.s3.delete(bucketName, 'd');
    refuse({ operation: 'HeadObject' }, 405);
    hide((key) => key === 'b');
    expect(await world.sync(id)).toMatchObject({ status: 'completed', counters: { deleted: 1 }, contradicted: 1 });
    expect(await keys(id)).toEqual(['a', 'b', 'c']);
  });

  it('does so neither where that object has no bytes', async () => {
    const id = await catalogued('a', 'c');
    put('b', 0);
    await world.sync(id);
    refuse({ operation: 'HeadObject' }, 501);
    hide((key) => key === 'b');
    expect(await world.sync(id)).toMatchObject({ status: 'completed', counters: { deleted: 0 }, contradicted: 1 });
    expect(await keys(id)).toEqual(['a', 'b', 'c']);
  });

  it('leaves it to the listing where GET is refused as well', async () => {
    const id = await catalogued('a', 'b', 'c');
    world.s3.delete(bucketName, 'b');
    refuse({ operation: 'HeadObject' }, 405);
    refuse({ operation: 'GetObject' }, 405);
    expect(await world.sync(id)).toMatchObject({ status: 'completed', counters: { deleted: 1 } });
    expect(await keys(id)).toEqual(['a', 'c']);
  });

  it('does not delete what it fails to answer for', async () => {
    const id = await catalogued('a', 'b', 'c');
    world.s3.delete(bucketName, 'c');
    hide((key) => key === 'b');
    refuse({ operation: 'HeadObject', key: 'b' }, 405);
    refuse({ operation: 'GetObject', key: 'b' }, 409, 'Conflict');
    expect(await world.sync(id)).toMatchObject({ status: 'completed', counters: { deleted: 1 }, contradicted: 1 });
    expect(await keys(id)).toEqual(['a', 'b']);
  });
});

it('a HEAD that is answered without a time keeps the record, and the others go', async () => {
  const id = await catalogued('a', 'b', 'c', 'd');
  world.s3.delete(bucketName, 'c');
  hide((key) => key === 'b');
  world.s3.faults.add({ when: { operation: 'HeadObject', key: 'b' }, act: { kind: 'html' } });
  expect(await world.sync(id)).toMatchObject({ status: 'completed', counters: { deleted: 1 }, contradicted: 1 });
  expect(await keys(id)).toEqual(['a', 'b', 'd']);
});

it('a server that says "missing" about all that it listed confirms nothing, however few are asked for', async () => {
  const id = await catalogued('a', 'b', 'c');
  hide((key) => key === 'b');
  refuse({ operation: 'HeadObject' }, 404, 'NoSuchKey');
  expect(await world.sync(id)).toMatchObject({ status: 'failed', error: { code: 'listing_contradicted' } });
  expect(await keys(id)).toEqual(['a', 'b', 'c']);
});
