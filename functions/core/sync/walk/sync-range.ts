import { fenceCheck, leaseLost } from '../../lease/lease.ts';
import { ConditionFailed } from '../../model/errors.ts';
import { isOdd } from '../merge/listed-row.ts';
import type { RangeTally } from '../progress/range-tally.ts';
import { markSaved, type RangeWork, saveWork } from '../progress/range-work.ts';
import type { RunContext } from '../worker/run-context.ts';
import { noteProgress } from '../worker/run-progress.ts';
import { closeAt, shareRest } from './cut-range.ts';
import { finishRange, noteCounts } from './finish-range.ts';
import { listedPages, type RangePage } from './listed-pages.ts';
import type { Listing } from './listing.ts';
import { openStream, type RangeStream } from './range-stream.ts';
import { goBack, isStop, noteNotKept, release, restingOf } from './stopped-work.ts';

/** Packs written in one transaction: a pack of the longest keys takes some 70 KB, a transaction 4 MB. */
const packsAtOnce = 40;

/**
 * Syncs one range: lists it page by page beside what is stored, writes what was added and modified, takes out what left
 * the scope, notes what the listing lacks as candidates for deletion, then the digests, then how far it is. Deletes
 * nothing. Goes on from where the work stands. Returns undefined when the listing was proved complete, or the work on the
 * range that was begun where this one had become large enough. Throws Failure, RunCanceled, RunYielded.
 */
export async function syncRange(
  context: RunContext,
  work: RangeWork,
  listing: Listing,
): Promise<RangeWork | undefined> {
  const stream = await openStream(context, work, listing).catch(async (error: unknown) => {
    if (isStop(error) && work.version > 0) await release(context, work);
    throw error;
  });
  try {
    for await (const page of listedPages(context, work, listing)) {
      noteOpening(context, work, listing);
      beginStep(stream);
      await takePage(stream, page);
      stream.resting = undefined;
      if (page.complete) break;
      // Some servers answer pages without a key; the listing got no further by them.
      if (page.rows.length === 0) continue;
      const next = await cut(stream, page.lastKey);
      if (next !== undefined) return next;
    }
    beginStep(stream);
    await stream.merge.end();
    await writeInHand(stream);
    work.page = listing.evidence;
    await finishRange(context, work);
    return undefined;
  } catch (error) {
    await leave(stream, error);
    throw error;
  } finally {
    await stream.merge.close();
  }
}

function beginStep(stream: RangeStream): void {
  stream.resting = restingOf(stream.work);
}

/** The first page after a cut is held against what the listing before it finds beyond its end. */
function noteOpening({ board, foreign }: RunContext, work: RangeWork, { opened }: Listing): void {
  if (!foreign || work.opening !== undefined || opened === undefined || opened.after !== work.range.lo) return;
  work.opening = opened;
  board.tell();
}

async function takePage(stream: RangeStream, page: RangePage): Promise<void> {
  const { context, work, merge } = stream;
  const { deps, matches } = context;
  const inScope = page.rows.filter((row) => matches(row.key));
  for (const row of inScope) {
    if (isOdd(row)) continue;
    work.tally.counters.matched += 1;
    work.tally.counters.bytes += row.size;
  }
  noteUnshared(work.tally, page);
  await merge.take(inScope);
  const wrote = await writeInHand(stream);
  if (page.complete || page.rows.length === 0) return;
  const sinceSaved = deps.clock.now() - work.savedAt;
  // Below zero where the clock was set back.
  if (wrote || sinceSaved >= deps.settings.checkpointMs || sinceSaved < 0) await save(stream, page.lastKey, 'claimed');
  else work.listed = page.lastKey;
}

function noteUnshared({ unshared }: RangeTally, { rows: [first] }: RangePage): void {
  unshared.pages += 1;
  unshared.first ??= first?.key;
}

/** Records first, then the digests over them: what a digest says is stored is stored. */
async function writeInHand({ context, writer, ledger }: RangeStream): Promise<boolean> {
  const wrote = await writer.flush();
  const writes = ledger.takeWrites();
  if (context.run.dry_run) return wrote;
  for (let start = 0; start < writes.length; start += packsAtOnce) {
    await context.held.assertWritable();
    const fence = fenceCheck(context.uid, context.held.fence);
    try {
      await context.deps.table.transact([...writes.slice(start, start + packsAtOnce), fence]);
    } catch (error) {
      throw error instanceof ConditionFailed ? leaseLost() : error;
    }
  }
  return wrote;
}

/** Decides about every key listed so far, and stores that this was done. */
async function save(stream: RangeStream, through: string, keep: 'claimed' | 'released'): Promise<void> {
  const { context, work, merge, listing } = stream;
  await merge.settle(through);
  await writeInHand(stream);
  work.page = listing.evidence;
  work.position = through;
  work.listed = undefined;
  markSaved(work);
  await saveWork(context, work, keep);
  await noteProgress(context);
}

/** Cuts the range where that helps: closes it when it is large enough, shares what is ahead when streams are idle. */
async function cut(stream: RangeStream, lastKey: string): Promise<RangeWork | undefined> {
  const { context, work, merge } = stream;
  const { settings } = context.deps;
  if (context.run.dry_run || !(await merge.atTail())) return undefined;
  const { stored, change } = work.tally;
  if (stored.objects + change.objects >= settings.rangeObjects) {
    beginStep(stream);
    await merge.end();
    await writeInHand(stream);
    work.page = stream.listing.evidence;
    return closeAt(context, work, lastKey);
  }
  const { unshared } = work.tally;
  if (unshared.pages >= settings.shareAfterPages && context.board.wanted) {
    unshared.pages = 0;
    await shareRest(context, work, lastKey);
  }
  return undefined;
}

/** When it is stopped between two pages a stream decides about what it has listed, and stores how far it is: what was
 *  proved stays. Whatever stops it, what it added is counted. */
async function leave(stream: RangeStream, error: unknown): Promise<void> {
  const { context, work } = stream;
  try {
    if (isStop(error)) await keep(stream);
    await noteCounts(context, work);
  } catch (reason) {
    noteNotKept(context, reason);
  }
}

async function keep(stream: RangeStream): Promise<void> {
  const { context, work } = stream;
  if (await keptAll(stream)) return;
  if (stream.resting !== undefined) goBack(work, stream.resting);
  // Claimed, and stopped before the end of its first page: whoever goes on must not take it to be in another's hands.
  if (work.version > 0) await saveWork(context, work, 'released');
}

/** Stopped between two pages: what was listed is decided about, as far as the table takes that. */
async function keptAll(stream: RangeStream): Promise<boolean> {
  const { work } = stream;
  const reached = work.listed ?? work.position;
  if (work.done || stream.resting !== undefined || reached === undefined) return false;
  beginStep(stream);
  try {
    await save(stream, reached, 'released');
    return true;
  } catch (reason) {
    if (!isStop(reason)) throw reason;
    noteNotKept(stream.context, reason);
    return false;
  }
}
