import { compareKeys } from '../../keys/byte-order.ts';

/** The keys of a run's first listing that lie ahead of it: after `position`, up to and with `hi` if that is known. */
export type Unlisted = {
  /** A key that was listed long before `position`: what both begin with, the keys ahead are likely to begin with too. */
  readonly first: string;
  readonly position: string;
  readonly hi: string | undefined;
};

/** So many questions to the bucket at most; each costs as much as listing a page. */
const mostProbes = 10;

/**
 * Looks for a key near the middle of what is not listed yet, so that another stream can take what lies beyond it. `ask`
 * tells the first key after a given one, or undefined if there is none up to `hi`. Guesses at the first place where keys
 * differ, halving the characters that can follow there, and goes one place further when nothing lies ahead at one.
 * Returns undefined if nothing was found that is worth a cut.
 */
export async function findPivot(
  { first, position, hi }: Unlisted,
  ask: (after: string) => Promise<string | undefined>,
): Promise<string | undefined> {
  let depth = sharedLength(first, position);
  for (let probes = 0; probes < mostProbes && depth < position.length; depth += 1) {
    const stem = position.slice(0, depth);
    const low = position.charCodeAt(depth);
    let high = lastOfKind(low) + 1;
    while (high - low > 1 && probes < mostProbes) {
      const middle = Math.floor((low + high) / 2);
      const pivot = stem + String.fromCharCode(middle);
      probes += 1;
      const next = await ask(pivot);
      if (next !== undefined && (hi === undefined || compareKeys(next, hi) <= 0)) return pivot;
      high = middle;
    }
  }
  return undefined;
}

function sharedLength(one: string, other: string): number {
  const most = Math.min(one.length, other.length);
  let length = 0;
  while (length < most && one[length] === other[length]) length += 1;
  return length;
}

const kinds = [
  ['0', '9'],
  ['a', 'z'],
  ['A', 'Z'],
] as const;

/** Digits are followed by digits, letters by letters. Other characters, halves of astral ones among them, are taken to be
 *  the same in all keys: none is asked about. */
function lastOfKind(character: number): number {
  for (const [first, last] of kinds) {
    if (character >= first.charCodeAt(0) && character <= last.charCodeAt(0)) return last.charCodeAt(0);
  }
  return character;
}
