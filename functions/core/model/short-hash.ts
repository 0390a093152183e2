import { createHash } from 'node:crypto';

/** 128 bits of SHA-256 over a JSON value, as 32 hex digits: for ids and fingerprints that must not collide. */
export function shortHash(value: unknown): string {
  return createHash('sha256').update(JSON.stringify(value)).digest('hex').slice(0, 32);
}
