import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openSqliteTable } from '#adapters/sqlite/sqlite-table.ts';
import { emptyRange, firstKey, rangeItem, readRanges } from '#core/catalogue/range-map.ts';
import { changeLease } from '#core/lease/lease.ts';
import { Failure } from '#core/model/errors.ts';
import type { Table } from '#core/model/ports/table.ts';
import { openBoard } from '#core/sync/progress/range-board.ts';
import { assertWritable, listWork, saveWork, type WorkContext, workOn } from '#core/sync/progress/range-work.ts';

const lower = emptyRange('lower', firstKey, 'm');
const upper = emptyRange('upper', 'm', undefined);
const lost = { code: 'lease_lost' };

let table: ReturnType<typeof openSqliteTable>;
beforeEach(async () => {
  table = openSqliteTable(':memory:');
  const lease = { v: 1, version: 0, fence: 0, expires_at: 0, skipped_slots: 0 } as const;
  await table.transact([changeLease('u', lease, { ...lease, version: 1, fence: 2 })]);
});
afterEach(() => table.close());

function contextOf(holder = 'me', fence = 2, store: Table = table): WorkContext {
  const deps = {
    ...{ table: store, clock: { now: () => 5000 }, holder, leaseMs: 1000, isAlive: () => true },
    ...{ ids: { unique: () => '0123456789abcdef' }, settings: { requestTimeoutMs: 100 } },
  };
  const held = { fence, assertWritable: () => Promise.resolve() };
  return { deps, uid: 'u', pass: { id: 'p' }, held } as unknown as WorkContext;
}
/** The same store, of which the transactions fail with `error`. */
const failing = (error: Error): Table => ({ ...table, transact: () => Promise.reject(error) });
const store = (...ranges: (typeof lower)[]) =>
  table.batchWrite(ranges.map((range) => ({ put: rangeItem('u', range) })));

describe('the first range of a datasource', () => {
  it('is made over the whole key space, and taken without a claim that is stored', async () => {
    const board = await openBoard(contextOf(), true);
    expect(await readRanges(table, 'u')).toEqual([emptyRange('0123456789ab', firstKey, undefined)]);
    expect(board.shared).toBe(false);
    const work = await board.claim();
    expect(work).toMatchObject({ version: 0, begun: false });
    expect((await listWork(table, 'u', 'p')).size).toBe(0);
    expect(board.unsaved()).toEqual([work]);
  });

  it('is not made by a run that another took the place of', async () => {
    await expect(openBoard(contextOf('me', 1), true)).rejects.toMatchObject(lost);
    expect(await readRanges(table, 'u')).toEqual([]);
  });

  it('that the store does not take is told as it is', async () => {
    const broken = new Error('the store broke');
    await expect(openBoard(contextOf('me', 2, failing(broken)), true)).rejects.toBe(broken);
  });
});

describe('a lone range of which something is stored', () => {
  it('is claimed in the store, and no longer unsaved', async () => {
    await store(lower);
    await saveWork(contextOf('other'), workOn(lower, undefined, 0), 'released');
    const board = await openBoard(contextOf(), true);
    expect(await board.claim()).toMatchObject({ version: 2, begun: true });
    expect((await listWork(table, 'u', 'p')).get('lower')).toMatchObject({ version: 2, claim: { holder: 'me' } });
    expect(board.unsaved()).toEqual([]);
  });
});

describe('ranges of several', () => {
  it('are told in key order, whatever order they became known in', async () => {
    await store(lower);
    const board = await openBoard(contextOf(), true);
    const middle = emptyRange('middle', 'f', 'm');
    board.offer(upper);
    board.offer(middle);
    expect(board.ranges()).toEqual([lower, middle, upper]);
    expect(board.shared).toBe(true);
  });

  it('that another worker made, took or let go of since are seen at the next look', async () => {
    await store(lower, upper);
    const board = await openBoard(contextOf(), true);
    const another = emptyRange('another', 'x', undefined);
    await store({ ...upper, hi: 'x' }, another);
    await saveWork(contextOf('other'), workOn(lower, undefined, 0), 'claimed');
    expect([board.waiting, board.total]).toEqual([2, 2]);
    await board.refresh();
    expect([board.waiting, board.total]).toEqual([2, 3]);
    expect((await board.claim())?.range.id).toBe('upper');
    expect((await board.claim())?.range.id).toBe('another');
    expect(await board.claim()).toBeUndefined();
  });

  it('are not passed over where the store breaks: that is told as it is', async () => {
    await store(lower, upper);
    const like = Object.assign(new Error('like it'), lost);
    for (const error of [new Error('the store broke'), like, new Failure('internal', 'the store broke')]) {
      const board = await openBoard(contextOf('me', 2, failing(error)), true);
      await expect(board.claim()).rejects.toBe(error);
    }
  });
});

describe('work on a range', () => {
  it('is stored with a look at the fence the first time, and on its own from then on', async () => {
    const sizes: number[] = [];
    const transact: Table['transact'] = (writes) => {
      sizes.push(writes.length);
      return table.transact(writes);
    };
    const context = contextOf('me', 2, { ...table, transact });
    const work = workOn(lower, undefined, 0);
    for (const keep of ['claimed', 'claimed', 'released'] as const) await saveWork(context, work, keep);
    expect(sizes).toEqual([2, 1, 1]);
  });

  it('is begun only where something is stored of it, and whoever doubted it is heard', async () => {
    await saveWork(contextOf(), { ...workOn(lower, undefined, 0), suspect: true }, 'released');
    const row = (await listWork(table, 'u', 'p')).get('lower');
    expect(workOn(lower, row, 0)).toMatchObject({ begun: true, suspect: true });
    expect(workOn(lower, undefined, 0)).toMatchObject({ begun: false, suspect: false });
  });

  it('that nothing is stored of is not stored to write under it', async () => {
    const work = workOn(lower, undefined, 0);
    await assertWritable(contextOf(), work);
    expect([work.version, (await listWork(table, 'u', 'p')).size]).toEqual([0, 0]);
  });
});
