import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import {
  CopyObjectCommand,
  CreateBucketCommand,
  DeleteBucketCommand,
  DeleteObjectCommand,
  DeleteObjectsCommand,
  GetBucketLocationCommand,
  GetObjectCommand,
  GetObjectTaggingCommand,
  HeadBucketCommand,
  HeadObjectCommand,
  ListBucketsCommand,
  PutObjectCommand,
  PutObjectTaggingCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type S3Server, startS3Server } from '#local/demo/s3-server/server.ts';
import { send, sendSigned } from '#support/raw-client.ts';

const now = Date.parse('2026-01-02T03:04:05.678Z');
const md5 = (text: string) => createHash('md5').update(text).digest('hex');
const Bucket = 'bucket';

let server: S3Server;
let client: S3Client;
beforeEach(async () => {
  const shared = Date.now() - now;
  server = await startS3Server({ now: () => Date.now() - shared });
  server.createBucket(Bucket);
  client = new S3Client({
    ...{ endpoint: server.url, region: 'us-east-1', forcePathStyle: true, maxAttempts: 1 },
    ...{ credentials: server.credentials, systemClockOffset: -shared },
  });
});
afterEach(async () => {
  client.destroy();
  await server.close();
});

describe('putting', () => {
  test('given the SDK and its default checksums, then body, etag, type and metadata are kept', async () => {
    const Metadata = { owner: 'me' };
    const put = await client.send(
      new PutObjectCommand({ Bucket, Key: 'k', Body: 'hello', ContentType: 'text/plain', Metadata }),
    );
    expect(put.ETag).toBe(`"${md5('hello')}"`);
    const got = await client.send(new GetObjectCommand({ Bucket, Key: 'k' }));
    expect(await got.Body?.transformToString()).toBe('hello');
    expect(got).toMatchObject({ ContentType: 'text/plain', Metadata, ContentLength: 5, ETag: put.ETag });
    expect(server.objects(Bucket)).toMatchObject([{ key: 'k', size: 5, etag: md5('hello') }]);
  });

  test('given a stream, which the SDK sends in chunks with a trailer, then the framing is taken off', async () => {
    const Body = Readable.from([Buffer.alloc(70_000, 'a'), Buffer.from('end')]);
    await client.send(new PutObjectCommand({ Bucket, Key: 'k', Body, ContentLength: 70_003 }));
    const { body } = server.get(Bucket, 'k') ?? {};
    expect([body?.length, body?.subarray(-4).toString()]).toEqual([70_003, 'aend']);
  });

  test('given a trailer whose checksum is not that of the body, then BadDigest', async () => {
    const body = '5\r\nhello\r\n0\r\nx-amz-checksum-crc32:AAAAAA==\r\n\r\n';
    const headers = { 'X-Amz-Content-Sha256': 'STREAMING-UNSIGNED-PAYLOAD-TRAILER' };
    const answer = await sendSigned(server, { method: 'PUT', path: '/bucket/k', headers, body }, { at: now });
    expect([answer.status, answer.body.toString()]).toEqual([400, expect.stringContaining('<Code>BadDigest</Code>')]);
    expect(server.objects(Bucket)).toEqual([]);
  });

  test('given chunks that end early, then IncompleteBody', async () => {
    const headers = { 'X-Amz-Content-Sha256': 'STREAMING-UNSIGNED-PAYLOAD-TRAILER' };
    const request = { method: 'PUT', path: '/bucket/k', headers, body: 'ff\r\nhello' };
    expect((await sendSigned(server, request, { at: now })).body.toString()).toContain('<Code>IncompleteBody</Code>');
  });

  test('given a copy with another class, then the body is the same and the time is new', async () => {
    server.put(Bucket, 'a b', { body: 'hello', lastModified: 0 });
    const copy = { Bucket, Key: 'c', CopySource: 'bucket/a%20b', StorageClass: 'GLACIER' } as const;
    await client.send(new CopyObjectCommand(copy));
    expect(server.get(Bucket, 'c')).toMatchObject({ etag: md5('hello'), storageClass: 'GLACIER' });
    expect(server.get(Bucket, 'c')?.lastModified).toBeGreaterThan(0);
    const onItself = client.send(new CopyObjectCommand({ Bucket, Key: 'a b', CopySource: 'bucket/a%20b' }));
    await expect(onItself).rejects.toMatchObject({ name: 'InvalidRequest' });
  });

  test('given tags, then body, etag and time stay as they are', async () => {
    const before = server.put(Bucket, 'k', { body: 'hello', lastModified: 5 });
    const TagSet = [{ Key: 'a&b', Value: '<1>' }];
    await client.send(new PutObjectTaggingCommand({ Bucket, Key: 'k', Tagging: { TagSet } }));
    expect((await client.send(new GetObjectTaggingCommand({ Bucket, Key: 'k' }))).TagSet).toEqual(TagSet);
    expect(server.get(Bucket, 'k')).toEqual({ ...before, tags: [{ key: 'a&b', value: '<1>' }] });
  });
});

describe('reading', () => {
  test.each([
    ['bytes=0-1', 206, 'he', 'bytes 0-1/5'],
    ['bytes=3-', 206, 'lo', 'bytes 3-4/5'],
    ['bytes=-2', 206, 'lo', 'bytes 3-4/5'],
    ['bytes=2-99', 206, 'llo', 'bytes 2-4/5'],
    ['bytes=2-1', 200, 'hello', undefined],
    ['lines=1', 200, 'hello', undefined],
  ])('given the range %s, then %i with %s', async (range, status, body, contentRange) => {
    server.put(Bucket, 'k', { body: 'hello' });
    const answer = await sendSigned(server, { path: '/bucket/k', headers: { range } }, { at: now });
    expect([answer.status, answer.body.toString(), answer.headers['content-range']]).toEqual([
      status,
      body,
      contentRange,
    ]);
  });

  test('given a range outside, then 416', async () => {
    server.put(Bucket, 'k', { body: 'hello' });
    const answer = await sendSigned(server, { path: '/bucket/k', headers: { range: 'bytes=5-' } }, { at: now });
    expect([answer.status, answer.body.toString()]).toEqual([416, expect.stringContaining('InvalidRange')]);
  });

  test('given a declared size, then so many bytes come and were never stored', async () => {
    server.put(Bucket, 'k', { size: 200_000 });
    const got = await client.send(new GetObjectCommand({ Bucket, Key: 'k' }));
    expect((await got.Body?.transformToByteArray())?.length).toBe(200_000);
    const head = await client.send(new HeadObjectCommand({ Bucket, Key: 'k' }));
    expect([head.ContentLength, server.get(Bucket, 'k')?.body]).toEqual([200_000, undefined]);
  });

  test('given an object, then headers carry times without milliseconds, request id and region', async () => {
    server.put(Bucket, 'k', { body: 'x', lastModified: now });
    const { headers } = await sendSigned(server, { method: 'HEAD', path: '/bucket/k' }, { at: now });
    expect(headers).toMatchObject({
      'last-modified': 'Fri, 02 Jan 2026 03:04:05 GMT',
      'x-amz-bucket-region': 'us-east-1',
    });
    expect(headers.date).toMatch(/^Fri, 02 Jan 2026 03:04:/);
    expect(headers['x-amz-request-id']).toMatch(/^[0-9A-F]{16}$/);
  });

  test.each(['.', '..', 'a/../b', '//x', 'a?b#c', '__proto__', 'tab\tx'])(
    'given the key %j, then the SDK reads it',
    async (Key) => {
      server.put(Bucket, Key, { body: Key });
      const got = await client.send(new GetObjectCommand({ Bucket, Key }));
      expect(await got.Body?.transformToString()).toBe(Key);
    },
  );

  test('given a bucket in the host name, then it is found', async () => {
    server.put(Bucket, 'a/k', { body: 'x' });
    const host = `bucket.localhost:${server.port}`;
    const signed = await sendSigned(server, { path: '/a/k', headers: { host } }, { at: now });
    expect([signed.status, signed.body.toString()]).toEqual([200, 'x']);
  });
});

describe('deleting', () => {
  test('given a key, there or not, then 204 and it is gone', async () => {
    server.put(Bucket, 'k');
    for (const Key of ['k', 'k']) await client.send(new DeleteObjectCommand({ Bucket, Key }));
    expect(server.objects(Bucket)).toEqual([]);
  });

  test('given many keys, then each is answered for', async () => {
    const odd = ['a&b', 'cr\rx', '😀', 'missing'];
    for (const key of odd.slice(0, 3)) server.put(Bucket, key);
    const Delete = { Objects: odd.map((Key) => ({ Key })) };
    const answer = await client.send(new DeleteObjectsCommand({ Bucket, Delete }));
    expect(answer.Deleted).toHaveLength(4);
    expect(server.objects(Bucket)).toEqual([]);
  });
});

describe('buckets', () => {
  test('given a new bucket, then it is created, headed, listed, located and deleted', async () => {
    await client.send(new CreateBucketCommand({ Bucket: 'second' }));
    await client.send(new HeadBucketCommand({ Bucket: 'second' }));
    const { Buckets } = await client.send(new ListBucketsCommand({}));
    expect(Buckets?.map((bucket) => bucket.Name)).toEqual(['bucket', 'second']);
    expect((await client.send(new GetBucketLocationCommand({ Bucket: 'second' }))).LocationConstraint).toBeFalsy();
    await client.send(new DeleteBucketCommand({ Bucket: 'second' }));
    await expect(client.send(new HeadBucketCommand({ Bucket: 'second' }))).rejects.toMatchObject({ name: 'NotFound' });
  });

  test('given a bucket with something in it, then it is not deleted', async () => {
    server.put(Bucket, 'k');
    await expect(client.send(new DeleteBucketCommand({ Bucket }))).rejects.toMatchObject({ name: 'BucketNotEmpty' });
  });
});

describe('errors', () => {
  test.each([
    ['GET', '/missing', { 'list-type': '2' }, 404, 'NoSuchBucket'],
    ['GET', '/bucket/missing', {}, 404, 'NoSuchKey'],
    ['PUT', '/Bad_Name', {}, 400, 'InvalidBucketName'],
    ['PUT', `/bucket/${'a'.repeat(1025)}`, {}, 400, 'KeyTooLongError'],
    ['PATCH', '/bucket', {}, 405, 'MethodNotAllowed'],
    ['GET', '/bucket', { versions: '' }, 501, 'NotImplemented'],
    ['GET', '/bucket/k', { versionId: '1' }, 501, 'NotImplemented'],
  ] as const)('given %s %s %j, then %i %s', async (method, path, query, status, code) => {
    const answer = await sendSigned(server, { method, path, query }, { at: now });
    expect([answer.status, answer.body.toString()]).toEqual([status, expect.stringContaining(`<Code>${code}</Code>`)]);
    expect(server.requests.at(-1)).toMatchObject({ method, status });
  });

  test.each(['/bucket/%ff', '/bucket/%zz'])('given the path %s, then InvalidURI', async (target) => {
    expect((await send(server, target)).body.toString()).toContain('<Code>InvalidURI</Code>');
  });
});

describe('the log', () => {
  test('given requests, then what was asked is kept until it is cleared', async () => {
    const query = { 'list-type': '2', prefix: 'a b' };
    await sendSigned(server, { path: '/bucket', query }, { at: now });
    expect(server.requests).toMatchObject([
      { method: 'GET', operation: 'ListObjectsV2', bucket: 'bucket', key: '', query, page: 1, status: 200 },
    ]);
    server.clearRequests();
    expect(server.requests).toEqual([]);
  });
});
