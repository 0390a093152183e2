import { extensionDoubt } from '../keys/extension.ts';
import { globDoubt } from '../keys/key-filter.ts';
import { Failure, type FailureDetail } from '../model/errors.ts';
import type { Ids } from '../model/ports/host.ts';
import type { Sealer } from '../model/ports/vault.ts';
import type { AssumableRoles } from './assumable-roles.ts';
import { ownerProblems } from './bucket-owner.ts';
import { roleProblems } from './role-arn.ts';
import { keyFields, type S3ConfigInput, type SealedSecrets, type StoredS3Config } from './s3-config.ts';
import { destinationChanges } from './secret-destination.ts';

/** Settings at rest together with what stands beside them. */
export type ConfigAtRest = {
  readonly config: StoredS3Config;
  readonly secrets: SealedSecrets;
  /** What AWS is told with each taking of a role; made with the first role and kept for as long as its owner lives. */
  readonly external_id?: string | undefined;
};

/** Whose secrets these are: the vault binds each ciphertext to it. */
export type SecretOwner = { readonly kind: 'connector' | 'datasource'; readonly uid: string };

export type MergeDeps = { readonly sealer: Sealer; readonly ids: Ids; readonly assumableRoles: AssumableRoles };

/**
 * Lays the settings a caller gave over those at rest and seals the secrets among them. `base` holds what stays when
 * the input does not mention it: the stored settings for an update, none for a replacement. An absent secret stays,
 * unless what it opens (bucket, endpoint or key id) or how it is sent there (TLS, region, path style) changes: then Failure
 * `secret_required`, so that whoever may edit the settings cannot send a stored secret to a server of their own, or in a
 * way that others can read. A role takes the place of keys, and keys that of a
 * role. Throws Failure `invalid_request` for a role that cannot be used so, or may not be taken here, for an owner that the
 * server would not look for, and for a filter that is hardly what was meant.
 */
export async function mergeConfig(
  deps: MergeDeps,
  owner: SecretOwner,
  stored: ConfigAtRest,
  base: StoredS3Config,
  input: S3ConfigInput,
): Promise<ConfigAtRest> {
  const { secret_access_key: secret, session_token: token, external_id: _ours, ...given } = input;
  const config = dropCleared({ ...withoutReplaced(base, input), ...dropAbsent(given) });
  demandUsable(deps.assumableRoles, owner, stored.config, config);
  demandClearFilters(owner, stored.config, config);
  // Settings without a key id have no use for a secret: dropping the one drops the other.
  const kept = config.access_key_id === undefined ? {} : stored.secrets;
  if (secret === undefined && kept.secret_access_key !== undefined) demandSecret(owner, stored.config, config);
  const secrets = await sealSecrets(deps.sealer, owner, kept, secret, token);
  const needsId = config.role_arn !== undefined && stored.external_id === undefined;
  return { config, secrets, external_id: needsId ? deps.ids.unique() : stored.external_id };
}

/** What the input replaces by the other kind of credentials goes. */
function withoutReplaced(base: StoredS3Config, input: S3ConfigInput): StoredS3Config {
  const { access_key_id: _keyId, ...noKeys } = base;
  if (typeof input.role_arn === 'string') return noKeys;
  const { role_arn: _role, ...noRole } = base;
  return keyFields.some((name) => typeof input[name] === 'string') ? noRole : base;
}

/** A role that stands already is not asked about again: the rest of its row can be changed whatever the host allows now. */
function demandUsable(
  allowed: AssumableRoles,
  owner: SecretOwner,
  before: StoredS3Config,
  after: StoredS3Config,
): void {
  const refusal = after.role_arn === undefined ? undefined : allowed.refusal(after.role_arn);
  const refused =
    refusal === undefined || after.role_arn === before.role_arn ? [] : [{ path: 'role_arn', reason: refusal }];
  const details = [...refused, ...roleProblems(after), ...ownerProblems(after)].map((detail) => placed(owner, detail));
  const [first] = details;
  if (first !== undefined) throw new Failure('invalid_request', `${first.path} ${first.reason}`, { details });
}

const doubts = { extensions: extensionDoubt, include: globDoubt, exclude: globDoubt } as const;

/** A filter that stands already goes on finding what it found, and may be sent back as it is. */
function demandClearFilters(owner: SecretOwner, before: StoredS3Config, after: StoredS3Config): void {
  const details = (['extensions', 'include', 'exclude'] as const).flatMap((list) =>
    (after[list] ?? []).flatMap((text, index) => {
      const reason = before[list]?.includes(text) ? undefined : doubts[list](text);
      return reason === undefined ? [] : [placed(owner, { path: `${list}.${index}`, reason })];
    }),
  );
  const [first] = details;
  if (first !== undefined) throw new Failure('invalid_request', `${first.path} ${first.reason}`, { details });
}

function demandSecret(owner: SecretOwner, before: StoredS3Config, after: StoredS3Config): void {
  const changed = destinationChanges(before, after);
  if (changed.length === 0) return;
  const message = `changing ${changed.join(' and ')} needs secret_access_key again: a stored secret is only ever used where it was given for`;
  const detail = placed(owner, { path: 'secret_access_key', reason: 'is required with this change' });
  throw new Failure('secret_required', message, { details: [detail] });
}

function placed(owner: SecretOwner, { path, reason }: FailureDetail): FailureDetail {
  return { path: `${owner.kind === 'datasource' ? 'connector.config' : 'config'}.${path}`, reason };
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
function dropAbsent(given: object): Record<string, unknown> {
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
}

/** null clears a list, a prefix, a region, an owner or a role, so that the connector's is inherited again. */
function dropCleared(config: Record<string, unknown>): StoredS3Config {
  return Object.fromEntries(Object.entries(config).filter(([, value]) => value !== null));
}
