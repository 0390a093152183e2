import { Failure } from '../../model/errors.ts';
import { sumTallies } from '../progress/range-tally.ts';
import type { RangeWork } from '../progress/range-work.ts';
import { SpooledListing } from '../spool/spooled-listing.ts';
import type { Listing } from '../walk/listing.ts';
import { ScopeListing } from '../walk/scope-listing.ts';
import { syncRange } from '../walk/sync-range.ts';
import type { RunContext } from '../worker/run-context.ts';
import { RunYielded } from '../worker/run-unwound.ts';

/**
 * Syncs all ranges of a run one after the other, by one listing of the whole scope. Throws what syncRange does, and
 * Failure `listing_too_large` where an invocation's time is over before the listing got to anything new.
 */
export async function syncInOrder(context: RunContext): Promise<void> {
  const first = await context.board.claim();
  if (first === undefined) return;
  const listing = await open(context, first);
  try {
    for (let work: RangeWork | undefined = first; work !== undefined; ) {
      work = (await syncRange(context, work, listing)) ?? (await context.board.claim());
    }
  } catch (error) {
    // What was sorted is gone with this invocation: the next one would begin from nothing. Where it waited for the table, the
    // listing itself did fit, and what was written is passed over the next time.
    if (error instanceof RunYielded && context.way === 'spool' && !error.pushedBack) throw doesNotFit(context);
    throw error;
  } finally {
    await listing.close();
  }
}

function doesNotFit({ board }: RunContext): Failure {
  const { counters } = sumTallies(board.tallies());
  return new Failure(
    'listing_too_large',
    `the server lists in no order, so its whole listing has to fit into one invocation, and ${counters.pages} pages with ${counters.listed} objects did not; nothing was deleted. Narrow the prefix into several datasources`,
  );
}

/** What lies before the first range that is not done was compared. */
async function open(context: RunContext, { range, position }: RangeWork): Promise<Listing> {
  const passed = position ?? range.lo;
  if (context.way === 'sequence') return new ScopeListing(context, passed);
  return new SpooledListing(context, await context.deps.spools.open(), passed);
}
