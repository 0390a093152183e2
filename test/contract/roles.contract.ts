import { inspect } from 'node:util';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Failure } from '#core/model/errors.ts';
import type { RoleCredentials } from '#core/model/ports/roles.ts';
import { type FakeSts, startFakeSts, stsMessage } from '#support/aws/fake-sts.ts';

export type RolesUnderTest = {
  /** Takes whatever role is asked for. */
  readonly roles: RoleCredentials;
  /** Takes none, for whoever hosts it does not let it. */
  readonly without: RoleCredentials;
  /** How a trust policy has to name who asks, and how the host is told to let roles be taken. */
  readonly principal: string;
  readonly setting: string;
  close(): Promise<void>;
};

const role = { roleArn: 'arn:aws:iam::111122223333:role/read-photos', externalId: 'external0id1', bucket: 'photos' };

/** What both hosts must do to take a role, in front of an STS on loopback. */
export function rolesContract(name: string, make: () => Promise<RolesUnderTest>): void {
  describe(`RoleCredentials: ${name}`, () => {
    let sts: FakeSts;
    let made: RolesUnderTest;
    beforeEach(async () => {
      sts = await startFakeSts();
      vi.stubEnv('AWS_ENDPOINT_URL_STS', sts.url);
      vi.stubEnv('AWS_REGION', 'eu-west-1');
      vi.stubEnv('AWS_ACCESS_KEY_ID', 'OURSELVES');
      vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'our-own-secret');
      made = await make();
    });
    afterEach(async () => {
      vi.unstubAllEnvs();
      await made.close();
      await sts.close();
    });

    const failureOf = (asking: Promise<unknown>): Promise<Failure> =>
      asking.then(
        () => expect.unreachable(),
        (error: Failure) => error,
      );

    test('given a role that trusts us, its keys are given until they end, and asked for once', async () => {
      const before = Date.now();
      const keys = await made.roles.take(role);
      expect(keys).toMatchObject({ accessKeyId: 'ASIA-one', secretAccessKey: 'secret-one', sessionToken: 'token-one' });
      expect(Math.abs(keys.expiresAt - before - 3_600_000)).toBeLessThan(60_000);
      expect(await made.roles.take(role)).toEqual(keys);
      expect(sts.asked).toEqual([
        expect.objectContaining({
          ...{ Action: 'AssumeRole', RoleArn: role.roleArn, ExternalId: role.externalId, DurationSeconds: '3600' },
          ...{ RoleSessionName: expect.stringMatching(/^stocktake-[0-9a-f]{16}$/), signer: 'OURSELVES' },
        }),
      ]);
    });

    test('given any role, the session of it may only read, and only its one bucket, whatever the role may do', async () => {
      await made.roles.take(role);
      const { Statement } = JSON.parse(sts.asked[0]?.Policy ?? '{}');
      expect(Statement).toEqual([
        {
          Effect: 'Allow',
          Action: ['s3:Get*', 's3:List*'],
          Resource: ['arn:aws:s3:::photos', 'arn:aws:s3:::photos/*'],
        },
        { Effect: 'Allow', Action: 's3:ListAllMyBuckets', Resource: '*' },
        {
          ...{ Effect: 'Allow', Action: 'kms:Decrypt', Resource: '*' },
          Condition: { StringLike: { 'kms:ViaService': 's3.*' } },
        },
      ]);
    });

    test('given many who ask at once, AWS is asked once, and anew after a failure', async () => {
      sts.answer = { status: 403, code: 'AccessDenied' };
      await Promise.allSettled(Array.from({ length: 5 }, () => made.roles.take(role)));
      expect(sts.asked).toHaveLength(1);
      sts.answer = { keys: { expiresInSeconds: 3600 } };
      await Promise.all(Array.from({ length: 5 }, () => made.roles.take(role)));
      expect(sts.asked).toHaveLength(2);
    });

    test('given another external id, role or bucket, nothing is shared', async () => {
      await made.roles.take(role);
      sts.answer = { status: 403, code: 'AccessDenied' };
      await expect(made.roles.take({ ...role, externalId: 'somebody-else' })).rejects.toThrow('somebody-else');
      await expect(made.roles.take({ ...role, roleArn: `${role.roleArn}2` })).rejects.toThrow('read-photos2');
      await expect(made.roles.take({ ...role, bucket: 'films' })).rejects.toThrow('read-photos');
      expect(sts.asked.map(({ Policy }) => /:::(\w+)"/.exec(Policy ?? '')?.[1])).toEqual([
        ...['photos', 'photos', 'photos'],
        'films',
      ]);
    });

    test('given keys with less than five minutes left, new ones are taken', async () => {
      sts.answer = { keys: { expiresInSeconds: 290, name: 'old' } };
      expect(await made.roles.take(role)).toMatchObject({ accessKeyId: 'ASIA-old' });
      sts.answer = { keys: { expiresInSeconds: 3600, name: 'new' } };
      expect(await made.roles.take(role)).toMatchObject({ accessKeyId: 'ASIA-new' });
    });

    test('given that AWS is away, older keys serve to their end; given that it refuses, they do not', async () => {
      sts.answer = { keys: { expiresInSeconds: 290, name: 'old' } };
      await made.roles.take(role);
      sts.answer = { status: 400, code: 'Throttling' };
      expect(await made.roles.take(role)).toMatchObject({ accessKeyId: 'ASIA-old' });
      sts.answer = { status: 403, code: 'AccessDenied' };
      await expect(made.roles.take(role)).rejects.toMatchObject({ code: 'role_refused' });
    });

    test('given keys that are about to end while AWS is away, it is said', async () => {
      sts.answer = { keys: { expiresInSeconds: 20 } };
      await made.roles.take(role);
      sts.answer = { status: 503, code: 'ServiceUnavailable' };
      await expect(made.roles.take(role)).rejects.toMatchObject({ code: 'source_error' });
    });

    test('given a role that does not trust us, it is said what its trust policy lacks', async () => {
      sts.answer = { status: 403, code: 'AccessDenied' };
      const failure = await failureOf(made.roles.take(role));
      expect(failure.code).toBe('role_refused');
      for (const part of [
        role.roleArn,
        made.principal,
        'sts:AssumeRole',
        `sts:ExternalId equals "${role.externalId}"`,
      ]) {
        expect(failure.message).toContain(part);
      }
    });

    test.each([
      [403, 'RegionDisabledException', 'role_refused', 'Activate that region'],
      [400, 'Throttling', 'source_throttled', 'fewer requests'],
      [500, 'InternalFailure', 'source_error', 'status 500'],
      [403, 'ExpiredToken', 'role_refused', 'no valid credentials at AWS (ExpiredToken)'],
      [403, 'InvalidClientTokenId', 'role_refused', 'no valid credentials at AWS'],
      [400, 'ValidationError', 'role_refused', '(ValidationError). Check role_arn'],
    ])('given %i %s, the failure is %s, says what to do and repeats nothing', async (status, code, expected, part) => {
      sts.answer = { status, code };
      const failure = await failureOf(made.roles.take(role));
      expect([failure.code, failure.message]).toEqual([expected, expect.stringContaining(part)]);
      expect(failure.cause).toBeUndefined();
      expect(inspect(failure, { depth: 9, showHidden: true })).not.toMatch(/IQoJ|our-own-secret|assumed-role/);
      expect(inspect(failure)).not.toContain(stsMessage);
    });

    test.each([
      [200, '<AssumeRoleResponse><AssumeRoleResult></AssumeRoleResult></AssumeRoleResponse>', 'source_error'],
      [502, '<html>Bad Gateway</html>', 'source_error'],
    ])('given %i with %s, it is no role', async (status, body, code) => {
      sts.answer = { status, body };
      await expect(made.roles.take(role)).rejects.toMatchObject({ code });
    });

    test('given nobody who answers, it is said', async () => {
      await sts.close();
      await expect(made.roles.take(role)).rejects.toMatchObject({ code: 'endpoint_unreachable' });
      sts = await startFakeSts();
    });

    test('given a host that takes no roles, none is asked for, and it is said where that is set', async () => {
      const failure = await failureOf(made.without.take(role));
      expect([failure.code, failure.message]).toEqual(['role_refused', expect.stringContaining(made.setting)]);
      expect(sts.asked).toEqual([]);
    });
  });
}
