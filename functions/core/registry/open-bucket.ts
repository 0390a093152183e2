import { Failure } from '../model/errors.ts';
import type { Bucket, BucketCredentials, Buckets } from '../model/ports/bucket.ts';
import type { AccessKeys, RoleCredentials } from '../model/ports/roles.ts';
import type { Opener } from '../model/ports/vault.ts';
import type { CredentialsAtRest, EffectiveConfig } from './effective-config.ts';

export type OpenDeps = { readonly buckets: Buckets; readonly opener: Opener; readonly roles: RoleCredentials };

/**
 * Opens the bucket of a datasource with the keys kept in the vault, or as the role that it names. Throws Failure, also
 * when the vault cannot open the keys (the cause is not told, for it could carry what was sealed) and when AWS does not
 * let the role be taken.
 */
export async function openBucket(deps: OpenDeps, config: EffectiveConfig): Promise<Bucket> {
  const { credentials: atRest, bucket, expectedOwner, endpoint, region, useSsl, pathStyle, listVersion } = config;
  const credentials =
    atRest.kind === 'role' ? await takeRole(deps.roles, atRest, bucket) : await openKeys(deps.opener, atRest);
  const owner = expectedOwner === undefined ? {} : { expectedOwner };
  return deps.buckets.open({ bucket, ...owner, endpoint, region, useSsl, pathStyle, listVersion, credentials });
}

/** Taken at once, so that a refusal is known before the bucket is asked anything; the port remembers what it was given. */
async function takeRole(
  roles: RoleCredentials,
  { roleArn, externalId }: Extract<CredentialsAtRest, { kind: 'role' }>,
  bucket: string,
): Promise<BucketCredentials> {
  const take = () => roles.take({ roleArn, externalId, bucket });
  await take();
  return { roleArn, take };
}

async function openKeys(
  opener: Opener,
  { accessKeyId, secrets, secretOwner }: Extract<CredentialsAtRest, { kind: 'keys' }>,
): Promise<AccessKeys> {
  const unseal = (field: 'secret_access_key' | 'session_token', sealed: string) =>
    opener.open(sealed, { ...secretOwner, field });
  try {
    const secretAccessKey = await unseal('secret_access_key', secrets.secret_access_key ?? '');
    if (secrets.session_token === undefined) return { accessKeyId, secretAccessKey };
    return { accessKeyId, secretAccessKey, sessionToken: await unseal('session_token', secrets.session_token) };
  } catch {
    throw new Failure(
      'credentials_invalid',
      'the stored secret_access_key cannot be decrypted with the present key of the vault; set it again',
    );
  }
}
