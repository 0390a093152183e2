import type { Buckets } from '#core/model/ports/bucket.ts';
import type { ListRequest } from '#core/model/ports/listing.ts';
import { positionOf } from './bucket-model.ts';

/** Sees which pages are asked for. */
export type ListingWatch = {
  readonly buckets: Buckets;
  /** Pages that were answered. */
  readonly pages: number;
  /** Those of them that begin where an earlier one had begun. */
  readonly repeated: number;
  reset(): void;
};

/** Watches the pages of buckets on the bucket model. Questions about one key are no pages. */
export function watchListings(buckets: Buckets): ListingWatch {
  let begun = new Set<string>();
  let pages = 0;
  let repeated = 0;
  const note = (request: ListRequest): void => {
    const start = JSON.stringify([request.prefix, startOf(request)]);
    pages += 1;
    if (begun.has(start)) repeated += 1;
    begun.add(start);
  };
  return {
    buckets: {
      open(target) {
        const bucket = buckets.open(target);
        return {
          ...bucket,
          async list(request) {
            const page = await bucket.list(request);
            if (request.maxKeys > 1) note(request);
            return page;
          },
        };
      },
    },
    get pages() {
      return pages;
    },
    get repeated() {
      return repeated;
    },
    reset() {
      begun = new Set();
      pages = 0;
      repeated = 0;
    },
  };
}

function startOf({ continuation, startAfter }: ListRequest): string {
  return continuation === undefined ? (startAfter ?? '') : positionOf(continuation);
}
