import type { WorkMessage } from '../../runs/work-message.ts';
import type { RangeWork } from '../progress/range-work.ts';
import { openListing } from '../walk/open-listing.ts';
import { goBeyond } from '../walk/prove-cut.ts';
import { syncRange } from '../walk/sync-range.ts';
import { checkpoint, type RunContext } from '../worker/run-context.ts';
import { RunYielded } from '../worker/run-unwound.ts';

/**
 * Syncs the ranges of a run that nobody else is at, several at once, and calls further workers where there are more of
 * them than this one can take. Returns true when every range of the run is done, false when others are still at some.
 * Throws what broke the first stream off; the others stop at their next page. Throws what broke another worker off.
 */
export async function syncRanges(context: RunContext): Promise<boolean> {
  const { board, deps } = context;
  const alone = deps.settings.workers <= 1;
  const called = { workers: 0 };
  for (;;) {
    await runStreams(context, called);
    if (!alone && board.shared) await board.refresh();
    if (board.waiting === 0) break;
    // What waits and could not be taken may be so because the run is over: then the lease tells why.
    await checkpoint(context);
  }
  if (board.done === board.total) return true;
  // Whoever was at the rest may be so no more: then the lease tells why.
  await checkpoint(context);
  return false;
}

async function runStreams(context: RunContext, called: { workers: number }): Promise<void> {
  const { board, deps, progress } = context;
  const { streams } = deps.settings;
  const active = new Set<Promise<void>>();
  const failures: unknown[] = [];
  const breakOff = (error: unknown): void => {
    failures.push(error);
    progress.halted = true;
    board.halted = true;
    board.tell();
  };
  const begin = (work: RangeWork): void => {
    const stream: Promise<void> = syncAll(context, work)
      .catch(breakOff)
      .finally(() => active.delete(stream));
    active.add(stream);
  };
  try {
    while (failures.length === 0) {
      while (active.size < streams && failures.length === 0) {
        const work = await board.claim();
        if (work === undefined) break;
        begin(work);
      }
      board.idle = streams - active.size + (mostCalls(context) - called.workers) * streams;
      // Those that run now: one may end, and be forgotten, while workers are called.
      const running = [...active];
      if (running.length === 0) break;
      await callWorkers(context, called);
      await Promise.race([...running, board.offered()]);
    }
  } catch (error) {
    // Streams that were begun come to their end before the run does.
    breakOff(error);
  }
  await Promise.all(active);
  if (failures.length > 0) throw mostTelling(failures);
}

/** A range, those that are begun where it was closed, and those that the same listing goes on into. */
async function syncAll(context: RunContext, first: RangeWork): Promise<void> {
  const listing = openListing(context, first);
  try {
    for (let work: RangeWork | undefined = first; work !== undefined; ) {
      const done = work;
      work = await syncRange(context, done, listing);
      if (work === undefined && context.foreign) work = await goBeyond(context, done, listing);
      // Only now nothing more is written of it.
      context.board.finished(done.range);
    }
  } finally {
    await listing.close();
  }
}

/** Only who holds the run calls others, or those would call others in turn. On a foreign server one worker does it all:
 *  where its listings meet, each is held against the other. */
function mostCalls({ deps, held, foreign }: RunContext): number {
  return !foreign && held.current().holder === deps.holder ? deps.settings.workers - 1 : 0;
}

async function callWorkers(context: RunContext, called: { workers: number }): Promise<void> {
  const { board, deps, held, run } = context;
  const { streams } = deps.settings;
  while (board.waiting > called.workers * streams && called.workers < mostCalls(context)) {
    called.workers += 1;
    const { datasource, uid, id } = run;
    const message: WorkMessage = { type: 'ranges', datasource, uid, run: id, fence: held.fence };
    await deps.queue.send(message);
  }
}

/** One stream's failure stops the others; theirs is only that they were stopped. */
function mostTelling(failures: readonly unknown[]): unknown {
  return failures.find((failure) => !(failure instanceof RunYielded)) ?? failures[0];
}
