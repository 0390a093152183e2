import { readFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createBuckets } from '#adapters/s3/s3-buckets.ts';
import type { BucketTarget } from '#core/model/ports/bucket.ts';
import { type S3Server, startS3Server } from '#local/demo/s3-server/server.ts';
import { createSyncWorld, type SyncWorld } from '#support/sync-world.ts';

type Quirk = {
  readonly kind: number;
  readonly from: string;
  readonly objects?: string[];
  readonly config?: { readonly endpoint?: string; readonly bucket?: string[] };
  readonly answer?: Readonly<Record<string, unknown>>;
  readonly catalogued?: string[];
};

/** Kind 6: a validator knows AWS's spelling only. */
const quirks = (
  JSON.parse(readFileSync(new URL('../vectors/servers/quirks.json', import.meta.url), 'utf8')) as { cases: Quirk[] }
).cases.filter(({ kind }) => kind === 6);

function quirkOf(from: string): Quirk {
  const quirk = quirks.find((one) => one.from === from);
  if (quirk === undefined) throw new Error(`there is no quirk of ${from}`);
  return quirk;
}

let world: SyncWorld;
const servers: S3Server[] = [];

beforeEach(async () => {
  world = await createSyncWorld();
});

afterEach(async () => {
  await world.close();
  for (const server of servers.splice(0)) await server.close();
});

async function serve(region: string, bucket: string, keys: readonly string[]): Promise<S3Server> {
  const server = await startS3Server({ region });
  servers.push(server);
  server.createBucket(bucket);
  for (const key of keys) server.put(bucket, key, { body: `body of ${key}` });
  return server;
}

/** Registers a bucket as a caller would, syncs it, and says what is catalogued. */
async function catalogued(config: object): Promise<string[]> {
  const { id } = await world.addDatasource({ config });
  const run = await world.sync(id);
  expect([run.status, run.error]).toEqual(['completed', undefined]);
  return (await world.catalogue(id)).map(({ sk }) => sk);
}

const surf = quirkOf('SURF');
const [, surfRegion = ''] = /<Region>(.*)<\/Region>/.exec(String(surf.answer?.['400'])) ?? [];

describe('a region that AWS would not have', () => {
  it.each([surfRegion, 'RegionOne', 'EU', 'us_east', 'dc1.example', 'garage', 'A'.repeat(64)])(
    'given %j, the bucket is catalogued whether it is named, left out, empty or wrong',
    async (region) => {
      const keys = surf.objects ?? [];
      const server = await serve(region, 'stock', keys);
      for (const named of [region, undefined, '', 'elsewhere']) {
        const config = {
          bucket: 'stock',
          endpoint: server.endpoint,
          ...(named === undefined ? {} : { region: named }),
        };
        expect(await catalogued(config)).toEqual(surf.catalogued);
      }
    },
  );
});

describe('a bucket that AWS would not have', () => {
  const names = [
    ...(quirkOf('B2, RGW').config?.bucket ?? []),
    'UPPER',
    'T_1:Old.Bucket',
    'under_Score',
    'z'.repeat(255),
  ];

  it.each(names)('given %j, it is catalogued, and refused at AWS', async (bucket) => {
    const server = await serve('us-east-1', bucket, ['a.txt', 'b+c.txt']);
    const { endpoint } = server;
    expect(await catalogued({ bucket, endpoint })).toEqual(['a.txt', 'b+c.txt']);
    expect(await catalogued({ bucket, endpoint, path_style: false })).toEqual(['a.txt', 'b+c.txt']);
    for (const ofAws of [{ endpoint: '', region: 'eu-west-1' }, { endpoint: 's3.eu-west-1.amazonaws.com.' }]) {
      await expect(async () => world.addDatasource({ config: { bucket, use_ssl: true, ...ofAws } })).rejects.toThrow(
        /must be a bucket name of AWS/,
      );
    }
  });

  it.each([
    '.',
    '..',
    '../stock',
    'a/b',
    'stock/../other',
    'tenant:..',
    'tenant:a/b',
    'stock?list-type=2',
    'stock#',
    '%2e%2e',
  ])('given %j, which would change what is asked for, it is refused everywhere', async (bucket) => {
    const { endpoint } = await serve('us-east-1', 'stock', []);
    await expect(async () => world.addDatasource({ config: { bucket, endpoint } })).rejects.toThrow(
      /must be a bucket name/,
    );
  });
});

/**
 * A server that keeps S3 below a path is played by one that has the path's first part as a bucket, and the rest in its
 * keys: so it checks each signature over the whole path. What it lists is an object there.
 */
async function serveBelow(path: string, bucket: string, keys: readonly string[]): Promise<S3Server> {
  const [, first = '', ...rest] = path.split('/');
  const below = [...rest, bucket].join('/');
  const server = await serve('us-east-1', first, []);
  for (const key of keys) server.put(first, `${below}/${key}`, { body: `body of ${key}` });
  const contents = keys.map((key) => {
    const { etag, size, lastModified } = server.get(first, `${below}/${key}`)!;
    const modified = new Date(lastModified).toISOString();
    return `<Contents><Key>${key}</Key><LastModified>${modified}</LastModified><ETag>"${etag}"</ETag><Size>${size}</Size></Contents>`;
  });
  const head = `<Name>${bucket}</Name><Prefix></Prefix><KeyCount>${keys.length}</KeyCount><IsTruncated>false</IsTruncated>`;
  // The client asks for a bucket with a slash at its end.
  server.put(first, `${below}/`, { body: `<ListBucketResult>${head}${contents.join('')}</ListBucketResult>` });
  return server;
}

describe('an endpoint with a path', () => {
  const [, supabase = ''] = /^[^/]*(\/.*)$/.exec(quirkOf('Supabase').config?.endpoint ?? '') ?? [];
  const paths = [supabase, '/s3', '/a/b/c/d', '/Storage/V1', '/~user/s3.api_v-1', '/v1...2/s3', `/${'p'.repeat(100)}`];

  it.each(paths)('given %s, requests, signatures and links go there', async (path) => {
    const server = await serveBelow(path, 'stock', ['a.txt', 'b c.txt']);
    const host = `127.0.0.1:${server.port}`;
    for (const endpoint of [`${host}${path}`, `${host}${path}/`, `127.0.0.1.:${server.port}${path}`]) {
      expect(await catalogued({ bucket: 'stock', endpoint })).toEqual(['a.txt', 'b c.txt']);
    }
    const target: BucketTarget = {
      ...{ bucket: 'stock', endpoint: `${host}${path}`, useSsl: false, pathStyle: true, listVersion: 'auto' },
      credentials: server.credentials,
    };
    const bucket = createBuckets({ allowPrivateEndpoints: true }).open(target);
    expect(await bucket.head('b c.txt')).toMatchObject({ status: 'found' });
    const url = await bucket.presign('b c.txt', 60);
    bucket.close();
    expect(new URL(url).pathname).toBe(`${path}/stock/b%20c.txt`);
    expect(await (await fetch(url)).text()).toBe('body of b c.txt');
  });

  it('given hosts with an underscore or a dot at their end, the name is asked for without the dot', async () => {
    const server = await serve('us-east-1', 'stock', ['a.txt']);
    const names: string[] = [];
    const lookup = async (name: string) => {
      names.push(name);
      return [{ address: '127.0.0.1', family: 4 }];
    };
    for (const host of ['my_server.example', 's3.example.', '_dmz.S3.example.']) {
      const bucket = createBuckets({ allowPrivateEndpoints: true, lookup }).open({
        ...{ bucket: 'stock', endpoint: `${host}:${server.port}`, useSsl: false, pathStyle: true, listVersion: 'auto' },
        credentials: server.credentials,
      });
      expect(await bucket.head('a.txt')).toMatchObject({ status: 'found' });
      expect(new URL(await bucket.presign('a.txt', 60)).hostname).not.toMatch(/\.$/);
      bucket.close();
    }
    expect(names).toEqual(['my_server.example', 's3.example', '_dmz.s3.example']);
  });
});
