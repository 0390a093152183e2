import { GetSecretValueCommand, type SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { hashOfKey, idInKeyText, isSameHash, nameOfKey } from '#core/access/key-text.ts';
import { KeysUnavailable } from '#core/access/keys-unavailable.ts';
import type { Clock } from '#core/model/ports/host.ts';
import { bounded } from './bounded.ts';

/** Who may call, as the HTTP layer asks it. */
export type ApiKeyReader = {
  readonly configured: true;
  readonly hasOwnManagingKey: true;
  /** The key with this text; undefined if there is none. Throws KeysUnavailable (a Failure) where it cannot be told. */
  find(text: string): Promise<{ readonly id: string; readonly scope: 'manage' } | undefined>;
};

type KnownKey = { readonly hash: Buffer; readonly name: string; readonly at: number };

/** A rotated key counts within so long, and the old one no longer: then nobody gets in before it is read again. */
const freshMs = 60_000;
/** After a failed read, so long no other one is tried. */
const pauseMs = 5000;

/**
 * The deployment's own key, which is the whole text of a secret in Secrets Manager. Only its SHA-256 is kept, for 60
 * seconds.
 */
export function createSecretApiKeys(
  client: Pick<SecretsManagerClient, 'send'>,
  secretArn: string,
  clock: Clock,
): ApiKeyReader {
  let known: KnownKey | undefined;
  let reading: Promise<KnownKey> | undefined;
  let failed: { readonly at: number; readonly error: unknown } | undefined;

  const read = async (): Promise<KnownKey> => {
    // The moment before the read: a rotation while the answer is on its way must not lengthen the life of the old key.
    const at = clock.now();
    try {
      const key = await readKey(client, secretArn);
      known = { hash: hashOfKey(key), name: nameOfKey(key), at };
      failed = undefined;
      return known;
    } catch (error) {
      failed = { at: clock.now(), error };
      throw error;
    } finally {
      reading = undefined;
    }
  };
  const current = async (): Promise<KnownKey> => {
    if (known !== undefined && isWithin(freshMs, known.at, clock)) return known;
    if (failed !== undefined && isWithin(pauseMs, failed.at, clock)) throw failed.error;
    reading ??= read();
    return reading;
  };
  return {
    configured: true,
    hasOwnManagingKey: true,
    async find(text) {
      const { hash, name } = await current();
      return isSameHash(hash, hashOfKey(text)) ? { id: name, scope: 'manage' } : undefined;
    },
  };
}

/** A moment in the future is not within: the clock was set back. */
function isWithin(milliseconds: number, since: number, clock: Clock): boolean {
  const age = clock.now() - since;
  return age >= 0 && age < milliseconds;
}

/** Throws errors of its own: those of the SDK carry what was answered. */
async function readKey(client: Pick<SecretsManagerClient, 'send'>, secretArn: string): Promise<string> {
  const answer = await bounded((options) =>
    client.send(new GetSecretValueCommand({ SecretId: secretArn }), options),
  ).catch((error: unknown) => {
    const name = error instanceof Error ? error.name : typeof error;
    throw new KeysUnavailable(`the deployment's key could not be read from Secrets Manager: ${name}`);
  });
  // A secret that was set by hand from a file ends with a line break.
  const key = answer.SecretString?.trimEnd() ?? '';
  if (!/^[\x21-\x7e]+$/.test(key)) {
    throw new KeysUnavailable(
      "the secret of the deployment's key must be the key itself: printable ASCII without spaces",
    );
  }
  if (idInKeyText(key) !== undefined) {
    throw new KeysUnavailable(
      "the secret of the deployment's key has the form of a key that the API made: set another text",
    );
  }
  return key;
}
