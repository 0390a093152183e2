import { compareKeys, utf8Length } from '../keys/byte-order.ts';
import type { Query } from '../model/ports/table.ts';
import { TABLE_LIMITS } from '../table/table-limits.ts';
import type { RangeRow } from './range-map.ts';

type Bound = { readonly key: string; readonly inclusive: boolean };

/** Neighbouring keys, in UTF-8 byte order; open where a bound is absent. */
export type KeySpan = { readonly lower?: Bound; readonly upper?: Bound };

export type Direction = NonNullable<Query['direction']>;

/** A place between two keys: at `key`, or beyond all that begins with it if `whole`, which only a folder is. */
export type KeyPosition = { readonly key: string; readonly whole: boolean };

/** The keys that begin with a prefix of at most 1,024 bytes; all of them for the empty one. */
export function spanOfPrefix(prefix: string): KeySpan {
  if (prefix === '') return {};
  // No key is longer than such a prefix, and the table takes no longer bound.
  if (utf8Length(prefix) >= TABLE_LIMITS.sortKeyBytes) return spanOfKey(prefix);
  const lower = { key: prefix, inclusive: true };
  const next = successor(prefix);
  return next === undefined ? { lower } : { lower, upper: { key: next, inclusive: false } };
}

/** One key alone. */
export function spanOfKey(key: string): KeySpan {
  const bound = { key, inclusive: true };
  return { lower: bound, upper: bound };
}

/** The keys of one range of the map. */
export function spanOfRange(range: Pick<RangeRow, 'lo' | 'hi'>): KeySpan {
  const lower = { key: range.lo, inclusive: false };
  return range.hi === undefined ? { lower } : { lower, upper: { key: range.hi, inclusive: true } };
}

/** The keys that follow a position, in the direction of reading. */
export function spanBeyond(position: KeyPosition, direction: Direction): KeySpan {
  const bound = { key: position.key, inclusive: false };
  if (direction === 'descending') return { upper: bound };
  const behind = position.whole ? spanOfPrefix(position.key).upper : undefined;
  return { lower: behind === undefined ? bound : { key: behind.key, inclusive: !behind.inclusive } };
}

/** The keys that lie in both. */
export function intersect(a: KeySpan, b: KeySpan): KeySpan {
  return { lower: tighter(a.lower, b.lower, 1), upper: tighter(a.upper, b.upper, -1) };
}

/** The query that reads a span of a partition; undefined if no key can lie in it. */
export function queryOfSpan(pk: string, span: KeySpan, direction: Direction, limit?: number): Query | undefined {
  const { lower, upper } = span;
  if (lower !== undefined && upper !== undefined) {
    const order = compareKeys(lower.key, upper.key);
    if (order > 0 || (order === 0 && !(lower.inclusive && upper.inclusive))) return undefined;
  }
  return {
    pk,
    direction,
    ...(lower === undefined ? {} : lower.inclusive ? { from: lower.key } : { after: lower.key }),
    ...(upper === undefined ? {} : upper.inclusive ? { through: upper.key } : { before: upper.key }),
    ...(limit === undefined ? {} : { limit }),
  };
}

/** `sign` 1 keeps the higher of two bounds, -1 the lower. */
function tighter(a: Bound | undefined, b: Bound | undefined, sign: 1 | -1): Bound | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  const order = sign * compareKeys(a.key, b.key);
  if (order === 0) return a.inclusive ? b : a;
  return order > 0 ? a : b;
}

/**
 * The lowest text above all that begin with a prefix: its last character that can grow is the next one, what comes
 * behind falls away. UTF-8 keeps the order of code points, so `b/` gives `b0`. Undefined if nothing is above.
 */
function successor(prefix: string): string | undefined {
  const points = Array.from(prefix, (char) => char.codePointAt(0) ?? 0);
  while (points.at(-1) === 0x10ffff) points.pop();
  const last = points.pop();
  if (last === undefined) return undefined;
  // The code points between are surrogates, which no well-formed text has.
  return String.fromCodePoint(...points, last === 0xd7ff ? 0xe000 : last + 1);
}
