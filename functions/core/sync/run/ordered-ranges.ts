import type { RangeWork } from '../progress/range-work.ts';
import type { Listing } from '../walk/listing.ts';
import { ScopeListing } from '../walk/scope-listing.ts';
import { syncRange } from '../walk/sync-range.ts';
import type { RunContext } from '../worker/run-context.ts';

/**
 * Syncs all ranges of a run one after the other, by one listing of the whole scope. Throws what syncRange does, and
 * Failure `listing_too_large` where an invocation's time is over before the listing got to anything new.
 */
export async function syncInOrder(context: RunContext): Promise<void> {
  const first = await context.board.claim();
  if (first === undefined) return;
  const listing = open(context, first);
  try {
    for (let work: RangeWork | undefined = first; work !== undefined; ) {
      work = (await syncRange(context, work, listing)) ?? (await context.board.claim());
    }
  } finally {
    await listing.close();
  }
}

/** What lies before the first range that is not done was compared. */
function open(context: RunContext, { range, position }: RangeWork): Listing {
  return new ScopeListing(context, position ?? range.lo);
}
