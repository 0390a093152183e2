import { HeadBucketCommand, ListObjectsV2Command, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type S3Server, startS3Server } from '#local/demo/s3-server/server.ts';
import type { S3User } from '#local/demo/s3-server/signature.ts';
import { innerTexts } from '#local/demo/s3-server/xml.ts';
import { presign, send, sendSigned } from '#support/raw-client.ts';

const alice: S3User = { accessKeyId: 'ALICE', secretAccessKey: 'secret/with+signs' };
const guest: S3User = {
  ...{ accessKeyId: 'GUEST', secretAccessKey: 'guest-secret', sessionToken: 'session' },
  deny: (operation, _bucket, key) => operation === 'ListObjectsV2' || key.startsWith('private/'),
};
const start = Date.parse('2026-01-02T03:04:05Z');
const minute = 60_000;

let now = start;
let server: S3Server;
beforeEach(async () => {
  now = start;
  server = await startS3Server({ region: 'eu-west-1', credentials: [alice, guest], now: () => now });
  server.createBucket('bucket');
  server.put('bucket', "a b/~*'()!+&=한.txt", { body: 'hello' });
});
afterEach(() => server.close());

const client = (
  { accessKeyId, secretAccessKey, sessionToken }: S3User,
  options: { region?: string; skew?: number } = {},
) =>
  new S3Client({
    ...{ endpoint: server.url, region: options.region ?? 'eu-west-1', forcePathStyle: true, maxAttempts: 1 },
    systemClockOffset: now - Date.now() + (options.skew ?? 0),
    credentials: { accessKeyId, secretAccessKey, ...(sessionToken ? { sessionToken } : {}) },
  });
const list = (from: S3Client) => from.send(new ListObjectsV2Command({ Bucket: 'bucket' }));
const path = "/bucket/a b/~*'()!+&=한.txt";
const codeOf = (body: Buffer) => innerTexts(body.toString(), 'Code')[0];

describe('a signature in the header', () => {
  test('given the right secret, then the SDK lists', async () => {
    expect((await list(client(alice))).KeyCount).toBe(1);
  });

  test('given the wrong secret, then SignatureDoesNotMatch', async () => {
    await expect(list(client({ ...alice, secretAccessKey: 'wrong' }))).rejects.toMatchObject({
      ...{ name: 'SignatureDoesNotMatch', $metadata: { httpStatusCode: 403 } },
    });
  });

  test('given an unknown key id, then InvalidAccessKeyId', async () => {
    await expect(list(client({ ...alice, accessKeyId: 'BOB' }))).rejects.toMatchObject({ name: 'InvalidAccessKeyId' });
  });

  test('given another region, then AuthorizationHeaderMalformed names the right one', async () => {
    const wrong = client(alice, { region: 'us-east-1' });
    await expect(list(wrong)).rejects.toMatchObject({
      ...{ name: 'AuthorizationHeaderMalformed', Region: 'eu-west-1', $metadata: { httpStatusCode: 400 } },
    });
    await expect(wrong.send(new HeadBucketCommand({ Bucket: 'bucket' }))).rejects.toMatchObject({
      $response: { headers: { 'x-amz-bucket-region': 'eu-west-1' } },
    });
  });

  test.each([-16 * minute, 16 * minute])('given a clock %i ms off, then RequestTimeTooSkewed', async (skew) => {
    // The SDK corrects its clock from the Date header and would succeed on a second attempt.
    await expect(list(client(alice, { skew }))).rejects.toMatchObject({ name: 'RequestTimeTooSkewed' });
    await expect(list(client(alice, { skew: Math.sign(skew) * 14 * minute }))).resolves.toBeDefined();
  });

  test('given no signature, then AccessDenied', async () => {
    const answer = await send(server, '/bucket?list-type=2');
    expect([answer.status, codeOf(answer.body)]).toEqual([403, 'AccessDenied']);
  });

  test('given a header that is no signature, then AuthorizationHeaderMalformed', async () => {
    const answer = await send(server, '/bucket?list-type=2', { headers: { authorization: 'Bearer x' } });
    expect([answer.status, codeOf(answer.body)]).toEqual([400, 'AuthorizationHeaderMalformed']);
  });

  test('given a body that is not the one signed, then XAmzContentSHA256Mismatch', async () => {
    const tampering = client(alice);
    tampering.middlewareStack.add(
      (next) => (args) => {
        Object.assign(args.request as object, { body: 'other' });
        return next(args);
      },
      { step: 'finalizeRequest', priority: 'low', name: 'tamper' },
    );
    tampering.config.requestChecksumCalculation = async () => 'WHEN_REQUIRED';
    const put = tampering.send(new PutObjectCommand({ Bucket: 'bucket', Key: 'k', Body: 'right' }));
    await expect(put).rejects.toMatchObject({ name: 'XAmzContentSHA256Mismatch' });
  });
});

describe('a presigned URL', () => {
  test('given every character that needs care in a path, then it reads the object', async () => {
    const answer = await sendSigned(server, { path }, { user: alice, at: now });
    expect([answer.status, answer.body.toString()]).toEqual([200, 'hello']);
  });

  test('given a changed query, path or method, then SignatureDoesNotMatch', async () => {
    const target = await presign(
      server,
      { path: '/bucket', query: { 'list-type': '2', prefix: 'a' } },
      { user: alice, at: now },
    );
    expect((await send(server, target)).status).toBe(200);
    for (const tampered of [
      target.replace('prefix=a', 'prefix=b'),
      `${target}&x=1`,
      target.replace('/bucket', '/bucket/'),
    ]) {
      const answer = await send(server, tampered);
      expect([answer.status, codeOf(answer.body)]).toEqual([403, 'SignatureDoesNotMatch']);
    }
    expect((await send(server, target, { method: 'DELETE' })).status).toBe(403);
  });

  test('given a time past its expiry, then it has expired', async () => {
    const target = await presign(server, { path }, { user: alice, at: now, expiresIn: 60 });
    now = start + 60_000;
    expect((await send(server, target)).status).toBe(200);
    now = start + 61_000;
    const answer = await send(server, target);
    expect([answer.status, codeOf(answer.body)]).toEqual([403, 'AccessDenied']);
    expect(answer.body.toString()).toContain('Request has expired');
  });

  test('given a prolonged expiry, then SignatureDoesNotMatch', async () => {
    const target = await presign(server, { path }, { user: alice, at: now, expiresIn: 60 });
    const answer = await send(server, target.replace('X-Amz-Expires=60', 'X-Amz-Expires=600'));
    expect(codeOf(answer.body)).toBe('SignatureDoesNotMatch');
  });

  test('given another region, then AuthorizationQueryParametersError names the right one', async () => {
    const answer = await sendSigned(server, { path }, { user: alice, at: now, region: 'us-east-1' });
    expect([answer.status, codeOf(answer.body)]).toEqual([400, 'AuthorizationQueryParametersError']);
    expect(innerTexts(answer.body.toString(), 'Region')).toEqual(['eu-west-1']);
  });

  test('given an x-amz header that was not signed, then AccessDenied', async () => {
    const target = await presign(server, { path }, { user: alice, at: now });
    const answer = await send(server, target, { headers: { 'x-amz-meta-a': '1' } });
    expect([answer.status, codeOf(answer.body)]).toEqual([403, 'AccessDenied']);
  });
});

describe('a user with limits', () => {
  test('given a denied operation, then AccessDenied, and others are answered', async () => {
    await expect(list(client(guest))).rejects.toMatchObject({ name: 'AccessDenied' });
    expect((await sendSigned(server, { path }, { user: guest, at: now })).status).toBe(200);
  });

  test('given a missing session token, then InvalidToken', async () => {
    const answer = await sendSigned(server, { path }, { user: { ...guest, sessionToken: undefined }, at: now });
    expect(codeOf(answer.body)).toBe('InvalidToken');
  });

  test('given that listing is denied, then a missing key is 403 to this user and 404 to others', async () => {
    const missing = { method: 'HEAD', path: '/bucket/missing' };
    expect((await sendSigned(server, missing, { user: guest, at: now })).status).toBe(403);
    expect((await sendSigned(server, missing, { user: alice, at: now })).status).toBe(404);
  });
});
