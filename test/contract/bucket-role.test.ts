import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createBuckets } from '#adapters/s3/s3-buckets.ts';
import { Failure } from '#core/model/errors.ts';
import type { Bucket } from '#core/model/ports/bucket.ts';
import type { TemporaryKeys } from '#core/model/ports/roles.ts';
import { type S3Server, startS3Server } from '#local/demo/s3-server/server.ts';

const roleArn = 'arn:aws:iam::111122223333:role/read-photos';
const page = { prefix: '', maxKeys: 10 };

/** The keys of one taking of the role; `inSeconds` from now they end. */
function keysOf(name: string, inSeconds: number): TemporaryKeys {
  return {
    accessKeyId: `ASIA${name}`,
    secretAccessKey: `secret-${name}`,
    sessionToken: `token-${name}`,
    expiresAt: Date.now() + inSeconds * 1000,
  };
}

let server: S3Server;
let bucket: Bucket;
/** What the role gives, and how often it was asked. */
let given: TemporaryKeys | Failure;
let taken: number;

beforeEach(async () => {
  const credentials = ['first', 'second'].map((name) => {
    const { expiresAt: _end, ...user } = keysOf(name, 0);
    return user;
  });
  server = await startS3Server({ credentials });
  server.createBucket('stock');
  server.put('stock', 'key');
  given = keysOf('first', 3600);
  taken = 0;
  bucket = createBuckets({ allowPrivateEndpoints: true, patience: { wait: async () => undefined } }).open({
    ...{ bucket: 'stock', endpoint: server.endpoint, region: 'us-east-1', useSsl: false, pathStyle: true },
    listVersion: 2,
    credentials: {
      roleArn,
      async take() {
        taken += 1;
        if (given instanceof Failure) throw given;
        return given;
      },
    },
  });
});

afterEach(async () => {
  bucket.close();
  await server.close();
});

describe('a bucket that is opened as a role', () => {
  it('given keys that are good for long, they are taken once', async () => {
    for (let time = 0; time < 3; time += 1) await bucket.list(page);
    expect(await bucket.head('key')).toMatchObject({ status: 'found' });
    expect(taken).toBe(1);
  });

  it('given keys that come to their end during a run, the next requests are signed with new ones', async () => {
    given = keysOf('revoked', 240);
    await expect(bucket.list(page)).rejects.toMatchObject({ code: 'credentials_invalid' });
    given = keysOf('first', 240);
    expect((await bucket.list(page)).objects).toHaveLength(1);
    given = keysOf('second', 3600);
    expect((await bucket.list(page)).objects).toHaveLength(1);
    expect(await bucket.presign('key', 60)).toContain('Credential=ASIAsecond');
  });

  it('given that the role cannot be taken any more, the call fails with that very reason, and asks nothing', async () => {
    given = new Failure('role_refused', 'the trust policy lacks us', { cause: new Error('secret') });
    const failure = await bucket.list(page).then(
      () => expect.unreachable(),
      (error: Failure) => error,
    );
    expect([failure.code, failure.message, failure.cause]).toEqual([
      'role_refused',
      'the trust policy lacks us',
      undefined,
    ]);
    expect(server.requests).toEqual([]);
  });

  it.each([
    ['AccessDenied', 'access_denied', `Give the role ${roleArn} the permission s3:ListBucket`],
    ['ExpiredToken', 'credentials_invalid', `temporary credentials of the role ${roleArn}`],
  ])('given that S3 answers %s, the role is named instead of a key', async (code, expected, part) => {
    server.faults.add({ act: { kind: 'status', status: 403, code } });
    await expect(bucket.list(page)).rejects.toMatchObject({ code: expected, message: expect.stringContaining(part) });
  });

  it('given a link to an object, it is signed with the keys of the role', async () => {
    expect(await bucket.presign('key', 300)).toMatch(/X-Amz-Credential=ASIAfirst.*X-Amz-Security-Token=token-first/);
  });
});
