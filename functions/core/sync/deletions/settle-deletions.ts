import { rangesOfKeys } from '../../catalogue/ranges-of-keys.ts';
import { type RecordRow, readRecord, recordPartition } from '../../catalogue/record.ts';
import { amongCandidates, listCandidates } from '../../runs/candidates.ts';
import { passIdOf, type RunRow } from '../../runs/run.ts';
import { readRun } from '../../runs/run-store.ts';
import { checkpoint } from '../worker/run-context.ts';
import { confirmGone } from './confirm-gone.ts';
import { removeFromRanges } from './remove-from-ranges.ts';
import type { SettlingContext } from './settling-context.ts';

/** Records are looked up and removed in batches of this many, and asked for in smaller ones: at the slowest, two seconds a
 *  request, such a batch takes less than an invocation keeps in reserve. */
const chunk = 1000;
const askedAtOnce = 128;

/** What a listing did not have so long ago is asked for key by key before it is deleted. */
const freshForMs = 900_000;

export type Settlement = {
  readonly status: 'completed' | 'held';
  readonly hold?: RunRow['hold'];
  /** Candidates left to the next run, which must miss them too. */
  readonly waiting?: number;
  /** What somebody should know of it, a sentence each. */
  readonly warnings?: string[];
};

/**
 * Decides about the keys that a complete, proved listing lacked: deletes those confirmed gone, or holds. `previous` is
 * the pass of the last run that ended `completed` or `held` with the same scope. Throws Failure if the bucket contradicts the
 * listing; then nothing was deleted.
 */
export async function settleDeletions(context: SettlingContext, previous: string | undefined): Promise<Settlement> {
  const { deps, run, tally } = context;
  const count = tally.candidates;
  if (count === 0) return { status: 'completed' };
  if (run.approves !== undefined) {
    await deleteConfirmed(context, await passOf(context, run.approves));
    return { status: 'completed' };
  }
  const hold = mustHold(context) ? describeHold(context) : undefined;
  if (run.dry_run) {
    tally.counters.deleted = count;
    return { status: 'completed', hold };
  }
  if (hold !== undefined) return { status: 'held', hold };
  const few = count <= deps.settings.confirmLimit;
  const waiting = await deleteConfirmed(context, few ? undefined : (previous ?? context.pass.id));
  return waiting === 0 ? { status: 'completed' } : { status: 'completed', waiting };
}

async function passOf({ deps, uid }: SettlingContext, runId: string): Promise<string> {
  const run = await readRun(deps.table, uid, runId);
  return run === undefined ? runId : passIdOf(run);
}

function mustHold(context: SettlingContext): boolean {
  const { tally, deps } = context;
  if (tally.counters.listed === 0) return true;
  return tally.candidates > deps.settings.holdAboveObjects && shareOf(context) > deps.settings.holdAboveShare;
}

/** The share of the records in scope that would go: those there were before the run, and are not out of it now. */
function shareOf({ tally }: SettlingContext): number {
  const { unchanged, modified } = tally.counters;
  return tally.candidates / (unchanged + modified + tally.candidates);
}

function describeHold(context: SettlingContext): NonNullable<RunRow['hold']> {
  const share = Math.round(shareOf(context) * 10_000) / 10_000;
  return { candidates: context.tally.candidates, share, sample: [...context.tally.candidate_sample] };
}

/**
 * Deletes the candidates that the bucket confirms. With `also`, only those that this other run did not find either:
 * what a held run showed when it is approved, or the run before when there are too many to ask about each. Returns how
 * many that other run had found.
 */
async function deleteConfirmed(context: SettlingContext, also: string | undefined): Promise<number> {
  const { deps, tally } = context;
  if (tally.candidates <= deps.settings.confirmLimit) {
    const keys = await collect(context, also);
    await removeConfirmed(context, await liveRecords(context, keys), true);
    return tally.candidates - keys.length;
  }
  let found = 0;
  const each = await mustAskEach(context);
  for await (const batch of inChunks(context, each ? askedAtOnce : chunk)) {
    await checkpoint(context, tally.removed > 0);
    const keys = await absentTwice(context, also, batch);
    found += batch.length - keys.length;
    await removeConfirmed(context, await liveRecords(context, keys), each);
  }
  return found;
}

/** Asks for the keys of these records where asked to, and removes those that are gone. */
async function removeConfirmed(context: SettlingContext, live: readonly RecordRow[], ask: boolean): Promise<void> {
  if (live.length === 0) return;
  const gone = ask
    ? await confirmGone(
        context,
        live.map((record) => record.sk),
      )
    : undefined;
  const going = gone === undefined ? live : live.filter((record) => gone.has(record.sk));
  await removeFromRanges(context, going, () => {
    context.tally.counters.deleted += 1;
    context.tally.removed += 1;
    context.progress.steps += 1;
  });
}

/**
 * True if a sample is not enough: where one of it was written again meanwhile, others of the rest may have been, and the
 * older an absence is, the more: after 15 minutes, or when the run waited for another invocation. Where nothing was
 * listed at all, there is no control that would show a server that lies. Throws Failure if the sample contradicts the
 * listing.
 */
async function mustAskEach(context: SettlingContext): Promise<boolean> {
  const { deps, run, tally } = context;
  const sample = await spreadSample(context);
  const gone = await confirmGone(context, sample);
  const age = deps.clock.now() - context.pass.beganAt;
  return (
    gone.size < sample.length ||
    age > freshForMs ||
    tally.counters.listed === 0 ||
    run.checkpoint !== undefined ||
    run.pass !== undefined
  );
}

async function collect(context: SettlingContext, also: string | undefined): Promise<string[]> {
  const keys: string[] = [];
  for await (const batch of inChunks(context)) keys.push(...(await absentTwice(context, also, batch)));
  return keys;
}

async function absentTwice(context: SettlingContext, also: string | undefined, keys: string[]): Promise<string[]> {
  if (also === undefined) return keys;
  // A first run of this kind has no run before it to compare with: all wait for the next.
  if (also === context.pass.id) return [];
  const shown = await amongCandidates(context.deps.table, context.uid, also, keys);
  return keys.filter((key) => shown.has(key));
}

async function* inChunks(context: SettlingContext, most = chunk): AsyncIterable<string[]> {
  let keys: string[] = [];
  for await (const key of listCandidates(context.deps.table, context.uid, context.pass.id)) {
    keys.push(key);
    if (keys.length < most) continue;
    yield keys;
    keys = [];
  }
  if (keys.length > 0) yield keys;
}

/** Keys at even distances over all candidates. */
async function spreadSample(context: SettlingContext): Promise<string[]> {
  const { tally, deps } = context;
  const step = Math.max(1, Math.floor(tally.candidates / deps.settings.confirmSample));
  const sample: string[] = [];
  let index = 0;
  for await (const key of listCandidates(deps.table, context.uid, context.pass.id)) {
    if (index % step === 0 && sample.length < deps.settings.confirmSample) sample.push(key);
    index += 1;
  }
  return sample;
}

/** The records at these keys that are live. What an earlier invocation of this run deleted counts as this run's. */
async function liveRecords(context: SettlingContext, keys: readonly string[]): Promise<RecordRow[]> {
  const { deps, uid, board, run } = context;
  const places = [...rangesOfKeys(board.ranges(), keys)].flatMap(([range, sks]) => {
    const pk = recordPartition(uid, range.id);
    return sks.map((sk) => ({ pk, sk }));
  });
  const items = await deps.table.batchGet(places);
  const records: RecordRow[] = items.map(readRecord);
  for (const record of records) {
    if (record.gone?.reason === 'deleted' && record.run === run.id) context.tally.counters.deleted += 1;
  }
  return records.filter((record) => record.gone === undefined);
}
