import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { labelProblem, textProblem } from '#core/model/visible-text.ts';

const at = (code: number) => String.fromCodePoint(code);
const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, index) => from + index);
const hexOf = (code: number) => `U+${code.toString(16).toUpperCase().padStart(4, '0')}`;

describe('a label', () => {
  test.each([
    ...[...range(0, 0x1f), ...range(0x7f, 0x9f), 0x2028, 0x2029],
    ...[...range(0x202a, 0x202e), ...range(0x2066, 0x206f)],
  ])(
    'given the character %i anywhere in it, it is refused, and the reason has no more of the text than its number',
    (code) => {
      for (const text of [at(code), `${at(code)}a`, `a${at(code)}`, `invoice${at(code)}fdp.exe`]) {
        const reason = labelProblem(text);
        expect(reason).toContain(`holds ${hexOf(code)},`);
        expect(reason).not.toContain(at(code));
      }
    },
  );

  test.each([
    ['Persian with a non-joiner', 'می\u200cخواهم'],
    ['an emoji of several', '👩\u200d👩\u200d👧\u200d👦'],
    ['an emoji with a variation selector', '❤\ufe0f'],
    ['a flag of tags', '🏴\u{e0067}\u{e0062}\u{e0065}\u{e006e}\u{e0067}\u{e007f}'],
    ['Hebrew with a mark of direction', 'תמונות\u200f (1)'],
    ['Arabic with its letter mark', 'صور\u061c 2026'],
    ['Hindi', 'क्‍ष'],
    ['Khmer with a break', 'ភាសា\u200bខ្មែរ'],
    ['a composed and a decomposed letter', 'é e\u0301'],
    ['spaces of all kinds, outside too', ' a\u00a0b\u3000c '],
    ['an emoji that is alone', '🦄'],
    ['a private sign', '\ue000 icon'],
    ['nothing', ''],
  ])('given %s, it is taken', (_what, text) => {
    expect([labelProblem(text), textProblem(text)]).toEqual([undefined, undefined]);
  });

  test.each([' ', '\u200b', '\u200d\ufeff', '\u00ad', '\u115f\u3164', '\u3000'])(
    'given %j, of which nothing can be seen, it is refused',
    (text) => {
      expect(labelProblem(text)).toBe('holds nothing that can be seen');
    },
  );

  test('given any text that people type, it is refused exactly if one of its characters is', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', minLength: 1 }), (text) => {
        const alone = [...text].some((character) => labelProblem(`a${character}`) !== undefined);
        expect(labelProblem(`a${text}`) !== undefined).toBe(alone);
      }),
      { numRuns: 500 },
    );
  });
});

describe('a text of several lines', () => {
  test('given lines and tabs, it is taken; given other control characters or a turn of direction, it is not', () => {
    expect(textProblem('one\r\n\ttwo\nthree')).toBeUndefined();
    expect(textProblem('one\n\u0007')).toContain('U+0007');
    expect(textProblem('one\n\u202egnp')).toContain('U+202E');
  });
});
