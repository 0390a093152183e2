import { randomBytes } from 'node:crypto';
import type { Ids } from '#core/model/ports/host.ts';

/** 36^25 is the first power of 36 above 2^128. */
const LENGTH = 25;

/** Identifiers of 128 random bits from the system's generator, written in base 36: always 25 of [0-9a-z]. */
export function createRandomIds(): Ids {
  return {
    unique: () =>
      BigInt(`0x${randomBytes(16).toString('hex')}`)
        .toString(36)
        .padStart(LENGTH, '0'),
  };
}
