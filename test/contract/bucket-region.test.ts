import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { createBuckets, type S3BucketsOptions } from '#adapters/s3/s3-buckets.ts';
import type { Bucket, Buckets, BucketTarget } from '#core/model/ports/bucket.ts';
import { startS3Server } from '#local/demo/s3-server/server.ts';
import { type QuietServer, startQuietAboutRegion } from '#support/quiet-about-region.ts';

const closing: (() => unknown)[] = [];

afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

const credentials = { accessKeyId: 'STOCKTAKETESTKEY', secretAccessKey: 'stocktake-test-secret' };

function openOn(buckets: Buckets, endpoint: string, change: Partial<BucketTarget> = {}): Bucket {
  const bucket = buckets.open({
    ...{ bucket: 'stock', endpoint, useSsl: false, pathStyle: true, listVersion: 'auto', credentials },
    ...change,
  });
  closing.push(() => bucket.close());
  return bucket;
}

function open(endpoint: string, change: Partial<BucketTarget> = {}, options: Partial<S3BucketsOptions> = {}): Bucket {
  return openOn(createBuckets({ allowPrivateEndpoints: true, ...options }), endpoint, change);
}

/** A server of that region, with one object, behind one that does not tell it in headers. */
async function startQuiet(region: string, withoutElement = false): Promise<QuietServer> {
  const server = await startS3Server({ region });
  server.createBucket('stock');
  server.put('stock', 'a b.txt', { body: 'the body' });
  const quiet = await startQuietAboutRegion(server, withoutElement);
  closing.push(
    () => server.close(),
    () => quiet.close(),
  );
  return quiet;
}

async function startServer(answer: (request: IncomingMessage, response: ServerResponse) => void): Promise<string> {
  const http = createServer(answer);
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  closing.push(() => {
    http.closeAllConnections();
    http.close();
  });
  return `127.0.0.1:${(http.address() as AddressInfo).port}`;
}

describe('a server that says nothing of the region in the answer to a HEAD', () => {
  const regions = ['garage', 'NL', 'RegionOne', 'EU', 'us_east', 'dc1.example', 'fips-1', 'aws-global', 'auto'];
  const named = [undefined, '', 'us-east-1', 'elsewhere'];

  it.each(regions.flatMap((region) => named.map((name) => [region, name] as const)))(
    'given region %j and %j in the settings, links, HEADs, descriptions, tags and listings work',
    async (region, name) => {
      const { endpoint } = await startQuiet(region);
      const url = await open(endpoint, { region: name }).presign('a b.txt', 60);
      expect(await (await fetch(url)).text()).toBe('the body');
      expect(await open(endpoint, { region: name }).head('a b.txt')).toMatchObject({ status: 'found' });
      expect(await open(endpoint, { region: name }).describe('a b.txt')).toMatchObject({ status: 'found' });
      expect(await open(endpoint, { region: name }).tags('a b.txt')).toMatchObject({ status: 'found' });
      const page = await open(endpoint, { region: name }).list({ prefix: '', maxKeys: 10 });
      expect(page.objects.map(({ key }) => key)).toEqual(['a b.txt']);
    },
  );

  it.each(regions)('given region %j by name, it is signed for at once', async (region) => {
    const { endpoint, requests } = await startQuiet(region);
    expect(await open(endpoint, { region }).head('a b.txt')).toMatchObject({ status: 'found' });
    expect(requests.map(({ method, status }) => [method, status])).toEqual([['HEAD', 200]]);
  });

  it('given an error document without the element, the region is read from the words', async () => {
    const { endpoint, requests } = await startQuiet('RegionOne', true);
    expect(await open(endpoint).head('a b.txt')).toMatchObject({ status: 'found' });
    expect(requests.map(({ method, status }) => [method, status])).toEqual([
      ['HEAD', 400],
      ['GET', 400],
      ['GET', 200],
      ['HEAD', 200],
    ]);
  });

  it('given a key that is not there, it is missing, and forbidden when it is refused', async () => {
    const { endpoint } = await startQuiet('garage');
    expect(await open(endpoint).head('none')).toEqual({ status: 'missing' });
    await expect(open(endpoint, { bucket: 'nowhere' }).list({ prefix: '', maxKeys: 1 })).rejects.toMatchObject({
      code: 'bucket_not_found',
    });
  });
});

describe('what a HEAD of status 400 can mean besides', () => {
  const isList = ({ url = '' }: IncomingMessage) => url.includes('list-type');
  const pageOf = '<ListBucketResult><Name>stock</Name><KeyCount>0</KeyCount><IsTruncated>false</IsTruncated>';

  /** Answers each HEAD with that status, and each listing as told; says what was asked. */
  async function startOdd(headStatus: number, list: readonly [number, string]) {
    const asked: string[] = [];
    const endpoint = await startServer((request, response) => {
      asked.push(isList(request) ? 'LIST' : (request.method ?? ''));
      if (isList(request)) response.writeHead(list[0]).end(list[1]);
      else response.writeHead(headStatus).end();
    });
    return { endpoint, asked };
  }

  it('given an object under a key of the customer, it says nothing, and the listing is asked for once', async () => {
    const { endpoint, asked } = await startOdd(400, [200, `${pageOf}</ListBucketResult>`]);
    const bucket = open(endpoint);
    expect(await bucket.head('a')).toEqual({ status: 'unusable' });
    expect(await bucket.head('b')).toEqual({ status: 'unusable' });
    expect(asked).toEqual(['HEAD', 'LIST', 'HEAD']);
    // The region is confirmed by then, so that a link can be signed.
    expect(await bucket.presign('a', 60)).toContain('X-Amz-Signature');
    expect(asked).toHaveLength(3);
  });

  it.each([
    [400, 'ExpiredToken', '', 'credentials_invalid', 'expired'],
    [
      400,
      'InvalidArgument',
      'Invalid Argument: Credential access key has length 20, should be 32',
      'credentials_invalid',
      'has length 20, should be 32',
    ],
    [401, 'Unauthorized', '', 'credentials_invalid', 'does not know'],
    [403, 'SignatureDoesNotMatch', '', 'signature_mismatch', 'Set secret_access_key'],
    [403, 'RequestTimeTooSkewed', '', 'clock_skewed', 'clock'],
    [400, 'AuthorizationHeaderMalformed', '', 'wrong_region', 'does not say'],
    [400, 'InvalidRegionName', 'Must be one of: wnam, enam, auto', 'wrong_region', 'Must be one of: wnam, enam, auto'],
  ])(
    'given a listing refused with %i %s, a link and a description fail with that reason',
    async (status, code, message, failure, words) => {
      const { endpoint } = await startOdd(400, [
        status,
        `<Error><Code>${code}</Code><Message>${message}</Message></Error>`,
      ]);
      const expected = { code: failure, message: expect.stringContaining(words) };
      await expect(open(endpoint).presign('a', 60)).rejects.toMatchObject(expected);
      await expect(open(endpoint).describe('a')).rejects.toMatchObject(expected);
    },
  );

  it.each([405, 501, 400])(
    'given a HEAD that is refused with %i, a link is signed once a listing went well',
    async (status) => {
      const { endpoint } = await startOdd(status, [200, `${pageOf}</ListBucketResult>`]);
      expect(await open(endpoint).presign('a', 60)).toContain('X-Amz-Signature');
    },
  );

  it.each([
    [403, 'AccessDenied'],
    [404, 'NoSuchBucket'],
    [400, 'InvalidRequest'],
    [501, 'NotImplemented'],
  ])('given a listing refused with %i %s, a link is signed: who asks was found right before', async (status, code) => {
    const { endpoint } = await startOdd(405, [status, `<Error><Code>${code}</Code></Error>`]);
    if (status === 501) await expect(open(endpoint).presign('a', 60)).rejects.toMatchObject({ code: 'source_error' });
    else expect(await open(endpoint).presign('a', 60)).toContain('X-Amz-Signature');
  });

  it('given a server in trouble, a link is a failure of the server', async () => {
    const { endpoint } = await startOdd(500, [500, '']);
    const patience = { wait: () => Promise.resolve() };
    await expect(open(endpoint, {}, { patience }).presign('a', 60)).rejects.toMatchObject({ code: 'source_error' });
  });
});

describe('a server that lies about the region', () => {
  it('given another one with each answer, the call ends after a few requests', async () => {
    let asked = 0;
    const endpoint = await startServer((request, response) => {
      asked += 1;
      response.statusCode = 400;
      if (request.method === 'HEAD') response.end();
      else response.end(`<Error><Code>AuthorizationHeaderMalformed</Code><Region>r-${asked}</Region></Error>`);
    });
    const bucket = open(endpoint);
    await expect(bucket.presign('a', 60)).rejects.toMatchObject({ code: 'wrong_region' });
    expect(asked).toBeLessThanOrEqual(5);
    await expect(bucket.list({ prefix: '', maxKeys: 1 })).rejects.toMatchObject({ code: 'wrong_region' });
    expect(asked).toBeLessThanOrEqual(7);
  });

  it('given another one beside what it gives, that is not moved to', async () => {
    const scopes: unknown[] = [];
    const endpoint = await startServer((request, response) => {
      scopes.push(/\d{8}\/([^/]+)\//.exec(request.headers.authorization ?? '')?.[1]);
      response.writeHead(404, { 'x-amz-bucket-region': 'elsewhere' }).end();
    });
    const bucket = open(endpoint, { region: 'NL' });
    await bucket.head('a');
    await bucket.head('a');
    expect(scopes).toEqual(['NL', 'NL']);
  });

  it.each(['x.attacker', 'Eu-West-1', 'us_east', '..', 'a.b.c'])(
    'given %j as the region of an AWS host, no host is made of it',
    async (region) => {
      const names: string[] = [];
      const endpoint = await startServer((request, response) => {
        response.writeHead(301, { 'x-amz-bucket-region': region }).end();
        names.push(request.headers.host?.split(':')[0] ?? '');
      });
      const lookup = async () => [{ address: '127.0.0.1', family: 4 }];
      const port = endpoint.split(':')[1];
      const bucket = open(`s3.eu-west-1.amazonaws.com:${port}`, { region: 'eu-west-1' }, { lookup });
      await expect(bucket.list({ prefix: '', maxKeys: 1 })).rejects.toMatchObject({ code: 'wrong_region' });
      expect(new Set(names)).toEqual(new Set(['s3.eu-west-1.amazonaws.com']));
    },
  );

  it.each(['a/b', 'a,b', 'a b', 'x'.repeat(65), 'a\u0000b'])('given %j as the region, it is none', async (region) => {
    const endpoint = await startServer((_request, response) =>
      response.writeHead(400).end(`<Error><Code>AuthorizationHeaderMalformed</Code><Region>${region}</Region></Error>`),
    );
    await expect(open(endpoint).list({ prefix: '', maxKeys: 1 })).rejects.toMatchObject({
      message: expect.stringContaining('does not say where it is'),
    });
  });

  it('given a part of the secret as the region, it is not repeated', async () => {
    const endpoint = await startServer((_request, response) =>
      response
        .writeHead(400)
        .end('<Error><Code>AuthorizationHeaderMalformed</Code><Region>x-stocktake-test-sec</Region></Error>'),
    );
    const failure = await open(endpoint)
      .list({ prefix: '', maxKeys: 1 })
      .catch((error: unknown) => error);
    expect(String(failure)).not.toContain('take-test');
  });
});

describe('the memory of regions', () => {
  it('given a bucket that was opened before, its region is known, and no longer after ten minutes', async () => {
    const { endpoint, requests } = await startQuiet('garage');
    let now = Date.now();
    const buckets = createBuckets({ allowPrivateEndpoints: true, patience: { now: () => now } });
    await openOn(buckets, endpoint).presign('a b.txt', 60);
    const before = requests.length;
    const url = await openOn(buckets, endpoint).presign('a b.txt', 60);
    expect(requests).toHaveLength(before);
    expect((await fetch(url)).status).toBe(200);
    now += 600_000;
    const asked = requests.length;
    await openOn(buckets, endpoint).presign('a b.txt', 60);
    expect(requests.length).toBeGreaterThan(asked);
  });

  it('given another bucket, scheme or region in the settings, it is not that one', async () => {
    const { endpoint, requests } = await startQuiet('garage');
    const buckets = createBuckets({ allowPrivateEndpoints: true });
    await openOn(buckets, endpoint).presign('a b.txt', 60);
    for (const change of [{ bucket: 'other' }, { region: 'garage' }]) {
      const before = requests.length;
      await openOn(buckets, endpoint, change).presign('a b.txt', 60);
      expect(requests.length).toBeGreaterThan(before);
    }
  });

  it('given a bucket that is elsewhere by now, the next request finds it there', async () => {
    let region = 'one';
    const endpoint = await startServer((request, response) => {
      const scope = /\d{8}\/([^/]+)\//.exec(request.headers.authorization ?? '')?.[1];
      if (scope === region) response.writeHead(404).end();
      else response.writeHead(400, { 'x-amz-bucket-region': region }).end();
    });
    const buckets = createBuckets({ allowPrivateEndpoints: true });
    expect(await openOn(buckets, endpoint).head('a')).toEqual({ status: 'missing' });
    region = 'two';
    expect(await openOn(buckets, endpoint).head('a')).toEqual({ status: 'missing' });
    expect(await openOn(buckets, endpoint).presign('a', 60)).toContain('%2Ftwo%2F');
  });
});
