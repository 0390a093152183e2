import type { Item } from '../model/ports/table.ts';
import { intersect, type KeySpan, queryOfSpan, spanBeyond, spanOfKey, spanOfPrefix, spanOfRange } from './key-span.ts';
import type { RangeRow } from './range-map.ts';
import { type RecordRow, recordPartition } from './record.ts';
import { inOrder, noteRead, stepOf, type Walk, type WalkStep, walkRecords } from './walk-records.ts';

/** How many items a query asks for: few where folders are big, for most of what it reads is skipped; many in a row of
 *  files, where it goes on doubling. */
const fewestItems = 16;
const mostItems = 1024;

/** How far a listing has come: what is left, and the folder it stands in, if that one was told already. */
type Progress = { left: KeySpan; folder?: string; limit: number };

/**
 * Walks over one folder level in key order: what lies directly in the folder `prefix` (its key with the slash, or '' for
 * the root), each folder in it once and at the place of its own key. The marker of the listed folder itself is not in
 * it. A folder that holds a million objects costs one query: the walk jumps over it. A folder with nothing but
 * tombstones does not exist.
 */
export async function* walkFolder(walk: Walk, prefix: string): AsyncIterable<WalkStep> {
  const progress: Progress = { left: intersect(walk.span, spanOfPrefix(prefix)), limit: fewestItems };
  for (const range of inOrder(walk)) {
    for (let more = true; more; ) {
      more = yield* walkPage(walk, prefix, range, progress);
    }
  }
}

/** Makes one query and moves the progress behind what it read. Returns false at the end of the range. */
async function* walkPage(
  walk: Walk,
  prefix: string,
  range: RangeRow,
  progress: Progress,
): AsyncGenerator<WalkStep, boolean> {
  const { limit } = progress;
  const pk = recordPartition(walk.uid, range.id);
  const query = queryOfSpan(pk, intersect(progress.left, spanOfRange(range)), walk.direction, limit);
  if (query === undefined) return false;
  let read = 0;
  let skipped = 0;
  let last: string | undefined;
  for await (const item of walk.table.query(query)) {
    read += 1;
    last = item.sk;
    const live = noteRead(walk.meter, item);
    if (progress.folder !== undefined && item.sk.startsWith(progress.folder)) {
      skipped += 1;
      continue;
    }
    skipped = 0;
    const step = live ? await levelStep(walk, prefix, item) : { key: item.sk, whole: false };
    progress.folder = step.whole ? step.key : undefined;
    if (step.key !== prefix) yield step;
  }
  if (last === undefined) return false;
  const { folder } = progress;
  progress.left = intersect(
    progress.left,
    spanBeyond(folder === undefined ? { key: last, whole: false } : { key: folder, whole: true }, walk.direction),
  );
  progress.limit = skipped * 2 > read ? Math.max(limit / 2, fewestItems) : Math.min(limit * 2, mostItems);
  if (read < limit) return false;
  walk.meter.jumps += 1;
  return true;
}

/** What a live record means for the level: itself, or the folder it is in. */
async function levelStep(walk: Walk, prefix: string, item: Item): Promise<WalkStep> {
  const slash = item.sk.indexOf('/', prefix.length);
  if (slash < 0 || item.sk === prefix) return stepOf(item);
  const folder = item.sk.slice(0, slash + 1);
  if (item.sk === folder) return { ...stepOf(item), whole: true };
  // Ascending, a marker would have come first. Descending it comes last, and the walk is about to jump over it.
  const record = walk.direction === 'ascending' ? undefined : await findMarker(walk, folder);
  return { key: folder, whole: true, record };
}

async function findMarker(walk: Walk, folder: string): Promise<RecordRow | undefined> {
  walk.meter.jumps += 1;
  const steps = walkRecords({ ...walk, span: intersect(walk.span, spanOfKey(folder)) });
  for await (const { record } of steps) return record;
  return undefined;
}
