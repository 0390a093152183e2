import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openSqliteTable } from '#adapters/sqlite/sqlite-table.ts';
import { addRecord, type Leaf, nothing } from '#core/catalogue/leaf.ts';
import { leafPartition, listPacks, packItem } from '#core/catalogue/leaf-pack.ts';
import { emptyRange, firstKey, rangeItem, readRanges } from '#core/catalogue/range-map.ts';
import { type RecordRow, readRecord, recordOf, recordPartition } from '#core/catalogue/record.ts';
import { changeLease } from '#core/lease/lease.ts';
import type { Table, TransactWrite } from '#core/model/ports/table.ts';
import { removeFromRanges } from '#core/sync/deletions/remove-from-ranges.ts';
import { removeOutOfScope } from '#core/sync/walk/remove-out-of-scope.ts';
import type { RunContext } from '#core/sync/worker/run-context.ts';

const stamp = { run: 'now', seq: 1, at: '2026-03-01T00:00:00.000Z', quiet: false };
const lower = { ...emptyRange('lower', firstKey, 'm'), objects: 1000, bytes: 10_000 };
const upper = { ...emptyRange('upper', 'm', undefined), objects: 500, bytes: 5000 };
const lost = { code: 'lease_lost' };

let table: ReturnType<typeof openSqliteTable>;
let transactions: (readonly TransactWrite[])[];
let removed: string[];
/** Keys whose leaf was looked for. */
let asked: (string | undefined)[];
beforeEach(async () => {
  table = openSqliteTable(':memory:');
  [transactions, removed, asked] = [[], [], []];
  const lease = { v: 1, version: 0, fence: 0, expires_at: 0, skipped_slots: 0 } as const;
  const ranges = [lower, upper].map((range) => ({ put: rangeItem('u', range) }));
  await table.transact([changeLease('u', lease, { ...lease, version: 1, fence: 2 }), ...ranges]);
});
afterEach(() => table.close());

function contextOf(fence = 2): RunContext {
  const watched: Table = {
    ...table,
    transact(writes) {
      transactions.push(writes);
      return table.transact(writes);
    },
    query(query) {
      asked.push(query.before);
      return table.query(query);
    },
  };
  const context = {
    deps: { table: watched },
    uid: 'u',
    held: { fence },
    stamp,
    board: { ranges: () => [lower, upper] },
  };
  return context as unknown as RunContext;
}

const recordAt = (sk: string): RecordRow => {
  const pk = recordPartition('u', sk > 'm' ? 'upper' : 'lower');
  const object = { key: sk, etag: 'e', size: 10, lastModified: '2026-01-01T00:00:00.000Z', storageClass: 'STANDARD' };
  return readRecord(recordOf(pk, object, stamp, false));
};
const leafOf = (...sks: readonly string[]): Leaf => {
  const content = nothing();
  for (const sk of sks) addRecord(content, recordAt(sk));
  return { ...content, to: sks.at(-1) ?? '' };
};
const numbered = (count: number): string[] => Array.from({ length: count }, (_, index) => `a${1000 + index}`);
const note = (record: RecordRow): unknown => removed.push(record.sk);

async function tombstones(range: string): Promise<[string, string | undefined][]> {
  const found: [string, string | undefined][] = [];
  for await (const item of table.query({ pk: recordPartition('u', range) })) {
    const { sk, gone } = readRecord(item);
    found.push([sk, gone?.reason]);
  }
  return found;
}

async function packs(range: string): Promise<[string, readonly Leaf[]][]> {
  const found: [string, readonly Leaf[]][] = [];
  for await (const { from, leaves } of listPacks(table, leafPartition('u', range))) found.push([from, leaves]);
  return found;
}

const storePack = (range: string, from: string, leaves: readonly Leaf[]) =>
  table.put(packItem(leafPartition('u', range), { from, leaves }, 1));

describe('deleted records', () => {
  it('give way to tombstones, each in its range, and its range counts them no more', async () => {
    await removeFromRanges(contextOf(), ['x', 'b', 'a'].map(recordAt), note);
    expect([await tombstones('lower'), await tombstones('upper')]).toEqual([
      [
        ['a', 'deleted'],
        ['b', 'deleted'],
      ],
      [['x', 'deleted']],
    ]);
    expect(await readRanges(table, 'u')).toEqual([
      { ...lower, objects: 998, bytes: 9980, version: 2 },
      { ...upper, objects: 499, bytes: 4990, version: 2 },
    ]);
    expect(removed).toEqual(['a', 'b', 'x']);
  });

  it('are taken out of their leaves, of which the rest stays as it was', async () => {
    await storePack('lower', firstKey, [leafOf('a', 'b', 'c'), leafOf('d', 'e')]);
    await storePack('lower', 'e', [leafOf('f', 'g')]);
    await removeFromRanges(contextOf(), ['b', 'c', 'd', 'f'].map(recordAt), note);
    expect(await packs('lower')).toEqual([
      [
        firstKey,
        [
          { ...leafOf('a'), to: 'c' },
          { ...leafOf('e'), to: 'e' },
        ],
      ],
      ['e', [{ ...leafOf('g'), to: 'g' }]],
    ]);
    expect(transactions).toHaveLength(1);
  });

  it('of one pack are asked for its leaves once', async () => {
    await storePack('lower', firstKey, [leafOf('a', 'b'), leafOf('c'), leafOf('d', 'e')]);
    await storePack('lower', 'e', [leafOf('f', 'g')]);
    await removeFromRanges(contextOf(), ['a', 'b', 'c', 'e', 'f', 'g'].map(recordAt), note);
    expect(asked).toEqual(['a', 'f']);
    expect((await packs('lower')).flatMap(([, leaves]) => leaves.map(({ objects }) => objects))).toEqual([0, 0, 1, 0]);
  });

  it('that no leaf covers leave the leaves alone', async () => {
    await storePack('lower', 'b', [leafOf('c')]);
    await removeFromRanges(contextOf(), ['a', 'd'].map(recordAt), note);
    expect(await packs('lower')).toEqual([['b', [leafOf('c')]]]);
    expect(removed).toEqual(['a', 'd']);
  });

  it('are as many in a transaction as it takes, with the leaves, the row and the fence', async () => {
    const keys = numbered(200);
    await storePack('lower', firstKey, [leafOf(...keys)]);
    await removeFromRanges(contextOf(), keys.map(recordAt), note);
    // 96 records and their leaf at most: one more might be in another leaf.
    expect(transactions.map((writes) => writes.length)).toEqual([2 + 1 + 96, 2 + 1 + 96, 2 + 1 + 8]);
    expect(await packs('lower')).toEqual([[firstKey, [{ ...nothing(), to: keys.at(-1) }]]]);
    expect(removed).toEqual(keys);
  });

  it('of none are nothing to write', async () => {
    await removeFromRanges(contextOf(), [], note);
    expect([transactions, removed]).toEqual([[], []]);
  });

  it('stay where another run took the place of this one', async () => {
    await expect(removeFromRanges(contextOf(1), [recordAt('a')], note)).rejects.toMatchObject(lost);
    expect([await tombstones('lower'), removed]).toEqual([[], []]);
  });

  it('that the store does not take are told as it is', async () => {
    table.close();
    await expect(removeFromRanges(contextOf(), [recordAt('a')], note)).rejects.not.toMatchObject(lost);
    table = openSqliteTable(':memory:');
  });
});

describe('records that left the scope', () => {
  it('give way to tombstones that say so, as many at once as a transaction takes beside the fence', async () => {
    const keys = numbered(100);
    await removeOutOfScope(contextOf(), keys.map(recordAt), note);
    expect(transactions.map((writes) => writes.length)).toEqual([100, 2]);
    expect(await tombstones('lower')).toEqual(keys.map((key) => [key, 'out_of_scope']));
    expect(removed).toEqual(keys);
  });

  it('are told of batch by batch, up to where another run took the place', async () => {
    await expect(removeOutOfScope(contextOf(1), [recordAt('a')], note)).rejects.toMatchObject(lost);
    expect([await tombstones('lower'), removed]).toEqual([[], []]);
  });

  it('that the store does not take are told as it is', async () => {
    table.close();
    await expect(removeOutOfScope(contextOf(), [recordAt('a')], note)).rejects.not.toMatchObject(lost);
    table = openSqliteTable(':memory:');
  });

  it('of none are nothing to write', async () => {
    await removeOutOfScope(contextOf(), [], note);
    expect(transactions).toEqual([]);
  });
});
