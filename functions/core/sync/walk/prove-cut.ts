import type { RangeRow } from '../../catalogue/range-map.ts';
import { confirms } from '../progress/page-evidence.ts';
import { type RangeWork, saveWork } from '../progress/range-work.ts';
import type { RunContext } from '../worker/run-context.ts';
import { RunYielded } from '../worker/run-unwound.ts';
import { WayChange } from '../worker/way-change.ts';
import { KeyedListing } from './keyed-listing.ts';
import { liesBeside } from './listed-pages.ts';
import { isCut } from './open-listing.ts';

/**
 * Goes on where a range of a foreign server ends: with the next range, by the same listing, where nobody is at it. Where
 * another listing began at the cut, its first page must be what this one finds beyond it; if it is not, and still is not
 * when it is asked for again, no listing from a key is believed. If only objects had moved, the range beyond is listed
 * once more, by this listing. Returns the work to go on with. Throws WayChange, Failure.
 */
export async function goBeyond(
  context: RunContext,
  work: RangeWork,
  listing: KeyedListing,
): Promise<RangeWork | undefined> {
  const { board, config } = context;
  const next = board.rangeAfter(work.range);
  if (next === undefined || liesBeside(next, config.prefix) || !isCut(context, next.lo)) return undefined;
  const taken = await board.claim(next);
  if (taken !== undefined) {
    await noteBridge(context, work, 'carried');
    return taken;
  }
  const opening = await board.openingOf(next);
  if (opening === undefined) throw new RunYielded();
  // Left to the proof of cuts at the end.
  if (opening === 'none') return undefined;
  const { keys, ended } = await listing.peek(opening.count);
  if (confirms(opening, keys, ended)) {
    await noteBridge(context, work, opening.digest);
    return undefined;
  }
  await demandSame(context, next, keys, ended);
  const again = await board.again(next);
  if (again === undefined) throw new RunYielded();
  await noteBridge(context, work, 'carried');
  return again;
}

/**
 * Proves the cuts that no listing went beyond in this pass, for instance because its worker stopped there: the last page
 * before each is listed once more. To be called when all ranges are done. Throws WayChange where one is not proved.
 */
export async function proveCuts(context: RunContext): Promise<void> {
  const { board, config } = context;
  const ranges = board.ranges();
  for (const [index, next] of ranges.entries()) {
    const range = ranges[index - 1];
    if (range === undefined || liesBeside(next, config.prefix) || !isCut(context, next.lo)) continue;
    const [before, after] = [board.progressOf(range), board.progressOf(next)];
    if (before?.bridge === (after?.opening?.digest ?? 'carried')) continue;
    if (before?.page === undefined || after?.opening === undefined) throw notProved();
    const listing = KeyedListing.resumed(context, before.page, next.lo);
    const { keys, ended } = await listing.peek(after.opening.count);
    if (!confirms(after.opening, keys, ended)) {
      await demandSame(context, next, keys, ended);
      throw notProved();
    }
  }
}

function notProved(): WayChange {
  return new WayChange('sequence', 'where listings of this pass met, they could not be compared any more', false);
}

/** Asks for the first page after the cut again. Throws WayChange if it differs from what the listing before found. */
async function demandSame(
  context: RunContext,
  { lo }: RangeRow,
  keys: readonly string[],
  ended: boolean,
): Promise<void> {
  const listing = new KeyedListing(context, lo);
  await listing.peek(1);
  if (listing.opened !== undefined && confirms(listing.opened, keys, ended)) return;
  throw new WayChange(
    'sequence',
    `a listing that began after the key ${shown(lo)} was not what followed there in the listing before it`,
    true,
  );
}

async function noteBridge(context: RunContext, work: RangeWork, bridge: string): Promise<void> {
  work.bridge = bridge;
  if (work.version > 0 || context.board.shared) await saveWork(context, work, 'released');
}

function shown(key: string): string {
  return JSON.stringify(key.length > 200 ? `${key.slice(0, 200)}…` : key);
}
