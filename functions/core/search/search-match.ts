import { compareKeys } from '../keys/byte-order.ts';
import type { FieldType, FilterTerm } from './search-filter.ts';
import type { FieldFilter, SearchQuery, SortKey } from './search-query.ts';

export type Source = Readonly<Record<string, unknown>>;

/**
 * Compiles a search to a predicate over what a hit would show. The words of `query`, parted by white space, must each
 * occur in one of its text fields, in any case; with the operator `or` one word is enough. Filters compare exactly; a field is a dotted path, and where an array
 * stands on it, one matching element is enough.
 */
export function compileMatch(query: SearchQuery): (source: Source) => boolean {
  const words = query.query
    .toLowerCase()
    .split(/\s+/)
    .filter((word) => word !== '');
  const textFields = query.textFields.map((field) => field.split('.'));
  const filters = query.filters.map(compileFieldFilter);
  return (source) => {
    if (!filters.every((holds) => holds(source))) return false;
    if (words.length === 0) return true;
    const texts = textFields.flatMap((path) => valuesAt(source, path)).filter((value) => typeof value === 'string');
    const searched = texts.map((text) => text.toLowerCase());
    const occurs = (word: string) => searched.some((text) => text.includes(word));
    return query.operator === 'or' ? words.some(occurs) : words.every(occurs);
  };
}

/**
 * A comparator for `Array.sort` by the given keys, the first one that differs deciding. Text is ordered by its UTF-8
 * bytes, numbers by size, false before true; numbers come before truth values before text. Of an array its first
 * element counts. What has no value comes last in both directions.
 */
export function compareBySort(sort: readonly SortKey[]): (a: Source, b: Source) => number {
  const keys = sort.map(({ field, direction }) => ({ path: field.split('.'), sign: direction === 'desc' ? -1 : 1 }));
  return (a, b) => {
    for (const { path, sign } of keys) {
      const order = compareValues(valuesAt(a, path)[0], valuesAt(b, path)[0], sign);
      if (order !== 0) return order;
    }
    return 0;
  };
}

function compileFieldFilter(filter: FieldFilter): (source: Source) => boolean {
  const path = filter.field.split('.');
  const [anyOf, allOf, noneOf] = [filter.anyOf, filter.allOf, filter.noneOf].map((terms) => terms.map(compileTerm));
  return (source) => {
    const values = valuesAt(source, path);
    const holds = (term: (value: unknown) => boolean) => values.some(term);
    if (anyOf !== undefined && anyOf.length > 0 && !anyOf.some(holds)) return false;
    // One value has to lie in the whole range: two that each meet one end do not.
    if (allOf !== undefined && allOf.length > 0 && !values.some((value) => allOf.every((term) => term(value))))
      return false;
    return !noneOf?.some(holds);
  };
}

function compileTerm(term: FilterTerm): (value: unknown) => boolean {
  if (term.operator === 'exists') return () => true;
  if (term.operator === 'any') {
    const wanted = new Set<unknown>(term.values);
    return (value) => wanted.has(typed(value, term.type));
  }
  const { operator, value: bound } = term;
  return (value) => {
    const own = typed(value, term.type);
    const order =
      typeof own === 'string' && typeof bound === 'string' ? compareKeys(own, bound) : Number(own) - Number(bound);
    if (operator === '>=') return order >= 0;
    if (operator === '<=') return order <= 0;
    return operator === '>' ? order > 0 : order < 0;
  };
}

/** A stored value as the field's type compares it; undefined when it is of another kind. */
function typed(value: unknown, type: FieldType): string | number | boolean | undefined {
  if (type === 'absent') return undefined;
  if (type === 'text') return typeof value === 'string' ? value : undefined;
  if (type === 'boolean') return typeof value === 'boolean' ? value : undefined;
  if (type === 'date' && typeof value === 'string') return Date.parse(value);
  return typeof value === 'number' ? value : undefined;
}

/** All values at the end of a path, arrays opened on the way; null counts as none. */
export function valuesAt(source: unknown, path: readonly string[]): unknown[] {
  let values: unknown[] = [source];
  for (const name of path) {
    values = values.flatMap((value) =>
      typeof value === 'object' && value !== null && Object.hasOwn(value, name) ? [(value as Source)[name]].flat() : [],
    );
  }
  return values.filter((value) => value !== undefined && value !== null);
}

function compareValues(a: unknown, b: unknown, sign: number): number {
  if (typeof a === 'string' && typeof b === 'string') return sign * Math.sign(compareKeys(a, b));
  const [left, right] = [ranks.indexOf(typeof a), ranks.indexOf(typeof b)];
  if (left < 0 || right < 0) return Number(left < 0) - Number(right < 0);
  return sign * Math.sign(left === right ? Number(a) - Number(b) : left - right);
}

/** The order of kinds; what is none of them, a missing value or an object, has no place in it. */
const ranks: readonly string[] = ['number', 'boolean', 'string'];
