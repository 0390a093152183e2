import { firstKey } from '../../catalogue/range-map.ts';
import { compareKeys } from '../../keys/byte-order.ts';
import type { RangeWork } from '../progress/range-work.ts';
import type { RunContext } from '../worker/run-context.ts';
import { WayChange } from '../worker/way-change.ts';
import { KeyedListing } from './keyed-listing.ts';

/** The listing of a range by itself, from where its work stands. Throws WayChange where that cannot be gone on from. */
export function openListing(context: RunContext, { range, position, page }: RangeWork): KeyedListing {
  if (position === undefined) return new KeyedListing(context, startOf(context, range.lo));
  if (!context.foreign) return new KeyedListing(context, startOf(context, position));
  if (page === undefined) throw new WayChange('sequence', 'where the listing was interrupted is not known', false);
  return KeyedListing.resumed(context, page, position);
}

/** True if the listing of what lies after this key has to name it: otherwise the scope begins there or later. */
export function isCut({ config }: Pick<RunContext, 'config'>, lo: string): boolean {
  return lo !== firstKey && compareKeys(lo, config.prefix) >= 0;
}

function startOf(context: RunContext, lo: string): string | undefined {
  return isCut(context, lo) ? lo : undefined;
}
