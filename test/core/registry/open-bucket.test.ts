import { describe, expect, it } from 'vitest';
import { Failure } from '#core/model/errors.ts';
import type { Bucket, BucketTarget } from '#core/model/ports/bucket.ts';
import type { EffectiveConfig } from '#core/registry/effective-config.ts';
import { openBucket } from '#core/registry/open-bucket.ts';
import { createFakeRoles } from '#support/fake-roles.ts';

const role = { roleArn: 'arn:aws:iam::111122223333:role/read-photos', externalId: 'external-1' };
const temporary = { accessKeyId: 'ASIA', secretAccessKey: 's', sessionToken: 't' };

const config = (credentials: EffectiveConfig['credentials']): EffectiveConfig => ({
  ...{ bucket: 'photos', endpoint: '', region: 'eu-west-1', useSsl: true, pathStyle: false, listVersion: 'auto' },
  ...{ prefix: '', extensions: [], include: [], exclude: [], credentials },
});

function setUp() {
  const opened: BucketTarget[] = [];
  const sealed: string[] = [];
  const deps = {
    buckets: {
      open(target: BucketTarget) {
        opened.push(target);
        return {} as Bucket;
      },
    },
    opener: {
      async open(ciphertext: string) {
        sealed.push(ciphertext);
        return `opened ${ciphertext}`;
      },
    },
    roles: createFakeRoles(temporary),
  };
  return { deps, opened, sealed };
}

describe('opening a bucket', () => {
  it('given a role, then it is taken under its external id for that bucket, no secret is opened, and the bucket can take it anew', async () => {
    const { deps, opened, sealed } = setUp();
    await openBucket(deps, config({ kind: 'role', ...role }));
    const taken = { ...role, bucket: 'photos' };
    expect([deps.roles.taken, sealed]).toEqual([[taken], []]);
    const [{ credentials } = { credentials: undefined }] = opened;
    if (credentials === undefined || !('take' in credentials)) throw new Error('it was opened with keys');
    expect([credentials.roleArn, await credentials.take()]).toEqual([role.roleArn, expect.objectContaining(temporary)]);
    expect(deps.roles.taken).toEqual([taken, taken]);
  });

  it('given a role that AWS refuses, then that is the failure and no bucket is opened', async () => {
    const { deps, opened } = setUp();
    deps.roles.failure = new Failure('role_refused', 'the trust policy lacks us');
    await expect(openBucket(deps, config({ kind: 'role', ...role }))).rejects.toBe(deps.roles.failure);
    expect(opened).toEqual([]);
  });

  it('given keys, then they are opened and no role is taken', async () => {
    const { deps, opened } = setUp();
    const secretOwner = { kind: 'datasource', uid: 'u' };
    const secrets = { secret_access_key: 'a', session_token: 'b' };
    await openBucket(deps, config({ kind: 'keys', accessKeyId: 'KEY', secrets, secretOwner }));
    const credentials = { accessKeyId: 'KEY', secretAccessKey: 'opened a', sessionToken: 'opened b' };
    expect([deps.roles.taken, opened]).toEqual([[], [expect.objectContaining({ credentials })]]);
  });
});
