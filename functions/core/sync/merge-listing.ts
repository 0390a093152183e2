import { compareKeys } from '../keys/byte-order.ts';
import type { ListedObject } from '../ports.ts';

/** What lies at one key: in the listing only, in the store only, or in both. */
export type Pair<Stored> =
  | { readonly at: 'listing'; readonly object: ListedObject }
  | { readonly at: 'store'; readonly stored: Stored }
  | { readonly at: 'both'; readonly object: ListedObject; readonly stored: Stored };

/** Walks a listing beside the stored records, both in UTF-8 byte order, page by page. */
export type ListingMerge<Stored> = {
  /** The pairs up to the last object of this page. */
  page(objects: readonly ListedObject[]): AsyncIterable<Pair<Stored>>;
  /** What the store has beyond the last page. Only to be asked once the listing is proved complete. */
  rest(): AsyncIterable<Pair<Stored>>;
  close(): Promise<void>;
};

/**
 * Begins a merge. The store is read no further than one record past the keys merged so far, so records may be written
 * at those keys while the merge goes on.
 */
export function mergeListing<Stored extends { readonly sk: string }>(
  records: AsyncIterable<Stored>,
): ListingMerge<Stored> {
  const iterator = records[Symbol.asyncIterator]();
  let head: IteratorResult<Stored> | undefined;

  const peek = async (): Promise<Stored | undefined> => {
    head ??= await iterator.next();
    return head.done ? undefined : head.value;
  };
  const advance = (): void => {
    if (head && !head.done) head = undefined;
  };

  return {
    async *page(objects) {
      for (const object of objects) {
        let stored = await peek();
        while (stored !== undefined && compareKeys(stored.sk, object.key) < 0) {
          advance();
          yield { at: 'store', stored };
          stored = await peek();
        }
        if (stored !== undefined && stored.sk === object.key) {
          advance();
          yield { at: 'both', object, stored };
        } else {
          yield { at: 'listing', object };
        }
      }
    },
    async *rest() {
      for (let stored = await peek(); stored !== undefined; stored = await peek()) {
        advance();
        yield { at: 'store', stored };
      }
    },
    async close() {
      await iterator.return?.();
    },
  };
}
