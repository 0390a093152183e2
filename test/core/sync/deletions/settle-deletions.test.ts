import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openSqliteTable } from '#adapters/sqlite/sqlite-table.ts';
import { emptyRange, firstKey, rangeItem } from '#core/catalogue/range-map.ts';
import { type RecordRow, readRecord, recordOf, recordPartition, tombstoneOf } from '#core/catalogue/record.ts';
import { changeLease } from '#core/lease/lease.ts';
import type { HeadResult } from '#core/model/ports/bucket.ts';
import type { Item } from '#core/model/ports/table.ts';
import { candidateExpiry, candidateItem } from '#core/runs/candidates.ts';
import { type RunRow, zeroCounters } from '#core/runs/run.ts';
import { runItem } from '#core/runs/run-store.ts';
import { defaultSyncSettings, type SyncSettings } from '#core/runs/sync-deps.ts';
import { type Settlement, settleDeletions } from '#core/sync/deletions/settle-deletions.ts';
import type { SettlingContext } from '#core/sync/deletions/settling-context.ts';
import { newTally } from '#core/sync/progress/range-tally.ts';
import { RunYielded } from '#core/sync/worker/run-unwound.ts';

const beganAt = Date.parse('2026-03-01T00:00:00Z');
const before = { run: 'before', seq: 0, at: '2026-02-01T00:00:00.000Z', quiet: false };
const stamp = { run: 'now', seq: 1, at: '2026-03-01T00:00:00.000Z', quiet: false };
const range = { ...emptyRange('r', firstKey, undefined), objects: 5000, bytes: 50_000 };

let table: ReturnType<typeof openSqliteTable>;
let asked: string[];
let beats: number;
let answer: (key: string) => HeadResult;
beforeEach(async () => {
  table = openSqliteTable(':memory:');
  [asked, beats, answer] = [[], 0, () => ({ status: 'missing' })];
  const lease = { v: 1, version: 0, fence: 0, expires_at: 0, skipped_slots: 0 } as const;
  await table.transact([changeLease('u', lease, { ...lease, version: 1, fence: 1 }), { put: rangeItem('u', range) }]);
});
afterEach(() => table.close());

const names = (count: number): string[] => Array.from({ length: count }, (_, index) => `gone-${10_000 + index}`);
const recordAt = (key: string): Item =>
  recordOf(
    recordPartition('u', 'r'),
    { key, etag: 'e', size: 10, lastModified: '2026-01-01T00:00:00.000Z', storageClass: 'STANDARD' },
    before,
    false,
  );
const found = (lastModified: number): HeadResult => ({ status: 'found', lastModified, size: 10, etag: 'e' });

async function missing(keys: readonly string[], pass: string): Promise<void> {
  await table.batchWrite(keys.map((key) => ({ put: candidateItem('u', pass, key, candidateExpiry(beganAt, 0)) })));
}

/** So many records that the listing lacked. */
async function lost(count: number): Promise<string[]> {
  const keys = names(count);
  await table.batchWrite(keys.map((key) => ({ put: recordAt(key) })));
  await missing(keys, 'now');
  return keys;
}

type Given = {
  readonly candidates: number;
  readonly counters?: Partial<typeof zeroCounters>;
  readonly run?: Partial<RunRow>;
  readonly settings?: Partial<SyncSettings>;
  readonly age?: number;
  readonly yieldAt?: number;
};

function contextOf({ candidates, counters, run, settings, age = 1000, yieldAt }: Given): SettlingContext {
  const tally = { ...newTally(0), candidates, candidate_sample: ['shown'], controls: ['control'], removed: 0 };
  Object.assign(tally.counters, { listed: 1000, unchanged: 1000 }, counters);
  const context = {
    deps: {
      table,
      clock: { now: () => beganAt + age },
      settings: { ...defaultSyncSettings, confirmLimit: 20, confirmSample: 5, holdAboveObjects: 5000, ...settings },
      yieldAt,
    },
    uid: 'u',
    run: { ...runRow('now'), ...run },
    pass: { id: 'now', beganAt },
    stamp,
    tally,
    config: { bucket: 'stock' },
    board: { ranges: () => [range] },
    held: {
      fence: 1,
      heartbeat: async () => {
        beats += 1;
        return { canceled: false, failure: undefined };
      },
    },
    bucket: {
      async head(key: string): Promise<HeadResult> {
        if (key === 'control') return found(0);
        asked.push(key);
        return answer(key);
      },
    },
    progress: { steps: 0, clockSkew: 0, halted: false },
    deadline: Number.POSITIVE_INFINITY,
  };
  return context as unknown as SettlingContext;
}

const runRow = (id: string): RunRow => ({
  ...{ v: 1, version: 1, fence: 1, id, datasource: 'd', uid: 'u', status: 'running', trigger: 'api', dry_run: false },
  ...{ first_load: false, queued_at: '', counters: { ...zeroCounters }, ranges: { done: 0, total: 0 } },
});

async function settled(given: Given, previous?: string): Promise<Settlement & { deleted: number; steps: number }> {
  const context = contextOf(given);
  const settlement = await settleDeletions(context, previous);
  return { ...settlement, deleted: context.tally.counters.deleted, steps: context.progress.steps };
}

/** The keys of tombstones. */
async function gone(): Promise<string[]> {
  const records: RecordRow[] = [];
  for await (const item of table.query({ pk: recordPartition('u', 'r') })) records.push(readRecord(item));
  return records.filter((record) => record.gone?.reason === 'deleted').map(({ sk }) => sk);
}

describe('the threshold', () => {
  const limits = { holdAboveObjects: 10, holdAboveShare: 0.15 };

  it.each([
    ['more than both', 11, { unchanged: 62 }, 'held'],
    ['more objects, of a share that is exactly the limit', 15, { unchanged: 85 }, 'completed'],
    ['more objects, of a larger share with one record less', 15, { unchanged: 84 }, 'held'],
    ['more objects, of a smaller share for what was modified', 15, { unchanged: 60, modified: 40 }, 'completed'],
    ['a larger share of no more objects than the limit', 10, { unchanged: 0 }, 'completed'],
    ['one of many where nothing was listed', 1, { listed: 0 }, 'held'],
  ])('%s', async (_name, count, counters, status) => {
    const keys = await lost(count);
    const settlement = await settled({ candidates: count, counters, settings: limits });
    expect(settlement.status).toBe(status);
    expect(await gone()).toEqual(status === 'held' ? [] : keys);
    expect(asked).toEqual(status === 'held' ? [] : keys);
    expect(settlement.hold === undefined).toBe(status === 'completed');
  });

  it('shows what would go: how many, their share to a hundredth of a percent, and some of them', async () => {
    const { hold } = await settled({ candidates: 20, counters: { unchanged: 40 }, settings: limits });
    expect(hold).toEqual({ candidates: 20, share: 0.3333, sample: ['shown'] });
  });
});

it('nothing is asked where nothing is missing, though nothing was listed', async () => {
  await missing(names(1), 'now');
  expect(await settled({ candidates: 0, counters: { listed: 0 } })).toMatchObject({ status: 'completed', deleted: 0 });
  expect([asked, beats]).toEqual([[], 0]);
});

it.each([
  ['and that it would hold', { listed: 0 }, true],
  ['and that it would not', {}, false],
])('a dry run says how many would go, %s', async (_name, counters, holds) => {
  await lost(3);
  const settlement = await settled({ candidates: 3, counters, run: { dry_run: true } });
  expect(settlement).toMatchObject({ status: 'completed', deleted: 3 });
  expect(settlement.hold !== undefined).toBe(holds);
  expect([asked, await gone()]).toEqual([[], []]);
});

describe('an approval', () => {
  const [first, second, third] = names(3);

  it.each([
    ['the run that was held', undefined],
    ['the pass that it was part of', { id: 'pass', began_at: '' }],
  ])('deletes only what %s lacked too, however large a share that is', async (_name, pass) => {
    await lost(3);
    await table.put(runItem({ ...runRow('held'), ...(pass ? { pass } : {}) }));
    await missing([first ?? '', third ?? '', 'other'], pass?.id ?? 'held');
    const given = { candidates: 3, counters: { listed: 0 }, run: { approves: 'held' } };
    expect(await settled(given)).toEqual({ status: 'completed', deleted: 2, steps: 2 });
    expect(await gone()).toEqual([first, third]);
    expect(asked).toEqual([first, third]);
  });

  it('goes by what is noted of a run whose own record is gone', async () => {
    await lost(3);
    await missing([second ?? ''], 'held');
    await settled({ candidates: 3, run: { approves: 'held' } });
    expect(await gone()).toEqual([second]);
  });

  it('asks for nothing where nothing is missing in both', async () => {
    await lost(3);
    await settled({ candidates: 3, run: { approves: 'held' } });
    expect([asked, await gone()]).toEqual([[], []]);
  });
});

describe('as many as can be asked for one by one', () => {
  it('are deleted with no second run, but for those that were written since', async () => {
    const keys = await lost(20);
    answer = (key) => (key === keys[7] ? found(beganAt + 1) : { status: 'missing' });
    const settlement = await settled({ candidates: 20 }, 'previous');
    expect(settlement).toMatchObject({ status: 'completed', deleted: 19 });
    expect(settlement).not.toHaveProperty('waiting');
    expect(asked).toEqual(keys);
    expect(await gone()).toEqual(keys.filter((key) => key !== keys[7]));
  });

  it('count what an earlier invocation of this run deleted, and nobody else', async () => {
    const [mine, live, ...others] = await lost(6);
    const tomb = (key: string | undefined, run: string, reason: 'deleted' | 'out_of_scope') =>
      table.put(tombstoneOf(readRecord(recordAt(key ?? '')), { ...stamp, run }, reason));
    await tomb(mine, 'now', 'deleted');
    for (const theirs of others.slice(0, 2)) await tomb(theirs, 'before', 'deleted');
    for (const left of others.slice(2)) await tomb(left, 'now', 'out_of_scope');
    expect(await settled({ candidates: 6 })).toMatchObject({ deleted: 2, steps: 1 });
    expect(asked).toEqual([live]);
  });
});

describe('more than that', () => {
  it('wait for a second run, after a sample was asked for', async () => {
    const keys = await lost(50);
    expect(await settled({ candidates: 50 })).toMatchObject({ status: 'completed', deleted: 0, waiting: 50 });
    expect(asked).toEqual([0, 10, 20, 30, 40].map((index) => keys[index]));
    expect(await gone()).toEqual([]);
  });

  it('are deleted where the run before lacked them too, and no more than the sample is asked for', async () => {
    const keys = await lost(54);
    await missing(keys.slice(1), 'previous');
    expect(await settled({ candidates: 54 }, 'previous')).toMatchObject({ deleted: 53, steps: 53, waiting: 1 });
    expect(asked).toEqual([0, 10, 20, 30, 40].map((index) => keys[index]));
    expect(await gone()).toEqual(keys.slice(1));
  });

  it('are sampled one by one where the sample may be as large', async () => {
    const keys = await lost(21);
    await settled({ candidates: 21, settings: { confirmSample: 50 } });
    expect(asked).toEqual(keys);
  });

  it.each<[string, Partial<Given>, boolean]>([
    ['on the strength of the sample, at the last moment that it may be fresh', { age: 900_000 }, false],
    ['each asked for, when the absence is older', { age: 900_001 }, true],
    ['each asked for, when nothing was listed', { counters: { listed: 0 }, run: { approves: 'previous' } }, true],
    ['each asked for, when the run went on', { run: { checkpoint: { fingerprint: '', expected: 0 } } }, true],
    ['each asked for, when the pass went on', { run: { pass: { id: 'now', began_at: '' } } }, true],
  ])('are deleted %s', async (_name, given, each) => {
    const keys = await lost(21);
    await missing(keys, 'previous');
    expect(await settled({ candidates: 21, ...given }, 'previous')).toMatchObject({ deleted: 21 });
    expect(asked).toHaveLength(each ? 5 + 21 : 5);
    expect(await gone()).toEqual(keys);
  });

  it('are each asked for where one of the sample was written since', async () => {
    const keys = await lost(25);
    await missing(keys, 'previous');
    answer = (key) => (key === keys[0] || key === keys[3] ? found(beganAt + 1) : { status: 'missing' });
    expect(await settled({ candidates: 25 }, 'previous')).toMatchObject({ deleted: 23 });
    expect(asked).toHaveLength(5 + 25);
  });

  it('are deleted by a thousand, in one key more a second time', async () => {
    const keys = await lost(1001);
    await missing(keys, 'previous');
    await settled({ candidates: 1001 }, 'previous');
    // Once for the sample, once before each batch.
    expect([beats, (await gone()).length]).toEqual([1 + 2, 1001]);
  });

  it('yield before a batch when time is over, but not before the first', async () => {
    const keys = await lost(1001);
    await missing(keys, 'previous');
    const given = { candidates: 1001, yieldAt: beganAt };
    await expect(settled(given, 'previous')).rejects.toBeInstanceOf(RunYielded);
    expect(await gone()).toHaveLength(1000);
  });
});
