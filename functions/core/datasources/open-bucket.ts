import { Failure } from '../errors.ts';
import type { Bucket, Buckets, Opener } from '../ports.ts';
import type { EffectiveConfig } from './effective-config.ts';

/**
 * Opens the bucket of a datasource with the keys kept in the vault. Throws Failure, also when the vault cannot open
 * them; the cause is not told, for it could carry what was sealed.
 */
export async function openBucket(
  deps: { readonly buckets: Buckets; readonly opener: Opener },
  config: EffectiveConfig,
): Promise<Bucket> {
  const { secrets, secretOwner } = config;
  const unseal = (field: 'secret_access_key' | 'session_token', sealed: string) =>
    deps.opener.open(sealed, { ...secretOwner, field });
  let secretAccessKey: string;
  let sessionToken: string | undefined;
  try {
    secretAccessKey = await unseal('secret_access_key', secrets.secret_access_key ?? '');
    if (secrets.session_token !== undefined) sessionToken = await unseal('session_token', secrets.session_token);
  } catch {
    throw new Failure(
      'credentials_invalid',
      'the stored secret_access_key cannot be decrypted with the present key of the vault; set it again',
    );
  }
  const { bucket, endpoint, region, useSsl, pathStyle, listVersion, accessKeyId } = config;
  const credentials = { accessKeyId, secretAccessKey, sessionToken };
  return deps.buckets.open({ bucket, endpoint, region, useSsl, pathStyle, listVersion, credentials });
}
