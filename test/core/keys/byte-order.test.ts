import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { compareKeys, utf8Length } from '#core/keys/byte-order.ts';

const vectors: { keys: { key: string }[] } = JSON.parse(
  readFileSync(new URL('../../vectors/keys.json', import.meta.url), 'utf8'),
);

/** Texts that differ where the two orders differ: around the surrogates, with long shared beginnings. */
const borderCharacter = fc.constantFrom(
  'a',
  '\u0000',
  '\u0001',
  '\ud7ff',
  '\ue000',
  '\uff5e',
  '\uffff',
  '\u{10000}',
  '😀',
  '\u{10ffff}',
);
const text = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.string({ unit: borderCharacter, maxLength: 12 }),
  fc.string({ unit: 'grapheme' }),
);

const byBytes = (a: string, b: string) => Buffer.compare(Buffer.from(a), Buffer.from(b));

describe('compareKeys', () => {
  test('given any two well-formed texts, it orders them as their UTF-8 bytes', () => {
    fc.assert(
      fc.property(text, text, (a, b) => Math.sign(compareKeys(a, b)) === byBytes(a, b)),
      { numRuns: 5000 },
    );
  });

  test('given texts with a shared beginning, it orders them as their UTF-8 bytes', () => {
    fc.assert(
      fc.property(text, text, text, (start, a, b) => {
        expect(Math.sign(compareKeys(start + a, start + b))).toBe(byBytes(start + a, start + b));
      }),
      { numRuns: 2000 },
    );
  });

  test('given U+FF5E and U+1F600, when JavaScript has them the other way round, it still puts U+FF5E first', () => {
    expect('\uff5e' < '😀').toBe(false);
    expect(compareKeys('\uff5e', '😀')).toBeLessThan(0);
    expect(compareKeys('😀', '\uff5e')).toBeGreaterThan(0);
  });

  test('given the key vectors, when they are sorted with it, they are in the order of their bytes', () => {
    const keys = vectors.keys.map(({ key }) => key);
    expect(keys.toSorted(compareKeys)).toEqual(keys.toSorted(byBytes));
  });

  test('given a text and its beginning, it puts the beginning first, and finds a text equal to itself', () => {
    expect(compareKeys('a/', 'a/b')).toBeLessThan(0);
    expect(compareKeys('', '\u0000')).toBeLessThan(0);
    expect(compareKeys('😀', '😀')).toBe(0);
  });
});

describe('utf8Length', () => {
  test('given any text, it counts the bytes that encoding it takes', () => {
    fc.assert(fc.property(text, (value) => utf8Length(value) === Buffer.from(value).length));
  });
});
