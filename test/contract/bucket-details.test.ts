import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { createBuckets } from '#adapters/s3/s3-buckets.ts';
import type { Bucket } from '#core/model/ports/bucket.ts';
import { type S3Server, startS3Server } from '#local/demo/s3-server/server.ts';

let server: S3Server;
const opened: Bucket[] = [];

beforeAll(async () => {
  server = await startS3Server();
  server.createBucket('stock');
});
afterAll(() => server.close());
beforeEach(() => {
  server.faults.clear();
  server.clearRequests();
});
afterEach(() => {
  for (const bucket of opened.splice(0)) bucket.close();
});

function open(endpoint = server.endpoint): Bucket {
  const { accessKeyId, secretAccessKey } = server.credentials;
  const patience = { wait: async () => {} };
  const bucket = createBuckets({ allowPrivateEndpoints: true, patience }).open({
    ...{ bucket: 'stock', endpoint, region: 'us-east-1', useSsl: false, pathStyle: true, listVersion: 'auto' },
    credentials: { accessKeyId, secretAccessKey },
  });
  opened.push(bucket);
  return bucket;
}

/** What stands in place of an S3 server. */
async function withServer(answer: RequestListener, use: (endpoint: string) => Promise<void>): Promise<void> {
  const http = createServer(answer);
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  try {
    await use(`127.0.0.1:${(http.address() as AddressInfo).port}`);
  } finally {
    http.closeAllConnections();
    http.close();
  }
}

const found = { 'content-length': '1', 'last-modified': 'Fri, 02 Jan 2026 03:04:05 GMT' };

describe('describing one key', () => {
  test('given an object with all there is, its headers are told', async () => {
    const stored = server.put('stock', 'a/b c.pdf', {
      body: 'body',
      contentType: 'application/pdf',
      metadata: { owner: 'somebody', 'case-id': '42' },
      headers: {
        'x-amz-checksum-sha256': 'c3Vt',
        'x-amz-checksum-type': 'FULL_OBJECT',
        'x-amz-server-side-encryption': 'aws:kms',
        'x-amz-server-side-encryption-aws-kms-key-id': 'arn:aws:kms:eu-west-1:111122223333:key/k',
        'x-amz-version-id': 'v1',
        'cache-control': 'no-store',
      },
    });
    expect(await open().describe('a/b c.pdf')).toEqual({
      status: 'found',
      size: 4,
      etag: stored.etag,
      lastModified: Math.floor(stored.lastModified / 1000) * 1000,
      headers: {
        contentType: 'application/pdf',
        cacheControl: 'no-store',
        metadata: { 'case-id': '42', owner: 'somebody' },
        checksums: { sha256: 'c3Vt' },
        encryption: { algorithm: 'aws:kms', keyId: 'arn:aws:kms:eu-west-1:111122223333:key/k' },
        versionId: 'v1',
        storageClass: 'STANDARD',
      },
    });
  });

  test.each([
    ['STANDARD', {}, false],
    ['GLACIER_IR', {}, false],
    ['GLACIER', {}, true],
    ['DEEP_ARCHIVE', {}, true],
    ['GLACIER', { 'x-amz-restore': 'ongoing-request="true"' }, true],
    ['GLACIER', { 'x-amz-restore': 'ongoing-request="false", expiry-date="Fri, 21 Dec 2029 00:00:00 GMT"' }, false],
    ['INTELLIGENT_TIERING', {}, false],
    ['INTELLIGENT_TIERING', { 'x-amz-archive-status': 'DEEP_ARCHIVE_ACCESS' }, true],
  ])('given the class %s and %j, it is archived: %s', async (storageClass, headers, archived) => {
    server.put('stock', 'kept', { storageClass, headers });
    const described = await open().describe('kept');
    expect(described).toMatchObject({ headers: { storageClass } });
    expect(described.status === 'found' && described.archived === true).toBe(archived);
  });

  test('given that checksums may not be read, it is described without them', async () => {
    server.put('stock', 'sealed', { headers: { 'x-amz-checksum-crc32': 'AAAA' }, metadata: { a: 'b' } });
    server.faults.add({ times: 1, act: { kind: 'status', status: 403, code: 'AccessDenied' } });
    expect(await open().describe('sealed')).toMatchObject({
      status: 'found',
      headers: { checksums: {}, metadata: { a: 'b' } },
    });
    expect(server.requests.map(({ operation }) => operation)).toEqual(['HeadObject', 'HeadObject']);
  });

  test('given a missing key and one that is refused, they are told apart', async () => {
    expect(await open().describe('no such key')).toEqual({ status: 'missing' });
    server.faults.add({ act: { kind: 'status', status: 403, code: 'AccessDenied' } });
    expect(await open().describe('kept')).toEqual({ status: 'forbidden' });
  });

  test('given a server in trouble, it is a failure and never "missing"', async () => {
    server.faults.add({ act: { kind: 'status', status: 500, code: 'InternalError' } });
    await expect(open().describe('kept')).rejects.toMatchObject({ code: 'source_error' });
  });

  test('given names that no table could keep, they are left out', async () => {
    const headers = { ...found, etag: '"e"', 'x-amz-meta-__proto__': 'x', 'x-amz-meta-': 'y', 'x-amz-meta-good': 'z' };
    await withServer(
      (_request, response) => response.writeHead(200, headers).end(),
      async (endpoint) => {
        const answer = await open(endpoint).describe('k');
        expect(answer.status === 'found' && Object.entries(answer.headers.metadata)).toEqual([['good', 'z']]);
      },
    );
  });
});

describe('the tags of one key', () => {
  test('given tags with what XML escapes, they come back as they were put', async () => {
    const tags = [
      { key: 'team', value: 'a & b <c>' },
      { key: 'größe', value: '' },
    ];
    server.put('stock', 'tagged', { tags });
    expect(await open().tags('tagged')).toEqual({ status: 'found', tags: { team: 'a & b <c>', größe: '' } });
  });

  test('given none, they are found to be none', async () => {
    server.put('stock', 'untagged');
    expect(await open().tags('untagged')).toEqual({ status: 'found', tags: {} });
  });

  test.each([
    [403, 'AccessDenied', 'forbidden'],
    [404, 'NoSuchKey', 'missing'],
    [501, 'NotImplemented', 'unavailable'],
    [405, 'MethodNotAllowed', 'unavailable'],
  ])('given the refusal %i %s, it is %s', async (status, code, outcome) => {
    server.put('stock', 'tagged');
    server.faults.add({ act: { kind: 'status', status, code } });
    expect(await open().tags('tagged')).toEqual({ status: outcome });
  });

  test('given a server in trouble, it is a failure', async () => {
    server.faults.add({ act: { kind: 'status', status: 503, code: 'SlowDown' } });
    await expect(open().tags('tagged')).rejects.toMatchObject({ code: 'source_throttled' });
  });

  test.each([
    ['an empty body', ''],
    ['a web page', '<html><body>hello</body></html>'],
    ['a name that is a trap', '<Tagging><TagSet><Tag><Key>__proto__</Key><Value>x</Value></Tag></TagSet></Tagging>'],
    ['a tag without a value', '<Tagging><TagSet><Tag><Key>a</Key></Tag></TagSet></Tagging>'],
    [
      'more tags than any object has',
      `<Tagging><TagSet>${Array.from({ length: 65 }, (_, n) => `<Tag><Key>k${n}</Key><Value>v</Value></Tag>`).join('')}</TagSet></Tagging>`,
    ],
    ['a body that breaks off', '<Tagging><TagSet><Tag><Key>a</Key><Value>b</Value></Tag>'],
  ])('given 200 with %s, there is nothing to rely on', async (_label, body) => {
    await withServer(
      (_request, response) => response.writeHead(200, { 'content-type': 'application/xml' }).end(body),
      async (endpoint) => expect(await open(endpoint).tags('k')).toEqual({ status: 'unavailable' }),
    );
  });
});
