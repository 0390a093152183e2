import { amongCandidates, listCandidates } from '../../runs/candidates.ts';
import { passIdOf, type RunRow } from '../../runs/run.ts';
import { readRun } from '../../runs/run-store.ts';
import type { Past } from '../../runs/sync-state.ts';
import { prefixWarnings } from '../../source/prefix-warnings.ts';
import { checkpoint } from '../worker/run-context.ts';
import {
  assertOddKeysOnly,
  type Doubts,
  doubtWarnings,
  inquire,
  keysOf,
  openDoubts,
  rememberDoubts,
} from './doubts.ts';
import { recordsToRemove, removeRecords } from './gone-records.ts';
import { inChunks } from './in-chunks.ts';
import { judgeInbox, lookAtInbox } from './inbox.ts';
import { mustAskEach } from './must-ask-each.ts';
import { settleLeaving } from './settle-leaving.ts';
import type { SettlingContext } from './settling-context.ts';

/** Records are looked up and removed in batches of this many, and asked for in smaller ones: at the slowest, two seconds a
 *  request, such a batch takes less than an invocation keeps in reserve. */
const chunk = 1000;
const askedAtOnce = 128;

export type Settlement = {
  readonly status: 'completed' | 'held';
  readonly hold?: RunRow['hold'];
  /** Candidates left to the next run, which must miss them too. */
  readonly waiting?: number;
  /** Keys that the listing lacked and the server did not deny. */
  readonly contradicted?: number;
  /** What is known of an inbox from now on. */
  readonly inbox?: RunRow['inbox'];
  /** What somebody should know of it, a sentence each. */
  readonly warnings?: string[];
};

/** What the decision about the missing keys is made with. */
type Question = {
  readonly past: Past;
  readonly doubts: Doubts;
  /** Not one key was listed in the scope, which records of the catalogue would leave. */
  readonly emptyScope: boolean;
  readonly inbox: Awaited<ReturnType<typeof lookAtInbox>>;
  /** The pass whose hold this run was told to apply. */
  readonly approved: string | undefined;
};

/**
 * Decides about the keys that a complete, proved listing lacked: deletes those confirmed gone, or holds. What the bucket
 * says to exist stays, and does not keep the others. Throws Failure `listing_contradicted` if the listing cannot be
 * relied on at all.
 */
export async function settleDeletions(context: SettlingContext, past: Past): Promise<Settlement> {
  const { run, config } = context;
  const approved = run.approves === undefined ? undefined : await passOf(context, run.approves);
  const emptyScope = await settleLeaving(context, approved);
  const inbox = await lookAtInbox(context, past);
  const doubts = await openDoubts(context, past);
  const settled = await settleMissing(context, { past, doubts, emptyScope, inbox, approved });
  const doubted = keysOf(doubts).length;
  // A dry run notes no candidates, and so finds no doubt.
  if (!run.dry_run && (doubted > 0 || past.careful)) await rememberDoubts(context, doubts);
  const warnings = [...prefixWarnings(config.prefix), ...(settled.warnings ?? []), ...doubtWarnings(doubts)];
  return {
    ...settled,
    ...(doubted > 0 ? { contradicted: doubted } : {}),
    ...(warnings.length > 0 ? { warnings } : {}),
  };
}

async function passOf({ deps, uid }: SettlingContext, runId: string): Promise<string> {
  const run = await readRun(deps.table, uid, runId);
  return run === undefined ? runId : passIdOf(run);
}

async function settleMissing(context: SettlingContext, question: Question): Promise<Settlement> {
  const { deps, run, tally } = context;
  const { past, doubts, approved, inbox } = question;
  const count = tally.candidates - doubts.standing.size;
  const known = inbox?.bucket === undefined ? keptInbox(past) : { inbox: { bucket: inbox.bucket } };
  if (approved !== undefined) {
    if (count > 0) await deleteConfirmed(context, question, approved, false);
    return { status: 'completed', ...known };
  }
  const hold = mustHold(context, question, count) ? describeHold(context, question, count) : undefined;
  if (run.dry_run) {
    tally.counters.deleted = count;
    return { status: 'completed', hold };
  }
  if (hold !== undefined) {
    const expected = inbox !== undefined && !question.emptyScope;
    return expected ? await settleInbox(context, question, hold) : { status: 'held', hold, ...keptInbox(past) };
  }
  if (count === 0) return { status: 'completed', ...known };
  const few = count <= deps.settings.confirmLimit;
  const also = few ? undefined : (past.previous ?? context.pass.id);
  return completed(await deleteConfirmed(context, question, also, false), known);
}

/** What is known of an inbox, where this run learnt nothing more: what was absent before is counted anew. */
function keptInbox({ inbox }: Past): Pick<Settlement, 'inbox'> {
  if (inbox === undefined) return {};
  const { absent: _absent, ...kept } = inbox;
  return { inbox: kept };
}

function completed(waiting: number, known: Pick<Settlement, 'inbox'>): Settlement {
  return { status: 'completed', ...known, ...(waiting === 0 ? {} : { waiting }) };
}

/** An inbox that is emptied by its reader is not held for it: what two complete runs miss, an interval apart, is asked for
 *  key by key. */
async function settleInbox(
  context: SettlingContext,
  question: Question,
  hold: NonNullable<RunRow['hold']>,
): Promise<Settlement> {
  const verdict = judgeInbox(context, question.past, question.inbox?.bucket);
  const { inbox } = verdict;
  if (verdict.kind === 'hold') {
    return { status: 'held', hold, inbox, warnings: [`expect_empty does not apply: ${verdict.reason}`] };
  }
  if (verdict.kind === 'wait') return { status: 'completed', inbox, waiting: hold.candidates };
  const waiting = await deleteConfirmed(context, question, verdict.pass, true);
  const absent = { pass: context.pass.id, at: context.pass.beganAt };
  return completed(waiting, { inbox: waiting > 0 ? { ...inbox, absent } : inbox });
}

function mustHold(context: SettlingContext, { emptyScope }: Question, count: number): boolean {
  const { tally, deps } = context;
  if (emptyScope) return true;
  if (tally.candidates > 0 && tally.counters.listed === 0) return true;
  return count > deps.settings.holdAboveObjects && shareOf(context, count) > deps.settings.holdAboveShare;
}

/** The share of the records in scope that would go: those there were before the run, and are not out of it now. */
function shareOf({ tally }: SettlingContext, going: number): number {
  const { unchanged, modified } = tally.counters;
  return going / (unchanged + modified + tally.candidates);
}

function describeHold(
  context: SettlingContext,
  { emptyScope, doubts }: Question,
  count: number,
): NonNullable<RunRow['hold']> {
  const { candidate_sample: sample, leaving, leaving_sample: alsoGoing, candidates } = context.tally;
  const shown = sample.filter((key) => !doubts.standing.has(key));
  if (!emptyScope) return { candidates: count, share: rounded(shareOf(context, count)), sample: shown };
  const share = (count + leaving) / (candidates + leaving);
  return { candidates: count, share: rounded(share), sample: [...shown, ...alsoGoing].slice(0, 20), leaving };
}

function rounded(share: number): number {
  return Math.round(share * 10_000) / 10_000;
}

/**
 * Deletes the candidates that the bucket confirms. With `also`, only those that this other pass did not find either:
 * what a held run showed when it is approved, or the run before when there are too many to ask about each. Returns how
 * many that other pass had found.
 */
async function deleteConfirmed(
  context: SettlingContext,
  question: Question,
  also: string | undefined,
  askEach: boolean,
): Promise<number> {
  const { deps, tally } = context;
  const { doubts, past } = question;
  const few = tally.candidates - doubts.standing.size <= deps.settings.confirmLimit;
  const each = few || askEach || (await mustAskEach(context, doubts, past.careful));
  let found = 0;
  const missing = listCandidates(deps.table, context.uid, context.pass.id);
  const size = few ? deps.settings.confirmLimit : each ? askedAtOnce : chunk;
  for await (const batch of inChunks(missing, size, doubts.standing)) {
    if (!few) await checkpoint(context, tally.removed > 0);
    const keys = await absentTwice(context, also, batch);
    found += batch.length - keys.length;
    await removeConfirmed(context, keys, each ? doubts : undefined, few);
  }
  await assertOddKeysOnly(context, doubts);
  return found;
}

/** Asks for these keys where there are `doubts` to add to, and removes those that are gone. */
async function removeConfirmed(
  context: SettlingContext,
  keys: readonly string[],
  doubts: Doubts | undefined,
  all: boolean,
): Promise<void> {
  const live = await recordsToRemove(context, keys, 'deleted');
  if (live.length === 0) return;
  if (doubts === undefined) {
    await removeRecords(context, live, 'deleted');
    return;
  }
  const { gone } = await inquire(context, doubts, live);
  // Where these are all there are, nothing is deleted if too many of them exist.
  if (all) await assertOddKeysOnly(context, doubts);
  const going = live.filter((record) => gone.has(record.sk));
  await removeRecords(context, going, 'deleted');
}

async function absentTwice(context: SettlingContext, also: string | undefined, keys: string[]): Promise<string[]> {
  if (also === undefined) return keys;
  // A first run of this kind has no run before it to compare with: all wait for the next.
  if (also === context.pass.id) return [];
  const shown = await amongCandidates(context.deps.table, context.uid, also, keys);
  return keys.filter((key) => shown.has(key));
}
