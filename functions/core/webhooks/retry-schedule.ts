import { shortHash } from '../model/short-hash.ts';

const minute = 60_000;
const hour = 60 * minute;

/** How long after each failed attempt the next one comes: nine attempts over some 22 hours. */
const waits = [10_000, minute, 5 * minute, 15 * minute, hour, 3 * hour, 6 * hour, 12 * hour];

/** A delivery that its receiver's rests keep from its attempts is given up after so long. */
export const longestLifeMs = 48 * hour;

/** Waits are lengthened by up to this share, so that what failed together does not come back together. */
const jitterShare = 0.2;

/**
 * How long to wait after the attempt with this number (from 1) failed, in milliseconds; undefined after the last. The
 * jitter follows from the delivery's id: the same question has the same answer, in tests and when it is asked again.
 */
export function waitAfter(delivery: string, attempt: number): number | undefined {
  const wait = waits[attempt - 1];
  return wait === undefined ? undefined : Math.round(wait * (1 + jitterShare * fraction(delivery, attempt)));
}

/** The longest that the attempt with this number (from 1) can have been told to wait, in milliseconds. */
export function longestWaitBefore(attempt: number): number {
  return (waits[attempt - 2] ?? 0) * (1 + jitterShare);
}

/** Up to so many milliseconds, different for each delivery. */
export function spread(delivery: string, most: number): number {
  return Math.round(most * fraction(delivery, 0));
}

/** 0 up to 1. */
function fraction(delivery: string, salt: number): number {
  return Number.parseInt(shortHash([delivery, salt]).slice(0, 8), 16) / 2 ** 32;
}
