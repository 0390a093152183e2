import { createHash, timingSafeEqual } from 'node:crypto';
import { GetSecretValueCommand, type SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import type { Clock } from '#core/model/ports/host.ts';
import { bounded } from './bounded.ts';

/** Who may call, as the HTTP layer asks it. */
export type ApiKeyReader = {
  readonly configured: true;
  /** What a key allows; undefined if there is no such key. */
  scopeOf(key: string): Promise<'manage' | undefined>;
};

type KnownKey = { readonly hash: Buffer; readonly readAt: number };

/** A rotated key counts within so long, and the old one no longer. */
const FRESH_MS = 60_000;
/** So long the API outlives an outage of Secrets Manager. */
const USABLE_MS = 600_000;
/** After a failed read, so long no other one is tried while an older value is usable. */
const PAUSE_MS = 5000;

/**
 * The admin key, which is the whole text of a secret in Secrets Manager. Only its SHA-256 is kept, for 60 seconds; for
 * 10 minutes while it cannot be read anew. Throws when it was never read or is too old: nobody gets in then.
 */
export function createSecretApiKeys(
  client: Pick<SecretsManagerClient, 'send'>,
  secretArn: string,
  clock: Clock,
): ApiKeyReader {
  let known: KnownKey | undefined;
  let reading: Promise<KnownKey> | undefined;
  let failedAt = Number.NEGATIVE_INFINITY;

  const read = async (): Promise<KnownKey> => {
    try {
      known = { hash: await readHash(client, secretArn), readAt: clock.now() };
      return known;
    } catch (error) {
      failedAt = clock.now();
      throw error;
    } finally {
      reading = undefined;
    }
  };
  const current = async (): Promise<KnownKey> => {
    if (known !== undefined && isWithin(FRESH_MS, known.readAt, clock)) return known;
    const usable = known !== undefined && isWithin(USABLE_MS, known.readAt, clock) ? known : undefined;
    if (usable !== undefined && isWithin(PAUSE_MS, failedAt, clock)) return usable;
    reading ??= read();
    return usable === undefined ? reading : reading.catch(() => usable);
  };
  return {
    configured: true,
    async scopeOf(key) {
      const { hash } = await current();
      return timingSafeEqual(hash, hashOf(key)) ? 'manage' : undefined;
    },
  };
}

/** A moment in the future is not within: the clock was set back. */
function isWithin(milliseconds: number, since: number, clock: Clock): boolean {
  const age = clock.now() - since;
  return age >= 0 && age < milliseconds;
}

/** Throws errors of its own: those of the SDK carry what was answered. */
async function readHash(client: Pick<SecretsManagerClient, 'send'>, secretArn: string): Promise<Buffer> {
  const answer = await bounded((options) =>
    client.send(new GetSecretValueCommand({ SecretId: secretArn }), options),
  ).catch((error: unknown) => {
    const name = error instanceof Error ? error.name : typeof error;
    throw new Error(`the admin key could not be read from Secrets Manager: ${name}`);
  });
  // A secret that was set by hand from a file ends with a line break.
  const key = answer.SecretString?.trimEnd() ?? '';
  if (!/^[\x21-\x7e]+$/.test(key)) {
    throw new Error('the secret of the admin key must be the key itself: printable ASCII without spaces');
  }
  return hashOf(key);
}

function hashOf(key: string): Buffer {
  return createHash('sha256').update(key).digest();
}
