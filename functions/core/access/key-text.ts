import { createHash, timingSafeEqual } from 'node:crypto';
import type { Ids } from '../model/ports/host.ts';

/** Stocktake's own, so that scanners for secrets can tell a key of ours in a file that should have none. */
const form = /^stk_([0-9a-z]{12})_[0-9a-z]{50}$/;

/**
 * A new key: its id, and the text that whoever holds it sends. The id stands in the text, so that a key is found with one
 * read and what is no key of ours with none. The rest of it is 256 random bits: two times the 128 or more of the port.
 */
export function makeKeyText(ids: Ids): { readonly id: string; readonly text: string } {
  const id = ids.unique().slice(-12);
  return { id, text: `stk_${id}_${ids.unique()}${ids.unique()}` };
}

/** The id in a text that has the form of a stored key; undefined for any other. */
export function idInKeyText(text: string): string | undefined {
  return form.exec(text)?.[1];
}

/**
 * What is kept of a key. A plain hash is enough, where a password needs a slow one: nobody can try out 2^256 texts, however
 * fast each try is.
 */
export function hashOfKey(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}

/** How long it takes tells nothing of where two hashes differ. */
export function isSameHash(one: Buffer, other: Buffer): boolean {
  return one.length === other.length && timingSafeEqual(one, other);
}

/**
 * Names a key that has no id, to count its requests by. So little of its hash that nobody who reads it can tell by it
 * which key it was; two keys of one deployment that share it share a limit.
 */
export function nameOfKey(text: string): string {
  return hashOfKey(text).toString('hex', 0, 4);
}
