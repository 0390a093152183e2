import { compareKeys } from '../../keys/byte-order.ts';
import { Failure } from '../../model/errors.ts';
import { isOdd, type ListedRow } from '../merge/listed-row.ts';
import { type RangeTally, shownKeys } from '../progress/range-tally.ts';
import type { RangeWork } from '../progress/range-work.ts';
import { checkpoint, type RunContext } from '../worker/run-context.ts';
import type { ListedPage, Listing } from './listing.ts';

/** Some rows of a range, proved to continue those before. `lastKey` is beyond every key that may have been listed. */
export type RangePage = {
  readonly rows: readonly ListedRow[];
  readonly lastKey: string;
  /** The listing was proved to have come to the end of the range. */
  readonly complete: boolean;
};

/**
 * The pages of a range, from where its work stands; ends only where the listing proved to end, or to have passed the
 * range's end. A range that lies beside the prefix is not listed at all: nothing there is in scope. Throws Failure,
 * WayChange, and whatever `checkpoint` throws, between two pages.
 */
export async function* listedPages(context: RunContext, work: RangeWork, listing: Listing): AsyncIterable<RangePage> {
  const { config, deps, progress } = context;
  const { counters, controls } = work.tally;
  if (liesBeside(work.range, config.prefix)) {
    await checkpoint(context, progress.steps > 0);
    progress.steps += 1;
    return;
  }
  for (let complete = false; !complete; ) {
    await checkpoint(context, progress.steps > 0);
    if (counters.pages >= deps.settings.rangePageLimit) throw tooManyPages(counters.pages);
    const part = await listing.next(work.range.hi);
    complete = part.complete;
    for (const page of part.pages) notePage(context, work.tally, page);
    counters.listed += part.rows.filter((row) => !isOdd(row)).length;
    if (part.passing !== true) progress.steps += 1;
    keepControls(controls, part.rows);
    yield { rows: part.rows, lastKey: part.lastKey, complete };
  }
}

/** Ranges beside the prefix hold nothing that is in scope. */
export function liesBeside({ lo, hi }: RangeWork['range'], prefix: string): boolean {
  if (hi !== undefined && compareKeys(hi, prefix) < 0) return true;
  return compareKeys(lo, prefix) > 0 && !lo.startsWith(prefix);
}

function notePage(
  { progress, deps }: RunContext,
  tally: RangeTally,
  { odd, tolerances, serverTime }: ListedPage,
): void {
  tally.counters.pages += 1;
  tally.counters.failed += odd.length;
  for (const name of tolerances) if (!tally.tolerances.includes(name)) tally.tolerances.push(name);
  for (const row of odd) if (tally.odd_sample.length < shownKeys) tally.odd_sample.push(inWords(row));
  if (serverTime !== undefined) progress.clockSkew ??= serverTime - deps.clock.now();
}

function inWords({ key, reason }: ListedPage['odd'][number]): string {
  if (key === undefined) return reason;
  return `${JSON.stringify(key.length > 200 ? `${key.slice(0, 200)}…` : key)}: ${reason}`;
}

function tooManyPages(pages: number): Failure {
  return new Failure(
    'run_page_limit',
    `one range of the listing went on for ${pages} pages without an end; nothing was deleted. If the bucket is really that large, narrow the prefix into several datasources; otherwise report it to whoever runs the S3 server`,
  );
}

/** Remembers the first and the last listed key: objects far apart are not removed together while the run goes on. */
function keepControls(controls: string[], rows: readonly ListedRow[]): void {
  const first = rows.find((row) => !isOdd(row));
  const last = rows.findLast((row) => !isOdd(row));
  if (first === undefined || last === undefined) return;
  if (controls.length === 0) controls.push(first.key);
  controls[1] = last.key;
}
