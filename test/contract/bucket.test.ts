import { readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { createBuckets, type S3BucketsOptions } from '#adapters/s3/s3-buckets.ts';
import { compareKeys } from '#core/keys/byte-order.ts';
import type { Bucket, BucketTarget } from '#core/model/ports/bucket.ts';
import { regionOfHost } from '#core/source/aws-host.ts';
import { type ProvenStep, provePage } from '#core/source/page-proof.ts';
import { type S3Server, startS3Server } from '#local/demo/s3-server/server.ts';

const vectors: { keys: { key: string }[] } = JSON.parse(
  readFileSync(new URL('../vectors/keys.json', import.meta.url), 'utf8'),
);
const vectorKeys = [...vectors.keys.map(({ key }) => key), 'k'.repeat(1024), `${'漢'.repeat(341)}x`].sort(compareKeys);

let server: S3Server;
const opened: Bucket[] = [];

beforeAll(async () => {
  server = await startS3Server({ region: 'eu-test-1' });
  server.createBucket('stock');
  for (const key of vectorKeys) server.put('stock', key, { body: `body of ${key}` });
  server.createBucket('empty');
});

afterAll(async () => {
  await server.close();
});

beforeEach(() => {
  server.faults.clear();
  server.clearRequests();
});

afterEach(() => {
  for (const bucket of opened.splice(0)) bucket.close();
  vi.unstubAllEnvs();
});

function open(change: Partial<BucketTarget> = {}, options: Partial<S3BucketsOptions> = {}): Bucket {
  const { accessKeyId, secretAccessKey } = server.credentials;
  const bucket = createBuckets({ allowPrivateEndpoints: true, ...options }).open({
    bucket: 'stock',
    endpoint: server.endpoint,
    region: 'eu-test-1',
    useSsl: false,
    pathStyle: true,
    listVersion: 'auto',
    credentials: { accessKeyId, secretAccessKey },
    ...change,
  });
  opened.push(bucket);
  return bucket;
}

/** The listings that were asked for. Of odd keys among them it may be asked by HEAD how they are written. */
function lists() {
  return server.requests.filter(({ operation }) => operation.startsWith('ListObjects'));
}

async function keysOf(bucket: Bucket, scope: { prefix?: string; startAfter?: string; maxKeys?: number } = {}) {
  const { prefix = '', maxKeys = 3, startAfter } = scope;
  const keys: string[] = [];
  let previous: ProvenStep | undefined;
  do {
    const page = await bucket.list({
      ...{ prefix, maxKeys },
      ...(startAfter === undefined ? {} : { startAfter }),
      ...(previous && { continuation: previous.continuation }),
    });
    const proven = provePage(page, {
      ...{ bucket: 'stock', prefix, maxKeys },
      ...(startAfter === undefined ? {} : { startAfter }),
      ...(previous && { previous }),
    });
    keys.push(...proven.objects.map(({ key }) => key));
    previous = proven.next;
  } while (previous !== undefined);
  return keys;
}

describe('listing', () => {
  it.each(['auto', 1, 2] as const)(
    'given list version %s, every odd key comes back, page by proven page',
    async (version) => {
      expect(await keysOf(open({ listVersion: version }))).toEqual(vectorKeys);
      const asked = version === 1 ? 'ListObjects' : 'ListObjectsV2';
      expect(new Set(lists().map(({ operation }) => operation))).toEqual(new Set([asked]));
    },
  );

  it.each([1, 2] as const)(
    'given version %i and a server that does not know encoding-type, keys are as they are',
    async (version) => {
      server.faults.add({ act: { kind: 'ignore-encoding' } });
      expect(await keysOf(open({ listVersion: version }))).toEqual(vectorKeys);
    },
  );

  it.each([1, 2] as const)(
    'given version %i and each key to start after, exactly the later ones are listed',
    async (version) => {
      const bucket = open({ listVersion: version });
      for (const [index, startAfter] of vectorKeys.entries()) {
        expect(await keysOf(bucket, { startAfter, maxKeys: 1000 })).toEqual(vectorKeys.slice(index + 1));
      }
    },
  );

  it('given each key as the prefix, the keys that begin with it are listed', async () => {
    const bucket = open();
    for (const prefix of vectorKeys) {
      const inside = vectorKeys.filter((key) => key.startsWith(prefix));
      expect(await keysOf(bucket, { prefix, maxKeys: 1000 })).toEqual(inside);
    }
  });

  it('given an object, its size, etag, time and storage class are what the server has', async () => {
    const [object] = (await open().list({ prefix: 'a b.txt', maxKeys: 1 })).objects;
    const stored = server.get('stock', 'a b.txt')!;
    expect(object).toEqual({
      key: 'a b.txt',
      size: stored.size,
      etag: stored.etag,
      lastModified: new Date(stored.lastModified).toISOString(),
      storageClass: 'STANDARD',
    });
  });

  it('given an answer, the server says what time it has', async () => {
    const page = await open().list({ prefix: '', maxKeys: 1 });
    expect(Math.abs(page.serverTime! - Date.now())).toBeLessThan(60_000);
  });

  it('given pages asked for at once, they do not disturb each other', async () => {
    const bucket = open();
    const pages = await Promise.all(
      vectorKeys.map((startAfter) => bucket.list({ prefix: '', maxKeys: 1, startAfter })),
    );
    expect(pages.flatMap(({ objects }) => objects.map(({ key }) => key))).toEqual(vectorKeys.slice(1));
  });

  it('given a fault that passes, the call is tried again', async () => {
    server.faults.add({ times: 1, act: { kind: 'status', status: 500, code: 'InternalError' } });
    server.faults.add({ times: 1, act: { kind: 'reset' } });
    expect((await open().list({ prefix: '', maxKeys: 3 })).objects).toHaveLength(3);
    expect(lists()).toHaveLength(3);
  });

  it('given an error with status 200 that passes, the call is tried again', async () => {
    server.faults.add({ times: 1, act: { kind: 'error-in-200', code: 'InternalError' } });
    expect((await open().list({ prefix: '', maxKeys: 3 })).objects).toHaveLength(3);
    expect(lists()).toHaveLength(2);
  });
});

describe('choosing the list version', () => {
  const operations = () => lists().map(({ operation, query }) => [operation, query.marker]);

  it('given auto and a server that passes over list-type, version 1 is asked anew and stays', async () => {
    const bucket = open();
    server.faults.add({ when: { operation: 'ListObjectsV2' }, act: { kind: 'version-1-document' } });
    expect(await keysOf(bucket, { startAfter: vectorKeys[20]!, maxKeys: 1000 })).toEqual(vectorKeys.slice(21));
    await bucket.list({ prefix: '', maxKeys: 1 });
    const [first, second, ...others] = operations();
    expect([first, second]).toEqual([
      ['ListObjectsV2', undefined],
      ['ListObjects', vectorKeys[20]],
    ]);
    expect(new Set(others.map(([operation]) => operation))).toEqual(new Set(['ListObjects']));
  });

  it.each([
    ['501 NotImplemented', { kind: 'status', status: 501, code: 'NotImplemented' }],
    ['501 of its own', { kind: 'status', status: 501, code: 'A' }],
    ['400 NotImplemented', { kind: 'status', status: 400, code: 'NotImplemented' }],
    ['400 InvalidRequest', { kind: 'status', status: 400, code: 'InvalidRequest' }],
    ['400 InvalidArgument', { kind: 'status', status: 400, code: 'InvalidArgument' }],
    ['400 BadRequest', { kind: 'status', status: 400, code: 'BadRequest' }],
    ['405 MethodNotAllowed', { kind: 'status', status: 405, code: 'MethodNotAllowed' }],
    ['405 with a code of its own', { kind: 'status', status: 405, code: 'Unsupported' }],
    [
      '400 that names list-type',
      { kind: 'status', status: 400, code: 'InvalidArgument', message: 'list-type: unknown' },
    ],
  ] as const)('given auto and %s, version 1 is asked and stays', async (_label, act) => {
    server.faults.add({ when: { operation: 'ListObjectsV2' }, act });
    const bucket = open();
    expect(await keysOf(bucket)).toEqual(vectorKeys);
    const versions = operations().map(([operation]) => operation);
    expect(versions.lastIndexOf('ListObjectsV2')).toBeLessThan(versions.indexOf('ListObjects'));
  });

  it('given auto and a refusal of whatever is asked, it is the failure of the first answer', async () => {
    server.faults.add({ times: 1, act: { kind: 'status', status: 400, code: 'InvalidArgument', message: 'max-keys' } });
    server.faults.add({ act: { kind: 'status', status: 400, code: 'InvalidRequest' } });
    await expect(open().list({ prefix: '', maxKeys: 1 })).rejects.toMatchObject({
      code: 'source_error',
      message: expect.stringContaining('InvalidArgument'),
    });
    expect(operations()).toHaveLength(6);
  });

  it.each([
    [403, 'AccessDenied', 'access_denied'],
    [400, 'ExpiredToken', 'credentials_invalid'],
    [404, 'NoSuchBucket', 'bucket_not_found'],
    [400, 'AuthorizationHeaderMalformed', 'wrong_region'],
  ])('given auto and %i %s, which no other way of asking would change, none is tried', async (status, answer, code) => {
    server.faults.add({ act: { kind: 'status', status, code: answer } });
    await expect(open().list({ prefix: '', maxKeys: 1 })).rejects.toMatchObject({ code });
    expect(operations()).toEqual([['ListObjectsV2', undefined]]);
  });

  it('given auto and a first answer in version 2, a later refusal does not change the version', async () => {
    const bucket = open();
    await bucket.list({ prefix: '', maxKeys: 1 });
    server.faults.add({ act: { kind: 'status', status: 501, code: 'NotImplemented' } });
    await expect(bucket.list({ prefix: '', maxKeys: 1 })).rejects.toMatchObject({ code: 'source_error' });
    expect(new Set(operations().map(([operation]) => operation))).toEqual(new Set(['ListObjectsV2']));
  });

  it('given version 2 by name and a server that answers in version 1, it is gone on with in version 1', async () => {
    server.faults.add({ act: { kind: 'version-1-document' } });
    expect(await keysOf(open({ listVersion: 2 }))).toEqual(vectorKeys);
  });

  it("given a listing on one of AWS's own hosts that is refused, it is asked no second time", async () => {
    let asked = 0;
    await withServer(
      (_request, response) => {
        asked += 1;
        response.writeHead(400).end('<Error><Code>InvalidRequest</Code></Error>');
      },
      async (endpoint) => {
        const lookup = async () => [{ address: '127.0.0.1', family: 4 }];
        const aws = `s3.eu-west-1.amazonaws.com:${endpoint.split(':')[1]}`;
        const bucket = open({ endpoint: aws, region: '' }, { lookup });
        await expect(bucket.list({ prefix: '', maxKeys: 1 })).rejects.toMatchObject({ code: 'source_error' });
      },
    );
    expect(asked).toBe(1);
  });
});

describe('the region', () => {
  it.each(['us-east-1', undefined, ''])(
    'given %j and a server that names another, it is learnt once',
    async (region) => {
      const { accessKeyId, secretAccessKey } = server.credentials;
      const target = { ...baseTarget(), credentials: { accessKeyId, secretAccessKey } };
      const bucket = createBuckets({ allowPrivateEndpoints: true }).open(
        region === undefined ? target : { ...target, region },
      );
      opened.push(bucket);
      expect(await keysOf(bucket, { maxKeys: 1000 })).toEqual(vectorKeys);
      expect((await bucket.head('a b.txt')).status).toBe('found');
      expect(server.requests.map(({ status }) => status)).toEqual([400, 200, 200]);
    },
  );

  it('given HEAD as the first call, the region is learnt from its header', async () => {
    expect((await open({ region: 'us-east-1' }).head('a b.txt')).status).toBe('found');
  });

  it('given a server that goes on refusing, the failure names the region to set', async () => {
    server.faults.add({
      act: { kind: 'status', status: 301, code: 'PermanentRedirect', headers: { 'x-amz-bucket-region': 'ap-else-2' } },
    });
    const bucket = open();
    await expect(bucket.list({ prefix: '', maxKeys: 1 })).rejects.toMatchObject({
      code: 'wrong_region',
      message: expect.stringContaining('ap-else-2'),
    });
    expect(server.requests).toHaveLength(2);
  });

  it('given a server that does not say where the bucket is, the failure says so', async () => {
    await withAnswer(301, '<Error><Code>PermanentRedirect</Code></Error>', async (endpoint) => {
      await expect(open({ endpoint }).list({ prefix: '', maxKeys: 1 })).rejects.toMatchObject({
        code: 'wrong_region',
        message: expect.stringContaining('does not say'),
      });
    });
  });
});

describe('the region of AWS hosts', () => {
  it.each([
    ['s3.amazonaws.com', 's3.eu-west-1.amazonaws.com'],
    ['s3.us-west-2.amazonaws.com', 's3.eu-west-1.amazonaws.com'],
    ['s3.dualstack.us-west-2.amazonaws.com', 's3.dualstack.eu-west-1.amazonaws.com'],
    ['s3-fips.dualstack.us-west-2.amazonaws.com', 's3-fips.dualstack.eu-west-1.amazonaws.com'],
    ['s3-us-west-2.amazonaws.com', 's3.eu-west-1.amazonaws.com'],
    ['s3.example.com', 's3.example.com'],
  ])('given %s and a bucket in eu-west-1, %s is asked next, signed for there', async (host, next) => {
    const asked: unknown[] = [];
    await withServer(
      (request, response) => {
        asked.push([
          request.headers.host?.split(':')[0],
          /\d{8}\/([^/]+)\//.exec(request.headers.authorization ?? '')?.[1],
        ]);
        if (asked.length === 1) response.writeHead(301, { 'x-amz-bucket-region': 'eu-west-1' }).end();
        else response.end('<ListBucketResult></ListBucketResult>');
      },
      async (endpoint) => {
        const lookup = async () => [{ address: '127.0.0.1', family: 4 }];
        const target = { endpoint: `${host}:${endpoint.split(':')[1]}`, region: '', listVersion: 2 } as const;
        const bucket = open(target, { lookup });
        await bucket.list({ prefix: '', maxKeys: 1 });
        await bucket.list({ prefix: '', maxKeys: 1 });
      },
    );
    expect(asked).toEqual([
      [host, regionOfHost(host) ?? 'us-east-1'],
      [next, 'eu-west-1'],
      [next, 'eu-west-1'],
    ]);
  });
});

describe('asking for one key', () => {
  it.each(vectorKeys)('given the key %j, it is found', async (key) => {
    const stored = server.get('stock', key)!;
    expect(await open().head(key)).toEqual({
      status: 'found',
      size: stored.size,
      etag: stored.etag,
      lastModified: Math.floor(stored.lastModified / 1000) * 1000,
    });
  });

  it('given a missing key, it is missing', async () => {
    expect(await open().head('no such key')).toEqual({ status: 'missing' });
  });

  it('given a refusal, it is forbidden', async () => {
    server.faults.add({ act: { kind: 'status', status: 403, code: 'AccessDenied' } });
    expect(await open().head('a b.txt')).toEqual({ status: 'forbidden' });
  });

  it('given a server in trouble, it is a failure and never "missing"', async () => {
    server.faults.add({ act: { kind: 'status', status: 500, code: 'InternalError' } });
    await expect(open().head('a b.txt')).rejects.toMatchObject({ code: 'source_error' });
  });

  it.each([
    [{ 'x-amz-storage-class': 'GLACIER' }, true],
    [{ 'x-amz-storage-class': 'DEEP_ARCHIVE' }, true],
    [{ 'x-amz-storage-class': 'INTELLIGENT_TIERING', 'x-amz-archive-status': 'ARCHIVE_ACCESS' }, true],
    [{ 'x-amz-storage-class': 'GLACIER', 'x-amz-restore': 'ongoing-request="true"' }, true],
    [{ 'x-amz-storage-class': 'GLACIER', 'x-amz-restore': 'ongoing-request="false", expiry-date="x"' }, undefined],
    [{ 'x-amz-storage-class': 'GLACIER_IR' }, undefined],
    [{ 'x-amz-storage-class': 'INTELLIGENT_TIERING' }, undefined],
    [{}, undefined],
  ])('given an answer with %j, that it is archived is %s', async (headers, archived) => {
    const usual = { 'content-length': '1', 'last-modified': 'Fri, 02 Jan 2026 03:04:05 GMT' };
    await withServer(
      (_request, response) => response.writeHead(200, { ...usual, ...headers }).end(),
      async (endpoint) => {
        expect(await open({ endpoint }).head('k')).toEqual({
          ...{ status: 'found', size: 1, etag: '', lastModified: Date.parse(usual['last-modified']) },
          archived,
        });
      },
    );
  });

  it('given an object that is stored compressed, its encoding is no reason to refuse it', async () => {
    const headers = {
      'content-length': '1',
      'last-modified': 'Fri, 02 Jan 2026 03:04:05 GMT',
      'content-encoding': 'gzip',
    };
    await withServer(
      (_request, response) => response.writeHead(200, headers).end(),
      async (endpoint) => {
        expect(await open({ endpoint }).head('k')).toMatchObject({ status: 'found', size: 1 });
      },
    );
  });

  it('given a size beyond the bound of a page, it is found: the answer has no body', async () => {
    const headers = { 'content-length': '5497558138880', 'last-modified': 'Fri, 02 Jan 2026 03:04:05 GMT' };
    await withServer(
      (_request, response) => response.writeHead(200, headers).end(),
      async (endpoint) => {
        expect(await open({ endpoint }).head('k')).toMatchObject({ status: 'found', size: 5497558138880 });
      },
    );
  });

  it.each([
    ['no Last-Modified', { 'content-length': '1' }],
    ['a Last-Modified in words', { 'content-length': '1', 'last-modified': 'yesterday' }],
    ['no Content-Length', { 'last-modified': 'Fri, 02 Jan 2026 03:04:05 GMT', 'transfer-encoding': 'chunked' }],
  ])('given 200 with %s, it is no S3 answer', async (_label, headers) => {
    await withServer(
      (_request, response) => response.writeHead(200, headers).end(),
      async (endpoint) => {
        await expect(open({ endpoint }).head('k')).rejects.toMatchObject({ code: 'not_an_s3_answer' });
      },
    );
  });
});

describe('a presigned URL', () => {
  it.each(vectorKeys.filter((key) => !/(^|\/)\.\.?(\/|$)/.test(key)))(
    'given the key %j, it reads the object',
    async (key) => {
      const url = await open().presign(key, 60);
      const response = await fetch(url);
      expect([response.status, await response.text()]).toEqual([200, `body of ${key}`]);
    },
  );

  it.each(['', undefined, 'eu-test-1', 'us-east-1', 'RegionOne'])(
    'given %j as the region, it is made sure of once, so that each URL works',
    async (region) => {
      const bucket = open({ region });
      await bucket.presign('a b.txt', 60);
      const asked = server.requests.length;
      const url = await bucket.presign('a b.txt', 60);
      expect(server.requests).toHaveLength(asked);
      expect(server.requests.map(({ method }) => method)).toEqual(region === 'eu-test-1' ? ['HEAD'] : ['HEAD', 'HEAD']);
      expect((await fetch(url)).status).toBe(200);
    },
  );

  it('given a region that an answer has confirmed, no request is made', async () => {
    const bucket = open();
    await bucket.list({ prefix: '', maxKeys: 1 });
    server.clearRequests();
    await bucket.presign('a b.txt', 60);
    expect(server.requests).toEqual([]);
  });

  it.each([0, 604_801, 1.5, Number.NaN])('given a validity of %d seconds, it is refused', async (seconds) => {
    await expect(open().presign('a b.txt', seconds)).rejects.toMatchObject({ code: 'invalid_request' });
  });

  it('given a URL, it has the parameters of a signature and no others', async () => {
    const parameters = async (bucket: Bucket) =>
      [...new URL(await bucket.presign('a b.txt', 60)).searchParams.keys()].sort();
    const signature = ['Algorithm', 'Credential', 'Date', 'Expires', 'Signature', 'SignedHeaders'].map(
      (name) => `X-Amz-${name}`,
    );
    expect(await parameters(open())).toEqual(signature);
    expect(
      await parameters(open({ pathStyle: false }, { lookup: async () => [{ address: '127.0.0.1', family: 4 }] })),
    ).toEqual(signature);
    const credentials = { ...server.credentials, sessionToken: 'token' };
    await withAnswer(200, '', async (endpoint) => {
      const url = new URL(await open({ endpoint, credentials }).presign('a b.txt', 60));
      expect([...url.searchParams.keys()].sort()).toEqual([...signature, 'X-Amz-Security-Token'].sort());
      expect(url.searchParams.get('X-Amz-SignedHeaders')).toBe('host');
    });
  });

  it('given a URL, the secret is not in it', async () => {
    expect(await open().presign('a b.txt', 604_800)).not.toContain(server.credentials.secretAccessKey);
  });
});

describe('opening a bucket', () => {
  it.each([
    ['an empty key id', { accessKeyId: '', secretAccessKey: 's' }],
    ['an empty secret', { accessKeyId: 'a', secretAccessKey: '' }],
    ['an empty session token', { accessKeyId: 'a', secretAccessKey: 's', sessionToken: '' }],
    ['a line end in the key id', { accessKeyId: 'a\r\nx: y', secretAccessKey: 's' }],
  ])('given %s, it is refused', (_label, credentials) => {
    expect(() => open({ credentials })).toThrow(expect.objectContaining({ code: 'credentials_invalid' }));
  });

  it('given a directory bucket, it is refused with the reason', () => {
    expect(() => open({ bucket: 'stock--use1-az5--x-s3' })).toThrow(
      expect.objectContaining({ code: 'directory_bucket' }),
    );
  });

  it.each(['', '.', '..', 'a', 'a/b', 'a?b', 'a..b', 'arn:aws:s3:::stock', '-stock', 'stock.', 'a'.repeat(256)])(
    'given the bucket name %j, it is refused',
    (bucket) => {
      expect(() => open({ bucket })).toThrow(expect.objectContaining({ code: 'invalid_request' }));
    },
  );

  it('given an odd region, it is refused', () => {
    expect(() => open({ region: 'x@evil.example' })).toThrow(expect.objectContaining({ code: 'invalid_request' }));
  });

  it('given credentials, endpoints and regions in the environment, none of them is used', async () => {
    vi.stubEnv('AWS_ACCESS_KEY_ID', 'AMBIENTKEY');
    vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'ambient');
    vi.stubEnv('AWS_SESSION_TOKEN', 'ambienttoken');
    vi.stubEnv('AWS_REGION', 'eu-west-9');
    vi.stubEnv('AWS_ENDPOINT_URL', 'http://127.0.0.1:1');
    vi.stubEnv('AWS_ENDPOINT_URL_S3', 'http://127.0.0.1:1');
    vi.stubEnv('AWS_USE_FIPS_ENDPOINT', 'true');
    vi.stubEnv('AWS_USE_DUALSTACK_ENDPOINT', 'true');
    const seen: IncomingMessage['headers'][] = [];
    await withServer(
      (request, response) => {
        seen.push(request.headers);
        response.end('<ListBucketResult></ListBucketResult>');
      },
      async (endpoint) => {
        const credentials = { accessKeyId: 'GIVENKEY', secretAccessKey: 'given' };
        await open({ endpoint, credentials, region: '', listVersion: 2 }).list({ prefix: '', maxKeys: 1 });
      },
    );
    expect(seen[0]?.authorization).toMatch(/Credential=GIVENKEY\/\d+\/us-east-1\/s3\//);
    expect(seen[0]).not.toHaveProperty('x-amz-security-token');
  });

  it("given an empty endpoint, AWS's own of the region is asked, whatever the environment says", async () => {
    vi.stubEnv('AWS_ENDPOINT_URL', `http://${server.endpoint}`);
    const names: string[] = [];
    const lookup = async (name: string) => {
      names.push(name);
      return [{ address: '127.0.0.1', family: 4 }];
    };
    for (const [region, pathStyle] of [
      ['eu-west-1', true],
      ['eu-west-1', false],
      ['cn-north-1', true],
      ['eusc-de-east-1', true],
      ['', true],
    ] as const) {
      const bucket = open({ endpoint: '', region, pathStyle, useSsl: true }, { lookup });
      await expect(bucket.list({ prefix: '', maxKeys: 1 })).rejects.toMatchObject({ code: 'endpoint_refused' });
    }
    expect(names).toEqual([
      's3.eu-west-1.amazonaws.com',
      'stock.s3.eu-west-1.amazonaws.com',
      's3.cn-north-1.amazonaws.com.cn',
      's3.eusc-de-east-1.amazonaws.eu',
      's3.us-east-1.amazonaws.com',
    ]);
    expect(server.requests).toEqual([]);
  });

  it('given a session token, it is sent', async () => {
    const seen: unknown[] = [];
    await withServer(
      (request, response) => {
        seen.push(request.headers['x-amz-security-token']);
        response.end('<ListBucketResult></ListBucketResult>');
      },
      async (endpoint) => {
        const credentials = { accessKeyId: 'a', secretAccessKey: 's', sessionToken: 'token' };
        await open({ endpoint, credentials, listVersion: 2 }).list({ prefix: '', maxKeys: 1 });
      },
    );
    expect(seen).toEqual(['token']);
  });
});

function baseTarget(): Omit<BucketTarget, 'credentials'> {
  return { bucket: 'stock', endpoint: server.endpoint, useSsl: false, pathStyle: true, listVersion: 2 };
}

/** A server for answers that no S3 server gives. */
async function withServer(
  answer: (request: IncomingMessage, response: ServerResponse) => void,
  run: (endpoint: string) => Promise<void>,
): Promise<void> {
  const http: Server = createServer(answer);
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  try {
    await run(`127.0.0.1:${(http.address() as AddressInfo).port}`);
  } finally {
    http.closeAllConnections();
    http.close();
  }
}

async function withAnswer(status: number, body: string, run: (endpoint: string) => Promise<void>): Promise<void> {
  await withServer((_request, response) => response.writeHead(status).end(body), run);
}
