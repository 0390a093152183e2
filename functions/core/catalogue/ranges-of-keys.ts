import { compareKeys } from '../keys/byte-order.ts';
import type { RangeRow } from './range-map.ts';

/** Sorts keys by the range that each belongs to. `ranges` in key order, without gaps. */
export function rangesOfKeys(ranges: readonly RangeRow[], keys: readonly string[]): Map<RangeRow, string[]> {
  const found = new Map<RangeRow, string[]>();
  for (const key of keys) {
    const range = ranges[lastBefore(ranges, key)];
    if (range === undefined) continue;
    const there = found.get(range);
    if (there === undefined) found.set(range, [key]);
    else there.push(key);
  }
  return found;
}

/** The last range that begins before a key; -1 if there is none. */
function lastBefore(ranges: readonly RangeRow[], key: string): number {
  let low = 0;
  let high = ranges.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (compareKeys(ranges[middle]?.lo ?? '', key) < 0) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}
