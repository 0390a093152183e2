import { amendRange, type RangeRow } from '../documents/range-map.ts';
import { ConditionFailed } from '../errors.ts';
import { fenceCheck, leaseLost } from './lease.ts';
import type { RunRow } from './run.ts';
import { checkpointOf, type RunContext, type RunTally } from './run-context.ts';
import { runItem } from './run-store.ts';

/**
 * Stores how far the run is and brings the range map's counts up to what was written, no more often than the settings
 * say. Throws Failure `lease_lost` if another run took over.
 */
export async function noteProgress(context: RunContext): Promise<void> {
  const { deps, tally, run } = context;
  const now = deps.clock.now();
  if (now - tally.notedAt < deps.settings.progressMs) return;
  tally.notedAt = now;
  if (!run.dry_run) await noteCounts(context);
  const { counters } = tally;
  const noted = progressOf(context);
  try {
    await deps.table.put(runItem(noted), { type: 'fence', atMost: context.held.fence });
  } catch (error) {
    throw error instanceof ConditionFailed ? leaseLost() : error;
  }
  deps.log.info('sync in progress', {
    datasource: run.datasource,
    run: run.id,
    pages: counters.pages,
    listed: counters.listed,
    added: counters.added,
    modified: counters.modified,
    percent: noted.percent,
  });
}

/** The run's row with how far it is; a step forward clears how often it had to be taken up again. */
export function progressOf(context: RunContext): RunRow {
  const { run, tally } = context;
  return {
    ...run,
    counters: { ...tally.counters },
    percent: percentOf(context),
    checkpoint: checkpointOf(context),
    resumed: tally.position === run.checkpoint?.position && tally.removed === 0 ? run.resumed : 0,
  };
}

/** Adds what was written since the last time to the counts of the range. Throws Failure `lease_lost`. */
export async function noteCounts(context: RunContext): Promise<void> {
  const { objects, bytes } = pendingOf(context.tally);
  if (objects === 0 && bytes === 0) return;
  await amendCounts(context, (row) => ({ objects: row.objects + objects, bytes: row.bytes + bytes }));
}

/**
 * Sets the counts of the range to what a whole walk over it found, so that whatever an interrupted run left uncounted
 * is mended. Where a record was removed by request meanwhile, the walk may or may not have seen it: then only this
 * run's own changes are added.
 */
export async function settleCounts(context: RunContext): Promise<void> {
  const { tally, range } = context;
  const pending = pendingOf(tally);
  const walked = {
    objects: tally.stored.objects + tally.change.objects + tally.deleted.objects,
    bytes: tally.stored.bytes + tally.change.bytes + tally.deleted.bytes,
  };
  // An unchanged bucket writes nothing, here either: the map had these counts when the run began, and still has them.
  const known = walked.objects === range.objects && walked.bytes === range.bytes;
  const untouched = [pending, tally.noted].every(({ objects, bytes }) => objects === 0 && bytes === 0);
  if (known && untouched) return;
  await amendCounts(context, (row) =>
    row.edits === tally.edits ? walked : { objects: row.objects + pending.objects, bytes: row.bytes + pending.bytes },
  );
}

function pendingOf(tally: RunTally): { objects: number; bytes: number } {
  return {
    objects: tally.change.objects + tally.deleted.objects - tally.noted.objects,
    bytes: tally.change.bytes + tally.deleted.bytes - tally.noted.bytes,
  };
}

async function amendCounts(
  context: RunContext,
  change: (row: RangeRow) => { objects: number; bytes: number },
): Promise<void> {
  const { deps, uid, held, tally, range } = context;
  try {
    await amendRange(deps.table, uid, range.lo, (row) => ({ ...row, ...change(row) }), [fenceCheck(uid, held.fence)]);
  } catch (error) {
    throw error instanceof ConditionFailed ? leaseLost() : error;
  }
  tally.noted = {
    objects: tally.change.objects + tally.deleted.objects,
    bytes: tally.change.bytes + tally.deleted.bytes,
  };
}

/** How far the run is, of the size that the catalogue had; unknown for a first load. */
function percentOf(context: RunContext): number | undefined {
  const { expected } = context.tally;
  if (expected === 0) return undefined;
  return Math.min(99, Math.floor((context.tally.counters.matched / expected) * 100));
}
