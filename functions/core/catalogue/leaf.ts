import { hash } from 'node:crypto';
import type { ListedObject } from '../model/ports/listing.ts';
import type { RecordRow } from './record.ts';

/**
 * What stands at some neighbouring keys: how many records, their bytes, and the sum (mod 2^128) of their digests. Sums
 * can be added and taken from one another, so leaves can be joined and cut without reading their records.
 */
export type Content = { objects: number; bytes: number; sum: bigint };

/** Neighbouring records inside a range, from where the leaf before ends up to and with the key `to`. */
export type Leaf = Content & { readonly to: string };

const mask = (1n << 128n) - 1n;

export function nothing(): Content {
  return { objects: 0, bytes: 0, sum: 0n };
}

/** Adds a listed object, as its record would be stored. */
export function addObject(content: Content, object: ListedObject): void {
  const { key, etag, size, lastModified, storageClass } = object;
  addFacts(content, key, etag, size, lastModified, storageClass);
}

/** Adds a stored record. */
export function addRecord(content: Content, record: RecordRow): void {
  addFacts(content, record.sk, record.etag, record.size, record.last_modified, record.storage_class);
}

export function addContent(content: Content, more: Content): void {
  content.objects += more.objects;
  content.bytes += more.bytes;
  content.sum = (content.sum + more.sum) & mask;
}

/** What is left of a whole when a part is taken out. */
export function without(whole: Content, part: Content): Content {
  const sum = (whole.sum - part.sum) & mask;
  return { objects: whole.objects - part.objects, bytes: whole.bytes - part.bytes, sum };
}

export function sameContent(one: Content, other: Content): boolean {
  return one.objects === other.objects && one.sum === other.sum && one.bytes === other.bytes;
}

/** Neighbours that are small together become one leaf, so that many small changes do not leave many small leaves. */
export function joinSmall(leaves: readonly Leaf[], leafRecords: number): Leaf[] {
  const joined: Leaf[] = [];
  for (const leaf of leaves) {
    const last = joined.at(-1);
    if (last === undefined || last.objects + leaf.objects > leafRecords) {
      joined.push(leaf);
      continue;
    }
    const both = { ...nothing(), to: leaf.to };
    addContent(both, last);
    addContent(both, leaf);
    joined[joined.length - 1] = both;
  }
  return joined;
}

/** The digest is over exactly what makes a change (docs/design.md, invariant 5), and the key. */
function addFacts(
  content: Content,
  key: string,
  etag: string,
  size: number,
  lastModified: string,
  storageClass: string,
): void {
  const digest = hash('sha256', JSON.stringify([key, etag, size, lastModified, storageClass]), 'hex');
  content.objects += 1;
  content.bytes += size;
  content.sum = (content.sum + BigInt(`0x${digest.slice(0, 32)}`)) & mask;
}
