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

/** As many colons outside of texts as there are fields in what is read: JSON.parse keeps one of two alike. */
function namesEachOnce(text: string): boolean {
  const colons = text.replace(/"(?:[^"\\]|\\.)*"/g, '').split(':').length - 1;
  return !/"__proto__"\s*:/.test(text) && fieldsIn(JSON.parse(text)) === colons;
}

function fieldsIn(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0;
  const inner = Object.values(value).reduce<number>((sum, each) => sum + fieldsIn(each), 0);
  return inner + (Array.isArray(value) ? 0 : Object.keys(value).length);
}

const isTaken = (text: string) => parses(text) && namesEachOnce(text);

describe('findJsonProblem', () => {
  test('given any JSON, however it is laid out, there is no problem', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.constantFrom(0, 1, '\t'), (value, indent) => {
        const text = JSON.stringify(value, null, indent);
        fc.pre(!text.includes('__proto__'));
        expect(findJsonProblem(text, 1000)).toBeUndefined();
      }),
    );
  });

  test('given any text, there is a problem exactly if JSON.parse has one or a field stands in it twice', () => {
    const piece = fc.constantFrom(
      ...'{}[],:" \n\\"ue0.1-+xab',
      '"a"',
      '"a":1,',
      '{"\\u0061":1,',
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
        expect([text, findJsonProblem(text, 1000) === undefined]).toEqual([text, isTaken(text)]);
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
          expect([text, findJsonProblem(text, 1000) === undefined]).toEqual([text, isTaken(text)]);
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

  test.each([
    ['{"a":1,"a":1}', 8],
    ['{"a":1,"\\u0061":2}', 8],
    ['{"é":1,"\\u00E9":2}', 8],
    ['{"":1,"":2}', 7],
    ['{"\\ud83d\\ude00":1,"😀":2}', 19],
    ['{"a\\/":1,"a/":2}', 10],
    ['[{},{"b":{"a":1,"c":{"a":1},"a":1}}]', 29],
    ['{"a":{"b":[{"x":1,"x":1}]}}', 19],
  ])('given the field twice in one object of %s, the second is the problem', (text, column) => {
    expect(findJsonProblem(text, 10)).toEqual({ line: 1, column, reason: 'this field is given twice; give it once' });
  });

  test.each([
    '{"a":{"a":{"a":1}}}',
    '[{"a":1},{"a":1}]',
    '{"a":"a","A":"a"}',
    '{"constructor":1,"toString":2}',
    '{"\u00e9":1,"e\u0301":2}',
  ])('given %s, where no object has a field twice, there is none', (text) => {
    expect(findJsonProblem(text, 10)).toBeUndefined();
  });

  test.each(['{"__proto__":1}', '{"a":[{"\\u005f_proto__":{}}]}'])(
    'given %s, which would be lost in a copy, it is a problem',
    (text) => {
      expect(findJsonProblem(text, 10)?.reason).toBe('no field can be called __proto__');
    },
  );

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
