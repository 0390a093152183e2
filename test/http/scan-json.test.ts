import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { findJsonProblem } from '#http/body/scan-json.ts';

function parses(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

describe('findJsonProblem', () => {
  test('given any JSON, however it is laid out, there is no problem', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.constantFrom(0, 1, '\t'), (value, indent) => {
        expect(findJsonProblem(JSON.stringify(value, null, indent), 1000)).toBeUndefined();
      }),
    );
  });

  test('given any text, there is a problem exactly if JSON.parse has one', () => {
    const piece = fc.constantFrom(
      ...'{}[],:" \n\\"ue0.1-+xab',
      '"a"',
      'true',
      'null',
      '\\u00e9',
      '\\"',
      '\u0000',
      '1e5',
      '01',
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
        const text = pieces.join('');
        expect([text, findJsonProblem(text, 1000) === undefined]).toEqual([text, parses(text)]);
      }),
      { numRuns: 5000 },
    );
  });

  test('given JSON with one character taken out or put in, both agree too', () => {
    fc.assert(
      fc.property(
        fc.json({ maxDepth: 3 }),
        fc.nat(),
        fc.constantFrom('', ',', '"', '}', '\\', '0', '-'),
        (json, at, put) => {
          const place = at % (json.length + 1);
          const text = json.slice(0, place) + put + json.slice(place + (put === '' ? 1 : 0));
          expect([text, findJsonProblem(text, 1000) === undefined]).toEqual([text, parses(text)]);
        },
      ),
      { numRuns: 2000 },
    );
  });

  test.each([
    ['', 1, 1, 'it ends where it should not: expected a value'],
    ['{"a":x}', 1, 6, 'expected a value'],
    ['{"a":1,}', 1, 8, 'expected a field name in double quotes'],
    ['{\n  "a" 1\n}', 2, 7, 'expected a colon after the field name'],
    ['{"a":1} {', 1, 9, 'expected nothing more after the end'],
    ['["a\nb"]', 1, 2, 'this text holds a line break or another control character; write it as an escape'],
    ['["\\x"]', 1, 2, 'this text holds a backslash that begins no escape of JSON'],
    ['[1 2]', 1, 4, 'expected a comma or ]'],
  ])('given %j, it tells line %i and column %i', (text, line, column, reason) => {
    expect(findJsonProblem(text, 10)).toEqual({ line, column, reason });
  });

  test('given nesting up to the limit and one more, only that is a problem', () => {
    expect(findJsonProblem(`${'['.repeat(32)}${']'.repeat(32)}`, 32)).toBeUndefined();
    expect(findJsonProblem(`${'['.repeat(33)}${']'.repeat(33)}`, 32)?.column).toBe(33);
  });

  test('given a megabyte of what takes long, it takes no longer than reading it', () => {
    const hostile = [
      `"${'\\\\'.repeat(500_000)}`,
      `[${'1'.repeat(1_000_000)}x`,
      `[1.${'1'.repeat(1_000_000)}e`,
      `${' '.repeat(1_000_000)}x`,
    ];
    for (const text of hostile) {
      const before = process.cpuUsage();
      expect(findJsonProblem(text, 32)).toBeDefined();
      const { user } = process.cpuUsage(before);
      expect(user).toBeLessThan(2_000_000);
    }
  });
});
