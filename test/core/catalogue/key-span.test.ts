import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  intersect,
  type KeySpan,
  queryOfSpan,
  spanBeyond,
  spanOfPrefix,
  spanOfRange,
} from '#core/catalogue/key-span.ts';
import { utf8Length } from '#core/keys/byte-order.ts';
import { checkQuery } from '#core/table/table-limits.ts';

/** Characters at the edges of the UTF-8 lengths, of the surrogates, and around the slash. */
const edges = [
  '\u0000',
  '\u0001',
  '.',
  '/',
  '0',
  'a',
  '\u007f',
  '\u0080',
  '\u07ff',
  '\u0800',
  '\ud7ff',
  '\ue000',
  '\uffff',
  '😀',
  '\u{10ffff}',
];
const key = fc.array(fc.constantFrom(...edges), { minLength: 1, maxLength: 5 }).map((parts) => parts.join(''));
const bytes = (a: string, b: string) => Buffer.compare(Buffer.from(a), Buffer.from(b));

function holds(span: KeySpan, text: string): boolean {
  const query = queryOfSpan('pk', span, 'ascending');
  if (query === undefined) return false;
  checkQuery(query);
  return (
    (query.from === undefined || bytes(text, query.from) >= 0) &&
    (query.after === undefined || bytes(text, query.after) > 0) &&
    (query.through === undefined || bytes(text, query.through) <= 0) &&
    (query.before === undefined || bytes(text, query.before) < 0)
  );
}

describe('a span of keys', () => {
  test('given any prefix, then it holds exactly the keys that begin with it', () => {
    fc.assert(
      fc.property(fc.oneof(key, fc.constant('')), key, (prefix, text) => {
        expect(holds(spanOfPrefix(prefix), text)).toBe(text.startsWith(prefix));
        expect(holds(spanOfPrefix(prefix), prefix + text)).toBe(true);
      }),
      { numRuns: 2000 },
    );
  });

  test('given a position, then what lies beyond it is neither before nor under it', () => {
    fc.assert(
      fc.property(key, fc.boolean(), key, (start, whole, text) => {
        const at = whole ? `${start}/` : start;
        const position = { key: at, whole };
        const behind = bytes(text, at) > 0 && !(whole && text.startsWith(at));
        expect(holds(spanBeyond(position, 'ascending'), text)).toBe(behind);
        expect(holds(spanBeyond(position, 'descending'), text)).toBe(bytes(text, at) < 0);
      }),
      { numRuns: 2000 },
    );
  });

  test('given a folder, then the first key beyond it is the one whose slash is a zero', () => {
    const beyond = spanBeyond({ key: 'a/', whole: true }, 'ascending');
    expect(queryOfSpan('pk', beyond, 'ascending')).toEqual({ pk: 'pk', direction: 'ascending', from: 'a0' });
  });

  test('given two spans, then their intersection holds what both hold', () => {
    const close = fc.constantFrom('a', 'a/', 'a/a', 'a0', 'b');
    const span = fc.oneof(
      close.map(spanOfPrefix),
      fc.record({ lo: close, hi: fc.option(close, { nil: undefined }) }).map(spanOfRange),
      fc.record({ key: close, whole: fc.constant(false) }).map((position) => spanBeyond(position, 'ascending')),
    );
    fc.assert(
      fc.property(span, span, close, (a, b, text) => {
        expect(holds(intersect(a, b), text)).toBe(holds(a, text) && holds(b, text));
      }),
      { numRuns: 2000 },
    );
  });

  test.each([
    'k'.repeat(1024),
    `${'k'.repeat(1023)}\u007f`,
    `${'k'.repeat(1022)}\u007f`,
    `${'k'.repeat(1021)}\u07ff`,
    '\u{10ffff}'.repeat(256),
  ])('given a prefix as long as a key can be, then the table takes the bounds', (prefix) => {
    expect(utf8Length(prefix)).toBeGreaterThanOrEqual(1023);
    expect(holds(spanOfPrefix(prefix), prefix)).toBe(true);
    expect(holds(spanBeyond({ key: prefix, whole: true }, 'ascending'), prefix)).toBe(false);
  });
});
