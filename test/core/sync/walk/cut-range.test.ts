import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openSqliteTable } from '#adapters/sqlite/sqlite-table.ts';
import { emptyRange, firstKey, type RangeRow, rangeItem, readRanges } from '#core/catalogue/range-map.ts';
import { changeLease } from '#core/lease/lease.ts';
import type { ListRequest } from '#core/model/ports/listing.ts';
import { listWork, type RangeWork, workOn } from '#core/sync/progress/range-work.ts';
import { closeAt, shareRest } from '#core/sync/walk/cut-range.ts';
import type { RunContext } from '#core/sync/worker/run-context.ts';
import { type BucketModel, createBucketModel } from '../../../simulation/bucket-model.ts';

const row: RangeRow = emptyRange('r', firstKey, 'z');
const lost = { code: 'lease_lost' };

let table: ReturnType<typeof openSqliteTable>;
let model: BucketModel;
let work: RangeWork;
let asked: ListRequest[];
let added: RangeWork[];
let offered: RangeRow[];
beforeEach(async () => {
  table = openSqliteTable(':memory:');
  model = createBucketModel('stock', () => 0);
  for (const letter of 'abcdefghij') model.put(`k${letter}`);
  work = workOn(row, undefined, 0);
  Object.assign(work.tally, { stored: { objects: 2, bytes: 20 }, change: { objects: 3, bytes: 30 } });
  [asked, added, offered] = [[], [], []];
  const lease = { v: 1, version: 0, fence: 0, expires_at: 0, skipped_slots: 0 } as const;
  await table.transact([changeLease('u', lease, { ...lease, version: 1, fence: 2 }), { put: rangeItem('u', row) }]);
});
afterEach(() => table.close());

function contextOf(fence = 2): RunContext {
  const list = (request: ListRequest) => {
    asked.push(request);
    return Promise.resolve(model.list(request, 2));
  };
  const context = {
    deps: { table, clock: { now: () => 5000 }, holder: 'me', leaseMs: 1000, ids: { unique: () => '0123456789abcdef' } },
    ...{ uid: 'u', pass: { id: 'p' }, held: { fence }, config: { bucket: 'stock', prefix: 'k' }, bucket: { list } },
    board: { add: (one: RangeWork) => added.push(one), offer: (one: RangeRow) => offered.push(one) },
  };
  return context as unknown as RunContext;
}

const storedWork = () => listWork(table, 'u', 'p');

describe('a range that is closed', () => {
  it('ends at the key, done and let go, and the next begins there in the same hands', async () => {
    work.tally.unshared = { pages: 3, first: 'ka' };
    const next = await closeAt(contextOf(), work, 'm');
    const closed = { ...row, hi: 'm', objects: 5, bytes: 50, version: 2 };
    const fresh = { ...emptyRange('0123456789ab', 'm', 'z'), dirty: 2 };
    expect(await readRanges(table, 'u')).toEqual([closed, fresh]);
    const rows = await storedWork();
    expect(rows.get('r')).toMatchObject({ position: 'm', done: true, version: 1 });
    expect(rows.get('r')?.claim).toBeUndefined();
    expect(rows.get('0123456789ab')).toMatchObject({ done: false, claim: { holder: 'me', expires_at: 6000 } });
    expect(work).toMatchObject({ range: closed, position: 'm', done: true, version: 1 });
    expect(next).toMatchObject({ range: fresh, position: undefined, done: false, version: 1, expiresAt: 6000 });
    expect(added).toEqual([next]);
  });

  it('leaves to the next what its stream listed since it last shared, each for itself from then on', async () => {
    work.tally.unshared = { pages: 3, first: 'ka' };
    const next = await closeAt(contextOf(), work, 'm');
    next.tally.unshared.pages += 1;
    expect([work.tally.unshared.pages, next.tally.unshared]).toEqual([3, { pages: 4, first: 'ka' }]);
    expect((await storedWork()).get('0123456789ab')?.tally.unshared).toEqual({ pages: 3, first: 'ka' });
  });

  it('is closed all the same when a document was removed from it meanwhile', async () => {
    await table.put(rangeItem('u', { ...row, version: 7, edits: 1, objects: 1, bytes: 10 }));
    await closeAt(contextOf(), work, 'm');
    const [closed] = await readRanges(table, 'u');
    expect(closed).toMatchObject({ hi: 'm', version: 8, edits: 1, objects: 1 + 3, bytes: 10 + 30, doubted: true });
  });

  it('stays whole where another run took the place of this one', async () => {
    await expect(closeAt(contextOf(1), work, 'm')).rejects.toMatchObject(lost);
    expect([await readRanges(table, 'u'), added]).toEqual([[row], []]);
  });

  it('that the store does not take is told as it is', async () => {
    table.close();
    await expect(closeAt(contextOf(), work, 'm')).rejects.not.toMatchObject(lost);
    table = openSqliteTable(':memory:');
  });
});

describe('a range that is shared', () => {
  beforeEach(() => {
    work.tally.unshared = { pages: 3, first: 'ka' };
  });

  it('ends at a key of the unlisted part, and the rest is offered to whoever takes it', async () => {
    expect(await shareRest(contextOf(), work, 'kc')).toBe(true);
    const [kept, given] = await readRanges(table, 'u');
    expect(kept).toEqual({ ...row, hi: given?.lo, version: 2 });
    expect(given).toEqual(emptyRange('0123456789ab', given?.lo ?? '', 'z'));
    expect((given?.lo ?? '') > 'kc').toBe(true);
    expect([work.range, offered, added]).toEqual([kept, [given], []]);
    expect((await storedWork()).get('r')).toMatchObject({ version: 1, claim: { holder: 'me' }, done: false });
    expect([work.version, work.tally.unshared]).toEqual([1, { pages: 0 }]);
  });

  it('asks the bucket inside the prefix for one key each time, and counts that as pages', async () => {
    await shareRest(contextOf(), work, 'kc');
    expect(asked.length).toBeGreaterThan(0);
    for (const request of asked)
      expect(request).toMatchObject({ prefix: 'k', maxKeys: 1, startAfter: expect.any(String) });
    expect(work.tally.counters.pages).toBe(asked.length);
  });

  it.each([
    ['nothing was listed since the last time', undefined, 'kc'],
    ['nothing lies ahead', 'ka', 'kj'],
  ])('is not cut where %s', async (_name, first, position) => {
    work.tally.unshared = { pages: 3, ...(first === undefined ? {} : { first }) };
    expect(await shareRest(contextOf(), work, position)).toBe(false);
    expect([await readRanges(table, 'u'), offered, work.range]).toEqual([[row], [], row]);
    if (first === undefined) expect(asked).toEqual([]);
  });

  it('is not cut, but read anew, when a document was removed from it meanwhile', async () => {
    const edited = { ...row, version: 7, edits: 1 };
    await table.put(rangeItem('u', edited));
    expect(await shareRest(contextOf(), work, 'kc')).toBe(false);
    expect([await readRanges(table, 'u'), work.range, offered, work.version]).toEqual([[edited], edited, [], 0]);
  });

  it('stays whole where another run took the place of this one', async () => {
    await expect(shareRest(contextOf(1), work, 'kc')).rejects.toMatchObject(lost);
    expect([await readRanges(table, 'u'), offered]).toEqual([[row], []]);
  });

  it('that the store does not take is told as it is', async () => {
    table.close();
    await expect(shareRest(contextOf(), work, 'kc')).rejects.not.toMatchObject(lost);
    table = openSqliteTable(':memory:');
  });
});
