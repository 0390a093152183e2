import { firstKey } from '../../catalogue/range-map.ts';
import { compareKeys } from '../../keys/byte-order.ts';
import { Failure } from '../../model/errors.ts';
import type { ListedObject } from '../../model/ports/listing.ts';
import { askPage, type ProvenStep } from '../../source/page-proof.ts';
import type { RangeWork } from '../progress/range-work.ts';
import { checkpoint, type RunContext } from '../worker/run-context.ts';

/** The limit of S3's listing. */
const largestPage = 1000;

/** One page of a range, proved to continue the one before. `lastKey` is beyond every key that may have been listed. */
export type RangePage = {
  readonly objects: readonly ListedObject[];
  readonly lastKey: string;
  /** The listing was proved to have come to the end of the range. */
  readonly complete: boolean;
};

/**
 * The pages of the listing of a range, from where its work stands; ends only where the listing proved to end, or to have
 * passed the range's end. A range that lies beside the prefix is not listed at all: nothing there is in scope. Throws
 * Failure, and whatever `checkpoint` throws, between two pages.
 */
export async function* listedPages(context: RunContext, work: RangeWork): AsyncIterable<RangePage> {
  const { bucket, config, datasource, deps, progress } = context;
  const { counters, controls } = work.tally;
  if (liesBeside(work.range, config.prefix)) {
    await checkpoint(context, progress.steps > 0);
    progress.steps += 1;
    return;
  }
  const maxKeys = datasource.sync.page_size ?? largestPage;
  const from = work.position ?? work.range.lo;
  const startAfter = from === firstKey ? undefined : from;
  let previous: ProvenStep | undefined;
  do {
    await checkpoint(context, progress.steps > 0);
    if (counters.pages >= deps.settings.rangePageLimit) throw tooManyPages(counters.pages);
    const asked = { bucket: config.bucket, prefix: config.prefix, maxKeys, startAfter, previous };
    const proven = await askPage(bucket, asked);
    if (proven.serverTime !== undefined) progress.clockSkew ??= proven.serverTime - deps.clock.now();
    const { hi } = work.range;
    const objects = upTo(proven.objects, hi);
    const end = hi !== undefined && compareKeys(proven.lastKey, hi) >= 0 ? hi : undefined;
    previous = end === undefined ? proven.next : undefined;
    counters.pages += 1;
    counters.listed += objects.length;
    progress.steps += 1;
    keepControls(controls, objects);
    yield { objects, lastKey: end ?? proven.lastKey, complete: previous === undefined };
  } while (previous !== undefined);
}

function tooManyPages(pages: number): Failure {
  return new Failure(
    'run_page_limit',
    `one range of the listing went on for ${pages} pages without an end; nothing was deleted. If the bucket is really that large, narrow the prefix into several datasources; otherwise report it to whoever runs the S3 server`,
  );
}

function liesBeside({ lo, hi }: RangeWork['range'], prefix: string): boolean {
  if (hi !== undefined && compareKeys(hi, prefix) < 0) return true;
  return compareKeys(lo, prefix) > 0 && !lo.startsWith(prefix);
}

function upTo(objects: readonly ListedObject[], hi: string | undefined): readonly ListedObject[] {
  if (hi === undefined) return objects;
  return objects.slice(0, objects.findLastIndex(({ key }) => compareKeys(key, hi) <= 0) + 1);
}

/** Remembers the first and the last listed key: objects far apart are not removed together while the run goes on. */
function keepControls(controls: string[], objects: readonly ListedObject[]): void {
  const [first] = objects;
  const last = objects.at(-1);
  if (first === undefined || last === undefined) return;
  if (controls.length === 0) controls.push(first.key);
  controls[1] = last.key;
}
