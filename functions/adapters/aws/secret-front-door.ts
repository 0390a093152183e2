import { createHash, timingSafeEqual } from 'node:crypto';
import { GetSecretValueCommand, type SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import type { Clock } from '#core/model/ports/host.ts';
import { bounded } from './bounded.ts';

/** What the HTTP layer asks of it. */
export type FrontDoorSecrets = { accepts(secret: string): Promise<boolean> };

/** A new secret counts within so long. */
const FRESH_MS = 60_000;

/** The version in force and the one before it, so that a distribution that still sends that is not shut out. */
const STAGES = ['AWSCURRENT', 'AWSPREVIOUS'] as const;

type Known = { readonly hashes: readonly Buffer[]; readonly readAt: number };

/**
 * The secrets that a distribution may send, which are two versions of one secret in Secrets Manager. Only their SHA-256 is
 * kept. They are read anew after 60 seconds; while that fails the ones before count on, for they admit nobody: keys do. Throws
 * an error of its own while they were never read.
 */
export function createSecretFrontDoor(
  client: Pick<SecretsManagerClient, 'send'>,
  secretArn: string,
  clock: Clock,
): FrontDoorSecrets {
  let known: Known | undefined;
  let reading: Promise<Known> | undefined;

  const read = async (): Promise<Known> => {
    const startedAt = clock.now();
    try {
      const hashes = await Promise.all(STAGES.map((stage) => readHash(client, secretArn, stage)));
      known = { hashes: hashes.filter((hash) => hash !== undefined), readAt: startedAt };
      return known;
    } catch (error) {
      if (known === undefined) throw error;
      // Not asked for again with each request while it is away.
      known = { ...known, readAt: startedAt };
      return known;
    } finally {
      reading = undefined;
    }
  };
  const current = async (): Promise<Known> => {
    const age = clock.now() - (known?.readAt ?? Number.NEGATIVE_INFINITY);
    if (known !== undefined && age >= 0 && age < FRESH_MS) return known;
    reading ??= read();
    return reading;
  };
  return {
    async accepts(secret) {
      const { hashes } = await current();
      const hash = hashOf(secret);
      return hashes.filter((one) => timingSafeEqual(one, hash)).length > 0;
    },
  };
}

/** Throws errors of its own: those of the SDK carry what was answered. */
async function readHash(
  client: Pick<SecretsManagerClient, 'send'>,
  secretArn: string,
  stage: (typeof STAGES)[number],
): Promise<Buffer | undefined> {
  const command = new GetSecretValueCommand({ SecretId: secretArn, VersionStage: stage });
  try {
    const { SecretString: secret } = await bounded((options) => client.send(command, options));
    return secret === undefined || secret === '' ? undefined : hashOf(secret);
  } catch (error) {
    const name = error instanceof Error ? error.name : typeof error;
    // There is none before the first rotation, and after whoever rotated has taken the older one back.
    if (stage === 'AWSPREVIOUS' && name === 'ResourceNotFoundException') return undefined;
    throw new Error(`the secret of the front door could not be read from Secrets Manager: ${name}`);
  }
}

function hashOf(secret: string): Buffer {
  return createHash('sha256').update(secret).digest();
}
