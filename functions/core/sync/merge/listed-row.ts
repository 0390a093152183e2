import { compareKeys } from '../../keys/byte-order.ts';
import type { ListedObject, OddRow } from '../../model/ports/listing.ts';

/** A row of a listing whose key could be read, and nothing else of it: what is stored at that key stays as it is. */
export type OddKey = { readonly key: string; readonly odd: true };

export type ListedRow = ListedObject | OddKey;

export function isOdd(row: ListedRow): row is OddKey {
  return 'odd' in row;
}

/** The rows of a page in key order, those with a readable key alone among them. */
export function rowsOf({
  objects,
  odd,
}: {
  readonly objects: readonly ListedObject[];
  readonly odd: readonly OddRow[];
}): readonly ListedRow[] {
  const known = new Set(odd.length === 0 ? [] : objects.map(({ key }) => key));
  const keys = odd.flatMap(({ key }) => (key === undefined || known.has(key) ? [] : [{ key, odd: true } as const]));
  if (keys.length === 0) return objects;
  return [...objects, ...keys].sort((one, other) => compareKeys(one.key, other.key));
}
