import * as z from 'zod';
import { liesAhead } from '../model/ahead.ts';
import type { Item, Key, Table } from '../model/ports/table.ts';
import { fromItem, toItem } from '../table/stored-item.ts';
import { type InboxState, inboxState, passIdOf, type RunRow, runRow } from './run.ts';

/** What outlives the runs of a datasource: which run was last to see the whole bucket, and how the runs are doing. */
const stateRow = z.object({
  v: z.literal(1),
  last_complete: z
    .object({
      run: z.string(),
      fingerprint: z.string(),
      listed: z.number(),
      /** Of these in its scope; not known of runs of before. */
      matched: z.number().optional(),
      /** When the pass of the last run began that ended `completed`, epoch ms. */
      at: z.number().optional(),
    })
    .optional(),
  /** A pass over the bucket that ran out of time: the next run of the same scope goes on from it. */
  unfinished: z
    .object({ pass: z.string(), began_at: z.string(), fingerprint: z.string(), way: runRow.shape.way })
    .optional(),
  /** Complete runs that held one after the other, under one scope: the first of them, the last, how many, since when. */
  hold: z
    .object({ first: z.string(), last: z.string(), runs: z.number().int(), since: z.string().optional() })
    .optional(),
  /** So many complete runs more ask for each key that they miss, for the server contradicted its listing not long ago. */
  careful: z.number().int().optional(),
  inbox: inboxState.optional(),
  failures: z.number().int(),
  failing_since: z.string().optional(),
  error: z.object({ code: z.string(), message: z.string() }).optional(),
  /** No scheduled run before this moment (epoch ms), as long as the settings are those that it was decided for. */
  retry_at: z.number().optional(),
  /** When that was counted from (epoch ms). */
  retry_from: z.number().optional(),
  settings: z.string().optional(),
  /** The run that ended last, kept when its own record has expired. */
  last_run: runRow.optional(),
});
export type SyncState = z.output<typeof stateRow>;

const freshState: SyncState = { v: 1, failures: 0 };

/** The longest that failures in a row put off the next scheduled run, a day, and that holds in a row do, an hour. */
const longestBackoffMs = 86_400_000;
const longestHoldBackoffMs = 3_600_000;

/** A server that contradicted its listing is not believed on the strength of a sample for so many complete runs. */
const carefulRuns = 10;

/** What a run's end is judged with: the time between two scheduled runs, and the settings it ran with. */
export type Judgement = { readonly intervalMs: number | undefined; readonly settings: string };

export function stateKey(uid: string): Key {
  return { pk: uid, sk: 'state' };
}

export async function readState(table: Table, uid: string): Promise<SyncState> {
  const item = await table.get(stateKey(uid));
  return item ? fromItem(stateRow, item) : freshState;
}

export function stateItem(uid: string, state: SyncState): Item {
  return toItem(stateKey(uid), state);
}

/** What earlier runs tell the one that decides about deletions. */
export type Past = {
  /** The pass of the last run that ended `completed` or `held` with the same scope. */
  readonly previous?: string;
  /** When the pass of the last run began that ended `completed`, of whatever scope, epoch ms. */
  readonly completeAt?: number;
  /** One of the last ten runs found a key that its listing lacked and the server had. */
  readonly careful: boolean;
  readonly inbox?: InboxState;
};

/** `fingerprint` is the scope of the run that asks. */
export function pastOf({ last_complete: last, careful = 0, inbox }: SyncState, fingerprint: string): Past {
  const same = last?.fingerprint === fingerprint;
  const { absent: _absent, ...place } = inbox ?? { bucket: {} };
  return {
    ...(same ? { previous: last.run } : {}),
    completeAt: last?.at,
    careful: careful > 0,
    // What was absent under another scope says nothing under this one.
    ...(inbox === undefined ? {} : { inbox: same ? inbox : place }),
  };
}

/**
 * What a run's end makes of the state. A scheduled failure doubles the time to the next scheduled run, counted from when
 * the failed one started; holds in a row do so too, up to an hour, for each of them notes all that it would delete. A
 * complete run clears both. What says nothing about the source (a cancel, a lost lease, a stopped process, a scope that
 * changed) leaves it as it is.
 */
export function stateAfter(state: SyncState, run: RunRow, judgement: Judgement): SyncState {
  return { ...judgedAfter(state, run, judgement), last_run: run };
}

function judgedAfter(state: SyncState, run: RunRow, judgement: Judgement): SyncState {
  if (run.dry_run || run.status === 'canceled') return state;
  if (run.status === 'failed') return afterFailure(state, run, judgement);
  const fingerprint = run.fingerprint ?? '';
  const beganAt = Date.parse(run.pass?.began_at ?? run.started_at ?? run.queued_at);
  const at = run.status === 'completed' ? beganAt : state.last_complete?.at;
  const { listed, matched } = run.counters;
  const seen = { run: passIdOf(run), fingerprint, listed, matched };
  const complete = { ...seen, ...(at === undefined ? {} : { at }) };
  const kept = { ...carefulAfter(state, run), ...(run.inbox === undefined ? {} : { inbox: run.inbox }) };
  if (run.status === 'completed') return { v: 1, failures: 0, last_complete: complete, ...kept };
  const chain = state.last_complete?.fingerprint === fingerprint ? state.hold : undefined;
  const since = chain === undefined ? run.completed_at : chain.since;
  const hold = { first: chain?.first ?? run.id, last: run.id, runs: (chain?.runs ?? 0) + 1, since };
  return {
    v: 1,
    failures: 0,
    last_complete: complete,
    hold,
    ...kept,
    ...pause(run, judgement, hold.runs, longestHoldBackoffMs),
  };
}

function carefulAfter({ careful = 0 }: SyncState, { contradicted = 0 }: RunRow): Pick<SyncState, 'careful'> {
  if (contradicted > 0) return { careful: carefulRuns };
  return careful > 1 ? { careful: careful - 1 } : {};
}

const saysNothingOfTheSource = new Set(['interrupted', 'lease_lost', 'scope_changed']);

function afterFailure(state: SyncState, run: RunRow, judgement: Judgement): SyncState {
  if (run.error === undefined || saysNothingOfTheSource.has(run.error.code)) return state;
  const { unfinished: _unfinished, ...before } = state;
  const left = unfinishedBy(run);
  const kept = {
    ...before,
    ...(left ? { unfinished: left } : {}),
    ...(run.error.code === 'listing_contradicted' ? { careful: carefulRuns } : {}),
    failing_since: state.failing_since ?? run.completed_at,
    error: run.error,
  };
  // Somebody who tries by hand whether it works again does not put off the schedule by it.
  if (run.trigger !== 'schedule' && state.failures > 0) return kept;
  const failures = state.failures + 1;
  const { retry_at: _retryAt, retry_from: _retryFrom, settings: _settings, ...rest } = kept;
  return { ...rest, failures, ...pause(run, judgement, failures, longestBackoffMs) };
}

const keepsItsPass = new Set(['run_time_limit', 'table_throttled', 'quota_exceeded']);

/** An approval lists anew each time: it rests on what is in the bucket now. */
function unfinishedBy(run: RunRow): SyncState['unfinished'] {
  if (!keepsItsPass.has(run.error?.code ?? '') || run.fingerprint === undefined || run.approves !== undefined)
    return undefined;
  const began_at = run.pass?.began_at ?? run.started_at ?? run.queued_at;
  return { pass: passIdOf(run), began_at, fingerprint: run.fingerprint, way: run.way ?? run.pass?.way };
}

/** When scheduled runs go on after so many of the same end in a row. The first delays nothing, and a slot is never
 *  missed for the moment that starting a run takes. */
function pause(
  run: RunRow,
  { intervalMs, settings }: Judgement,
  inARow: number,
  longestMs: number,
): Pick<SyncState, 'retry_at' | 'retry_from' | 'settings'> {
  if (intervalMs === undefined || inARow < 2) return {};
  const delay = Math.min(longestMs, intervalMs * 2 ** (inARow - 1));
  const from = Date.parse(run.started_at ?? run.queued_at);
  return { retry_at: from + delay - 1000, retry_from: from, settings };
}

/** True if scheduled runs are put off now. Settings that were changed since are given their chance at once. */
export function isBackingOff(state: SyncState, settings: string, now: number): boolean {
  return state.settings === settings && retryAt(state, now) !== undefined;
}

/** Until when scheduled runs of a datasource are put off (epoch ms), as far as can be said without its connector, whose
 *  changes end that too; undefined if they are not. */
export function putOffUntil(state: SyncState, datasource: { version: number }, now: number): number | undefined {
  const same = state.settings?.startsWith(`${datasource.version}.`) ?? false;
  return same ? retryAt(state, now) : undefined;
}

/** None where a clock that was ahead counted it: the schedule would be silent until then. */
function retryAt({ retry_at: at, retry_from: from }: SyncState, now: number): number | undefined {
  if (at === undefined || at <= now) return undefined;
  return liesAhead(from ?? at, now, from === undefined ? longestBackoffMs : 0) ? undefined : at;
}

/** Stands for all that a run's success may depend on and that somebody may have mended. */
export function settingsOf(datasource: { version: number }, connector: { version: number }): string {
  return `${datasource.version}.${connector.version}`;
}

/** What an operator's gauge needs of a state: so little of it that 100,000 are read every five minutes. */
const healthRow = z.object({
  failures: z.number(),
  failing_since: z.string().optional(),
  hold: z.object({ since: z.string().optional() }).optional(),
});

/** Since when a datasource fails or holds, epoch milliseconds, or 0 where that is not known; undefined if it is well. */
export function unhealthySince(item: Item | undefined): number | undefined {
  const { failures, failing_since: failing, hold } = healthRow.parse(item ?? freshState);
  if (failures === 0 && hold === undefined) return undefined;
  return Date.parse((failures > 0 ? failing : hold?.since) ?? '') || 0;
}

/** What the API shows of it. `until` (epoch ms) is when scheduled runs go on, where they are put off. */
export function healthView(state: SyncState, until?: number): Record<string, unknown> {
  const retry = until === undefined ? {} : { retry_at: new Date(until).toISOString() };
  if (state.failures > 0) {
    const { failures, failing_since, error } = state;
    return { status: 'failing', failures_in_a_row: failures, failing_since, error, ...retry };
  }
  if (state.hold === undefined) return { status: 'healthy', failures_in_a_row: 0 };
  return { status: 'held', failures_in_a_row: 0, held_run: state.hold.first, ...retry };
}
