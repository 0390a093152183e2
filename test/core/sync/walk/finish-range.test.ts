import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openSqliteTable } from '#adapters/sqlite/sqlite-table.ts';
import { emptyRange, firstKey, type RangeRow, rangeItem, readRange } from '#core/catalogue/range-map.ts';
import { changeLease } from '#core/lease/lease.ts';
import { listWork, type RangeWork, workOn } from '#core/sync/progress/range-work.ts';
import { endOf, finishRange, noteCounts } from '#core/sync/walk/finish-range.ts';
import type { RunContext } from '#core/sync/worker/run-context.ts';

const row: RangeRow = { ...emptyRange('r', firstKey, undefined), objects: 10, bytes: 100, edits: 4 };

let table: ReturnType<typeof openSqliteTable>;
let work: RangeWork;
beforeEach(async () => {
  table = openSqliteTable(':memory:');
  const lease = { v: 1, version: 0, fence: 0, expires_at: 0, skipped_slots: 0 } as const;
  await table.transact([changeLease('u', lease, { ...lease, version: 1, fence: 2 }), { put: rangeItem('u', row) }]);
  work = workOn(row, undefined, 0);
  Object.assign(work.tally, { stored: { objects: 7, bytes: 70 }, change: { objects: 3, bytes: 30 } });
});
afterEach(() => table.close());

function contextOf(given: { dryRun?: boolean; shared?: boolean; fence?: number } = {}): RunContext {
  const { dryRun = false, shared = false, fence = 2 } = given;
  const deps = { table, clock: { now: () => 5000 }, holder: 'me', leaseMs: 1000 };
  const context = { deps, uid: 'u', pass: { id: 'p' }, held: { fence }, run: { dry_run: dryRun }, board: { shared } };
  return context as unknown as RunContext;
}

const storedRow = (): Promise<RangeRow> => readRange(table, 'u', firstKey);
const storedWork = async () => (await listWork(table, 'u', 'p')).get('r');
const lost = { code: 'lease_lost' };

describe('the row of a range that was walked to its end', () => {
  it('counts what was found and changed, and its digests are believed again', () => {
    const found = { ...row, objects: 1, bytes: 1, dirty: 2, doubted: true };
    expect(endOf(work, found)).toEqual(row);
  });

  it('is doubted where somebody wrote before who may not have told', () => {
    work.suspect = true;
    expect(endOf(work, row)).toEqual({ ...row, doubted: true });
  });

  it('adds only what changed, and is doubted, where a record was removed by request meanwhile', () => {
    work.tally.noted = { objects: 1, bytes: 10 };
    const edited = { ...row, objects: 9, bytes: 90, edits: 5 };
    expect(endOf(work, edited)).toEqual({ ...edited, objects: 9 + 3 - 1, bytes: 90 + 30 - 10, doubted: true });
  });
});

describe('the end of a range', () => {
  it('writes nothing where a lone range is as it was', async () => {
    await finishRange(contextOf(), work);
    expect([await storedRow(), await storedWork()]).toEqual([row, undefined]);
    expect(work).toMatchObject({ done: true, version: 0, saved: { done: true }, tally: { noted: work.tally.change } });
  });

  it('says that it is done, and lets it go, where several work on the run', async () => {
    await finishRange(contextOf({ shared: true }), work);
    expect(await storedRow()).toEqual(row);
    expect(await storedWork()).toMatchObject({ done: true, version: 1 });
    expect((await storedWork())?.claim).toBeUndefined();
    expect(work).toMatchObject({ version: 1, savedAt: 5000 });
  });

  it('says so too where something was stored of the work before', async () => {
    await finishRange(contextOf({ shared: true }), work);
    await finishRange(contextOf(), work);
    expect(await storedWork()).toMatchObject({ done: true, version: 2 });
  });

  it.each([
    ['objects', { stored: { objects: 8, bytes: 70 } }, { objects: 11 }],
    ['bytes', { stored: { objects: 7, bytes: 71 } }, { bytes: 101 }],
  ])('writes the row where it counts other %s', async (_name, tally, changed) => {
    Object.assign(work.tally, tally);
    await finishRange(contextOf(), work);
    expect(await storedRow()).toEqual({ ...row, ...changed, version: 2 });
    expect([work.range, work.version, await storedWork()]).toEqual([await storedRow(), 0, undefined]);
  });

  it.each([{ dirty: 2 }, { doubted: true }])('takes the mark %j from the row', async (mark) => {
    await table.put(rangeItem('u', { ...row, ...mark }));
    work.range = { ...row, ...mark };
    await finishRange(contextOf(), work);
    expect(await storedRow()).toEqual({ ...row, version: 2 });
  });

  it('writes row and work in one, where several work on the run', async () => {
    work.tally.stored.objects = 8;
    await finishRange(contextOf({ shared: true }), work);
    expect((await storedRow()).objects).toBe(11);
    expect(await storedWork()).toMatchObject({ done: true, version: 1 });
    expect(work).toMatchObject({ version: 1, tally: { noted: work.tally.change } });
  });

  it('leaves the row alone in a dry run', async () => {
    work.tally.stored.objects = 8;
    await finishRange(contextOf({ dryRun: true }), work);
    expect(await storedRow()).toEqual(row);
  });

  it('is refused to a run that another took the place of', async () => {
    work.tally.stored.objects = 8;
    await expect(finishRange(contextOf({ fence: 1 }), work)).rejects.toMatchObject(lost);
    expect(await storedRow()).toEqual(row);
  });

  it('that the store does not take is told as it is', async () => {
    work.tally.stored.objects = 8;
    table.close();
    await expect(finishRange(contextOf(), work)).rejects.not.toMatchObject(lost);
    table = openSqliteTable(':memory:');
  });
});

describe('counts noted before the end', () => {
  it('are what changed since the last time, once', async () => {
    work.tally.noted = { objects: 1, bytes: 10 };
    await noteCounts(contextOf(), work);
    await noteCounts(contextOf(), work);
    expect(await storedRow()).toEqual({ ...row, objects: 12, bytes: 120, version: 2 });
    expect([work.range, work.version, work.tally.noted]).toEqual([await storedRow(), 0, { objects: 3, bytes: 30 }]);
    expect(await storedWork()).toBeUndefined();
  });

  it.each([
    ['objects', { objects: 2, bytes: 30 }, { objects: 11 }],
    ['bytes', { objects: 3, bytes: 29 }, { bytes: 101 }],
  ])('are noted where it is %s alone', async (_name, noted, changed) => {
    work.tally.noted = noted;
    await noteCounts(contextOf(), work);
    expect(await storedRow()).toEqual({ ...row, ...changed, version: 2 });
  });

  it.each([
    ['in a dry run', { dryRun: true }, false],
    ['when the range is done', {}, true],
  ])('are none %s', async (_name, given, done) => {
    work.done = done;
    await noteCounts(contextOf(given), work);
    expect(await storedRow()).toEqual(row);
  });

  it('are told by what is stored of the work, too', async () => {
    await finishRange(contextOf({ shared: true }), work);
    Object.assign(work, { done: false });
    work.tally.change = { objects: 5, bytes: 50 };
    work.saved.tally.change = { objects: 4, bytes: 40 };
    await noteCounts(contextOf(), work);
    expect(await storedRow()).toMatchObject({ objects: 12, bytes: 120 });
    expect(await storedWork()).toMatchObject({ version: 2, tally: { noted: { objects: 4, bytes: 40 } } });
    expect((await storedWork())?.claim).toBeUndefined();
    expect(work.version).toBe(2);
  });

  it('are refused to a run that another took the place of', async () => {
    await expect(noteCounts(contextOf({ fence: 1 }), work)).rejects.toMatchObject(lost);
    expect(work.tally.noted).toEqual({ objects: 0, bytes: 0 });
  });

  it('that the store does not take are told as it is', async () => {
    table.close();
    await expect(noteCounts(contextOf(), work)).rejects.not.toMatchObject(lost);
    table = openSqliteTable(':memory:');
  });
});
