import { hash } from 'node:crypto';

/**
 * Remembers which keys were seen by 64 bits of their digest: 16 bytes a key at the most, where the keys themselves would
 * take ten times as much. It is asked only whether a listing still brings anything new, so that one key in ten billion
 * taken for another does no harm.
 */
export class SeenKeys {
  #table = new BigUint64Array(1 << 12);
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** Returns whether it is new. */
  add(key: string): boolean {
    if (this.#size * 2 >= this.#table.length) this.#grow();
    if (!put(this.#table, digestOf(key))) return false;
    this.#size += 1;
    return true;
  }

  #grow(): void {
    const larger = new BigUint64Array(this.#table.length * 2);
    for (const digest of this.#table) if (digest !== 0n) put(larger, digest);
    this.#table = larger;
  }
}

/** Open addressing: 0 is an empty place. */
function put(table: BigUint64Array, digest: bigint): boolean {
  const mask = table.length - 1;
  for (let place = Number(digest & 0xffffffffn) & mask; ; place = (place + 1) & mask) {
    const there = table[place];
    if (there === digest) return false;
    if (there !== 0n) continue;
    table[place] = digest;
    return true;
  }
}

function digestOf(key: string): bigint {
  return BigInt(`0x${hash('sha1', key, 'hex').slice(0, 16)}`) || 1n;
}
