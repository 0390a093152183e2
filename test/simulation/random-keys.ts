import type { RandomSource } from './random-source.ts';

/** The limit of S3 on a key, UTF-8 bytes. */
export const longestKey = 1024;

/** Whatever has confused a program that handles keys: each alone is harmless to S3. */
const pieces: readonly string[] = [
  ...['a', 'b', 'Z', '0', '9', '-', '_', '.txt', '/', '//', './', '../', '.', '..', '~', '*', "'", '"', '!', '(', ')'],
  ...[' ', '+', '%', '+ %', '%2F', '%2B', '%00', '&', '&amp;', '<', '>', '?', '#', '=', ';', ',', ':', '\\', '|', '@'],
  ...['\r', '\n', '\r\n', '\t', '\u0001', '\u0002', '\u001b', '\u001f', '\u007f', '\u0080', '\u0085', '\u00a0'],
  ...['é', 'e\u0301', 'ß', 'İ', '\u212a', '한글', '語', '\u200b', '\u2028', '\u202e', '\ufeff', '\ud7ff'],
  // UTF-16 and UTF-8 order part here: the first four sort before the astral ones by bytes, after them by code units.
  ...[
    '\ue000',
    '\uff5e',
    '\ufffd',
    '\uffff',
    '\ufffe',
    '\u{10000}',
    '\u{1f600}',
    '\u{2f800}',
    '\u{e0001}',
    '\u{10ffff}',
  ],
  ...['__proto__', 'constructor', 'toString', 'hasOwnProperty', 'null', 'true', '1e3', 'NaN', '-0', '[object Object]'],
];

/** One key of 1 to 1,024 bytes; now and then one that shares most of itself with another of these. */
export function randomKey(random: RandomSource, others: readonly string[] = []): string {
  if (others.length > 0 && random.chance(0.3)) return neighbourOf(random, random.pick(others));
  if (random.chance(0.02)) return filledUp(random, 'k');
  let key = '';
  for (let count = random.between(1, 6); count > 0; count -= 1) {
    key += random.chance(0.1) ? anyCharacter(random) : random.pick(pieces);
  }
  return key;
}

/** A set of distinct keys. */
export function randomKeySet(random: RandomSource, size: number): string[] {
  const keys = new Set<string>();
  while (keys.size < size) keys.add(randomKey(random, [...keys]));
  return [...keys];
}

/** Longer by a piece, one character shorter, or another last character. */
function neighbourOf(random: RandomSource, key: string): string {
  const characters = [...key];
  const shorter = characters.slice(0, -1).join('');
  const made = random.pick([key + random.pick(pieces), shorter, shorter + random.pick(pieces)]);
  return made === '' || Buffer.byteLength(made) > longestKey ? random.pick(pieces) : made;
}

/** A key as long as a key can be. */
function filledUp(random: RandomSource, filling: string): string {
  const end = random.pick(pieces);
  return filling.repeat(longestKey - Buffer.byteLength(end)) + end;
}

/** Any code point but U+0000, the one key that Stocktake refuses, and the surrogates, which UTF-8 does not have. */
function anyCharacter(random: RandomSource): string {
  const code = random.between(1, 0x10ffff);
  return code >= 0xd800 && code <= 0xdfff ? '\ud7ff' : String.fromCodePoint(code);
}
