import { Failure } from '../errors.ts';
import type { Sealer } from '../ports.ts';
import type { S3ConfigInput, SealedSecrets, StoredS3Config } from './s3-config.ts';

/** Settings at rest together with their sealed secrets. */
export type ConfigAtRest = { readonly config: StoredS3Config; readonly secrets: SealedSecrets };

/** Whose secrets these are: the vault binds each ciphertext to it. */
export type SecretOwner = { readonly kind: 'connector' | 'datasource'; readonly uid: string };

/**
 * Lays the settings a caller gave over those at rest and seals the secrets among them. `base` holds what stays when
 * the input does not mention it: the stored settings for an update, none for a replacement. An absent secret stays,
 * unless what it opens (bucket, endpoint or key id) changes: then Failure `secret_required`, so that whoever may edit
 * the settings cannot send a stored secret to a server of their own.
 */
export async function mergeConfig(
  sealer: Sealer,
  owner: SecretOwner,
  stored: ConfigAtRest,
  base: StoredS3Config,
  input: S3ConfigInput,
): Promise<ConfigAtRest> {
  const { secret_access_key: secret, session_token: token, ...given } = input;
  const config = dropCleared({ ...base, ...dropAbsent(given) });
  // Settings without a key id have no use for a secret: dropping the one drops the other.
  const kept = config.access_key_id === undefined ? {} : stored.secrets;
  if (secret === undefined && kept.secret_access_key !== undefined) demandSecret(owner, stored.config, config);
  return { config, secrets: await sealSecrets(sealer, owner, kept, secret, token) };
}

function demandSecret(owner: SecretOwner, before: StoredS3Config, after: StoredS3Config): void {
  const changed = (['bucket', 'endpoint', 'access_key_id'] as const).filter((field) => before[field] !== after[field]);
  if (changed.length === 0) return;
  const message = `changing ${changed.join(' and ')} needs secret_access_key again: a stored secret is only ever used where it was given for`;
  const path = owner.kind === 'datasource' ? 'connector.config.secret_access_key' : 'config.secret_access_key';
  throw new Failure('secret_required', message, { details: [{ path, reason: 'is required with this change' }] });
}

async function sealSecrets(
  sealer: Sealer,
  owner: SecretOwner,
  stored: SealedSecrets,
  secret: string | undefined,
  token: string | null | undefined,
): Promise<SealedSecrets> {
  const sealed: SealedSecrets = {};
  if (secret !== undefined) {
    sealed.secret_access_key = await sealer.seal(secret, { ...owner, field: 'secret_access_key' });
  } else if (stored.secret_access_key !== undefined) sealed.secret_access_key = stored.secret_access_key;
  if (typeof token === 'string') {
    sealed.session_token = await sealer.seal(token, { ...owner, field: 'session_token' });
  } else if (token === undefined && secret === undefined && stored.session_token !== undefined) {
    // A session token belongs to the secret it was issued with: a new secret without one means long-lived keys.
    sealed.session_token = stored.session_token;
  }
  return sealed;
}

/** An undefined field must not hide a stored one. */
function dropAbsent(given: S3ConfigInput): Record<string, unknown> {
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
}

/** null clears a list, and a prefix, so that the connector's is inherited again. */
function dropCleared(config: Record<string, unknown>): StoredS3Config {
  return Object.fromEntries(Object.entries(config).filter(([, value]) => value !== null));
}
