import { describe, expect, it } from 'vitest';
import { type RunRow, zeroCounters } from '#core/runs/run.ts';
import { newRunId } from '#core/runs/run-store.ts';
import {
  healthView,
  isBackingOff,
  pastOf,
  putOffUntil,
  type SyncState,
  settingsOf,
  stateAfter,
} from '#core/runs/sync-state.ts';

const minute = 60_000;
const started = Date.parse('2026-03-01T00:00:00Z');
const judgement = { intervalMs: minute, settings: '1.2' };
const error = { code: 'access_denied', message: 'No.' };

const runRow = (change: Partial<RunRow>): RunRow => ({
  ...{ v: 1, version: 1, fence: 1, id: 'run', datasource: 'd', uid: 'u', status: 'running', trigger: 'schedule' },
  ...{ dry_run: false, first_load: false, queued_at: '2026-02-28T23:59:00.000Z', ranges: { done: 0, total: 0 } },
  ...{ started_at: '2026-03-01T00:00:00.000Z', completed_at: '2026-03-01T00:01:00.000Z', fingerprint: 'scope' },
  ...{ counters: { ...zeroCounters, listed: 7 } },
  ...change,
});
const completed = runRow({ status: 'completed' });
const held = (id: string): RunRow => runRow({ id, status: 'held' });
const failed = (change: Partial<RunRow> = {}): RunRow => runRow({ status: 'failed', error, ...change });
const timedOut = (change: Partial<RunRow> = {}): RunRow =>
  failed({ error: { code: 'run_time_limit', message: 'Too long.' }, ...change });

const fresh: SyncState = { v: 1, failures: 0 };
const stateOf = (state: SyncState, ...runs: RunRow[]): SyncState =>
  runs.reduce((before, run) => stateAfter(before, run, judgement), state);
/** Without the run that ended last. */
const judged = (state: SyncState, ...runs: RunRow[]): Omit<SyncState, 'last_run'> => {
  const { last_run: _last, ...rest } = stateOf(state, ...runs);
  return rest;
};
const complete = { run: 'run', fingerprint: 'scope', listed: 7, matched: 0, at: started };

describe('the run that ended last', () => {
  it.each([completed, failed(), runRow({ status: 'canceled' })])('is kept: $status', (run) => {
    expect(stateOf(fresh, run).last_run).toEqual(run);
  });
});

describe('a complete run', () => {
  it('clears what was before', () => {
    const before = stateOf(fresh, held('one'), failed(), failed());
    expect(judged(before, completed)).toEqual({ v: 1, failures: 0, last_complete: complete });
  });

  it('is told by the pass that it ended, and by no scope where it has none', () => {
    const pass = { id: 'first', began_at: '2026-03-01T00:00:00.000Z' };
    const { fingerprint: _fingerprint, ...unscoped } = completed;
    expect(judged(fresh, { ...unscoped, pass })).toMatchObject({
      last_complete: { run: 'first', fingerprint: '', listed: 7, at: started },
    });
  });
});

describe('what says nothing of the source', () => {
  const before = stateOf(fresh, held('one'), failed());

  it.each<[string, RunRow]>([
    ['a canceled run', runRow({ status: 'canceled' })],
    ['a dry run', runRow({ status: 'completed', dry_run: true })],
    ['a failure without a reason', runRow({ status: 'failed' })],
    ['an interrupted run', failed({ error: { code: 'interrupted', message: '' } })],
    ['a displaced run', failed({ error: { code: 'lease_lost', message: '' } })],
    ['a scope that changed', failed({ error: { code: 'scope_changed', message: '' } })],
  ])('leaves the state as it is: %s', (_what, run) => {
    expect(stateOf(before, run)).toEqual({ ...before, last_run: run });
  });
});

describe('holds in a row', () => {
  it('are told by the first, the last and how many, under one scope', () => {
    expect(judged(fresh, held('one'))).toMatchObject({ hold: { first: 'one', last: 'one', runs: 1 } });
    expect(judged(fresh, held('one'), held('two'), held('three'))).toMatchObject({
      hold: { first: 'one', last: 'three', runs: 3 },
    });
    const other = runRow({ id: 'other', status: 'held', fingerprint: 'another' });
    expect(judged(fresh, held('one'), other)).toMatchObject({ hold: { first: 'other', last: 'other', runs: 1 } });
    expect(judged(fresh, completed, held('two'))).toMatchObject({ hold: { first: 'two', last: 'two', runs: 1 } });
  });

  it('put the schedule off from the second on, twice as long each time, up to an hour', () => {
    const waits = Array.from({ length: 9 }, (_, index) => {
      const { retry_at: retry } = stateOf(fresh, ...Array.from({ length: index + 1 }, () => held('one')));
      return retry === undefined ? undefined : (retry + 1000 - started) / minute;
    });
    expect(waits).toEqual([undefined, 2, 4, 8, 16, 32, 60, 60, 60]);
  });
});

describe('a key that contradicted its listing', () => {
  const odd = runRow({ status: 'completed', contradicted: 2 });

  it('makes the ten complete runs after it careful, held ones among them', () => {
    let state = stateOf(fresh, odd);
    const careful: boolean[] = [];
    for (let run = 0; run < 12; run += 1) {
      careful.push(pastOf(state, 'scope').careful);
      state = stateOf(state, run === 4 ? held('h') : completed);
    }
    expect(careful).toEqual([...Array.from({ length: 10 }, () => true), false, false]);
    expect(state).not.toHaveProperty('careful');
  });

  it('does so anew each time, and from a run that failed or held for it', () => {
    const often = stateOf(fresh, odd, completed, completed, { ...held('h'), contradicted: 1 });
    const contradicted = failed({ error: { code: 'listing_contradicted', message: '' } });
    expect([often.careful, stateOf(fresh, contradicted).careful]).toEqual([10, 10]);
  });

  it('is not forgotten by what says nothing of deletions', () => {
    const others = [failed(), runRow({ status: 'canceled' }), runRow({ status: 'completed', dry_run: true })];
    expect(stateOf(fresh, odd, ...others).careful).toBe(10);
    expect(stateOf(fresh, failed())).not.toHaveProperty('careful');
  });
});

describe('what is known of an inbox', () => {
  const inbox = { bucket: { created: 5 }, absent: { pass: 'p', at: 7 } };

  it('is what the last complete run said, and nothing once one says nothing', () => {
    const state = stateOf(fresh, { ...completed, inbox });
    expect(state.inbox).toEqual(inbox);
    expect(stateOf(state, failed()).inbox).toEqual(inbox);
    expect(stateOf(state, { ...held('h'), inbox: { bucket: {}, changed: true } }).inbox).toEqual({
      ...{ bucket: {}, changed: true },
    });
    expect(stateOf(state, completed)).not.toHaveProperty('inbox');
  });

  it('tells the next run of its bucket whatever its scope is, and of what was absent only under the same', () => {
    const state = stateOf(fresh, { ...completed, inbox: { ...inbox, changed: true } });
    expect(pastOf(state, 'scope').inbox).toEqual({ ...inbox, changed: true });
    expect(pastOf(state, 'another').inbox).toEqual({ bucket: { created: 5 }, changed: true });
    expect(pastOf(fresh, 'scope')).toEqual({ careful: false });
  });
});

describe('what a run is told of those before it', () => {
  it('is which was complete under its scope, and when one last completed under any', () => {
    const state = stateOf(fresh, completed);
    expect(pastOf(state, 'scope')).toEqual({ previous: 'run', completeAt: started, careful: false });
    expect(pastOf(state, 'another')).toEqual({ completeAt: started, careful: false });
    const later = runRow({ status: 'held', id: 'h', started_at: '2026-03-02T00:00:00.000Z' });
    expect(pastOf(stateOf(state, later), 'scope')).toMatchObject({ previous: 'h', completeAt: started });
    expect(pastOf(stateOf(fresh, later), 'scope').completeAt).toBeUndefined();
    const { started_at: _started, ...queued } = completed;
    expect(pastOf(stateOf(fresh, queued), 'scope').completeAt).toBe(started - minute);
    const pass = { id: 'first', began_at: '2026-02-27T00:00:00.000Z' };
    expect(pastOf(stateOf(fresh, { ...completed, pass }), 'scope').completeAt).toBe(Date.parse(pass.began_at));
  });
});

describe('failures in a row', () => {
  it('are counted, with what the last said and since when', () => {
    const second = failed({ completed_at: '2026-03-01T00:02:00.000Z', error: { ...error, message: 'Never.' } });
    expect(judged(fresh, failed(), second)).toEqual({
      ...{ v: 1, failures: 2, failing_since: '2026-03-01T00:01:00.000Z', error: { ...error, message: 'Never.' } },
      ...{ retry_at: started + 2 * minute - 1000, retry_from: started, settings: '1.2' },
    });
  });

  it('put the schedule off up to a day, from when the last was started, or was to be', () => {
    const hours = (count: number, run: RunRow): number =>
      ((stateOf(fresh, ...Array.from({ length: count }, () => run)).retry_at ?? 0) + 1000 - started) / minute;
    expect([2, 3, 11, 12, 20].map((count) => hours(count, failed()))).toEqual([2, 4, 1024, 1440, 1440]);
    const { started_at: _started, ...queued } = failed();
    expect(hours(2, queued)).toBe(2 - 1);
  });

  it('put nothing off where nothing is scheduled', () => {
    const byHand = { intervalMs: undefined, settings: '1.2' };
    const twice = [failed(), failed()].reduce((state, run) => stateAfter(state, run, byHand), fresh);
    expect(twice).not.toHaveProperty('retry_at');
    expect(twice.failures).toBe(2);
  });

  it('count one that was started by hand only where it is the first', () => {
    const byHand = failed({ trigger: 'api', error: { ...error, message: 'By hand.' } });
    expect(judged(fresh, byHand)).toMatchObject({ failures: 1, error: { message: 'By hand.' } });
    const before = judged(fresh, failed(), failed());
    expect(judged(stateOf(fresh, failed(), failed()), byHand)).toEqual({ ...before, error: byHand.error });
  });

  it('keep a hold, and what was seen whole', () => {
    expect(judged(fresh, held('one'), failed())).toMatchObject({
      ...{ hold: { first: 'one' }, last_complete: { run: 'one' }, failures: 1 },
    });
  });
});

describe('a run that ran out of time', () => {
  it('leaves its pass to the next run of its scope', () => {
    const unfinished = { pass: 'run', began_at: '2026-03-01T00:00:00.000Z', fingerprint: 'scope' };
    expect(judged(fresh, timedOut())).toMatchObject({ unfinished });
    const pass = { id: 'first', began_at: '2026-02-27T00:00:00.000Z' };
    expect(judged(fresh, timedOut({ pass }))).toMatchObject({
      unfinished: { pass: 'first', began_at: pass.began_at },
    });
    const { started_at: _started, ...queued } = timedOut();
    expect(judged(fresh, queued)).toMatchObject({ unfinished: { began_at: '2026-02-28T23:59:00.000Z' } });
  });

  it('leaves none where it was an approval or has no scope, and another failure takes it away', () => {
    const { fingerprint: _fingerprint, ...unscoped } = timedOut();
    for (const run of [timedOut({ approves: 'held' }), unscoped]) {
      expect(judged(fresh, run)).not.toHaveProperty('unfinished');
    }
    expect(judged(fresh, timedOut(), failed())).not.toHaveProperty('unfinished');
  });
});

describe('the schedule is put off', () => {
  const state = { ...fresh, retry_at: 100, settings: '1.2' };

  it('until the moment that was decided on, as long as the settings stay', () => {
    expect(isBackingOff(state, '1.2', 99)).toBe(true);
    expect(isBackingOff(state, '1.2', 100)).toBe(false);
    expect(isBackingOff(state, '1.3', 99)).toBe(false);
    expect(isBackingOff(fresh, '1.2', 99)).toBe(false);
    expect(settingsOf({ version: 1 }, { version: 2 })).toBe('1.2');
  });

  it('as the API tells it, until the datasource is changed', () => {
    expect(putOffUntil(state, { version: 1 }, 99)).toBe(100);
    expect(putOffUntil(state, { version: 1 }, 100)).toBeUndefined();
    expect(putOffUntil(state, { version: 12 }, 99)).toBeUndefined();
    expect(putOffUntil(fresh, { version: 1 }, 99)).toBeUndefined();
  });

  it('not by a clock that was ahead when it was decided, be it by hours', () => {
    const ahead = 3_600_000;
    const from = started + ahead;
    const decided = { ...state, retry_from: from, retry_at: from + minute };
    expect(isBackingOff(decided, '1.2', from)).toBe(true);
    expect(isBackingOff(decided, '1.2', started)).toBe(false);
    expect(putOffUntil(decided, { version: 1 }, started)).toBeUndefined();
    // What was stored before this was told is believed for as long as a backoff can last
    expect(isBackingOff({ ...state, retry_at: started + 86_400_000 }, '1.2', started)).toBe(true);
    expect(isBackingOff({ ...state, retry_at: started + 40 * 86_400_000 }, '1.2', started)).toBe(false);
  });
});

describe("a run's id", () => {
  const idOf = (now: number, fence: number, ...earlier: (string | undefined)[]) =>
    newRunId({ clock: { now: () => now }, ids: { unique: () => 'zzzzz' } }, fence, earlier);

  it('sorts behind all earlier ones, also those that a clock gave which was ahead', () => {
    const first = idOf(started, 1);
    const ahead = idOf(started + 40 * 86_400_000, 2, first);
    const after = idOf(started + minute, 3, ahead, first);
    const last = idOf(started + 2 * minute, 4, undefined, after);
    const later = idOf(started + 41 * 86_400_000, 5, last, undefined);
    expect([later, last, after, ahead, first].sort()).toEqual([first, ahead, after, last, later]);
    expect(new Set([first, ahead, after, last, later].map(({ length }) => length))).toEqual(new Set([20]));
  });
});

describe('health', () => {
  it('tells what is wrong, since when, and when it is tried again', () => {
    const retryAt = started + 2 * minute - 1000;
    expect(healthView(fresh)).toEqual({ status: 'healthy', failures_in_a_row: 0 });
    expect(healthView(stateOf(fresh, failed()))).toEqual({
      ...{ status: 'failing', failures_in_a_row: 1, failing_since: '2026-03-01T00:01:00.000Z', error },
    });
    expect(healthView(stateOf(fresh, failed(), failed()), retryAt)).toMatchObject({
      ...{ failures_in_a_row: 2, retry_at: '2026-03-01T00:01:59.000Z' },
    });
    expect(healthView(stateOf(fresh, held('one'), held('two')), retryAt)).toEqual({
      ...{ status: 'held', failures_in_a_row: 0, held_run: 'one', retry_at: '2026-03-01T00:01:59.000Z' },
    });
    expect(healthView(stateOf(fresh, held('one'), failed()))).toMatchObject({ status: 'failing' });
  });
});
