import { AssumeRoleCommand, type AssumeRoleCommandOutput, STSClient, type STSClientConfig } from '@aws-sdk/client-sts';
import { Failure } from '#core/model/errors.ts';
import type { Clock } from '#core/model/ports/host.ts';
import type { RoleCredentials, RoleToTake, TemporaryKeys } from '#core/model/ports/roles.ts';
import { shortHash } from '#core/model/short-hash.ts';
import type { AssumableRoles } from '#core/source/assumable-roles.ts';
import { bounded } from './bounded.ts';
import { clientSettings } from './client-settings.ts';
import { sessionPolicy } from './session-policy.ts';
import { stsFailure } from './sts-failures.ts';

export type StsRolesOptions = {
  readonly clock: Clock;
  /** What whoever hosts us allows; asked each time, for it may have changed since the role was saved. */
  readonly assumable: AssumableRoles;
  /** Who asks, in words, as the trust policy of a role has to name it: "the principal arn:…". */
  readonly principals: string;
};

/** The SDK asks for new keys at the same mark. */
const FRESH_MS = 300_000;

/** Older keys are given while AWS does not answer, but not to a request that they would not live to see answered. */
const USABLE_MS = 30_000;

/** One role taken by another, as ours is, holds for an hour at most:
 *  https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_terms-and-concepts.html (role chaining) */
const SESSION_SECONDS = 3600;

/** A client of STS that gives up within 18 s, so that a request through API Gateway is answered. In the host's own region
 *  unless told otherwise: keys of a regional STS hold in every region. */
export function createStsClient(config: STSClientConfig = {}): STSClient {
  return new STSClient({ ...clientSettings(), ...config });
}

/**
 * Takes roles with STS. Keys are remembered for as long as they are good, in memory alone, by role, external id and
 * bucket, for a session reads no other; who asks while they are on their way waits for the same. Failures are those of
 * sts-failures.ts.
 */
export function createStsRoles(client: Pick<STSClient, 'send'>, options: StsRolesOptions): RoleCredentials {
  const { clock, assumable } = options;
  const known = new Map<string, TemporaryKeys>();
  const underWay = new Map<string, Promise<TemporaryKeys>>();
  const renew = async (name: string, role: RoleToTake): Promise<TemporaryKeys> => {
    try {
      const keys = await assume(client, role, options.principals);
      for (const [other, { expiresAt }] of known) if (expiresAt <= clock.now()) known.delete(other);
      known.set(name, keys);
      return keys;
    } finally {
      underWay.delete(name);
    }
  };
  return {
    async take(role) {
      const refusal = assumable.refusal(role.roleArn);
      if (refusal !== undefined) throw new Failure('role_refused', `role_arn ${refusal}`);
      const name = `${role.roleArn} ${role.externalId} ${role.bucket}`;
      const left = (known.get(name)?.expiresAt ?? 0) - clock.now();
      const older = known.get(name);
      if (older !== undefined && left > FRESH_MS) return older;
      const renewed = underWay.get(name) ?? renew(name, role);
      underWay.set(name, renewed);
      return renewed.catch((error: unknown) => {
        if (older !== undefined && left > USABLE_MS && mayPass(error)) return older;
        throw error;
      });
    },
  };
}

function mayPass(error: unknown): boolean {
  return error instanceof Failure && error.code !== 'role_refused';
}

async function assume(client: Pick<STSClient, 'send'>, role: RoleToTake, principals: string): Promise<TemporaryKeys> {
  const command = new AssumeRoleCommand({
    RoleArn: role.roleArn,
    ExternalId: role.externalId,
    // What CloudTrail shows to whoever owns the role: the same for the same external id, without telling it.
    RoleSessionName: `stocktake-${shortHash([role.externalId]).slice(0, 16)}`,
    DurationSeconds: SESSION_SECONDS,
    Policy: sessionPolicy(role),
  });
  const answer = await bounded((options) => client.send(command, options)).catch((error: unknown) => {
    throw stsFailure(error, role, principals);
  });
  return keysOf(answer);
}

function keysOf({ Credentials: given }: AssumeRoleCommandOutput): TemporaryKeys {
  const { AccessKeyId: accessKeyId, SecretAccessKey: secretAccessKey, SessionToken: sessionToken } = given ?? {};
  const expiresAt = given?.Expiration?.getTime() ?? Number.NaN;
  if (!accessKeyId || !secretAccessKey || !sessionToken || Number.isNaN(expiresAt)) {
    throw new Failure('source_error', 'AWS STS answered without credentials. Try again.');
  }
  return { accessKeyId, secretAccessKey, sessionToken, expiresAt };
}
