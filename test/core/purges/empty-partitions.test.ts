import { beforeEach, expect, it } from 'vitest';
import { emptyRange, findRange, noteEmptied, rangeItem, readRanges } from '#core/catalogue/range-map.ts';
import { recordPartition } from '#core/catalogue/record.ts';
import { emptyPlaces, type Place, placesAtOnce } from '#core/purges/empty-partitions.ts';
import { purgedRanges } from '#core/purges/purged-ranges.ts';
import { collect } from '#support/collect.ts';
import { createMemoryTable, type MemoryTable } from '../../simulation/memory-table.ts';

let table: MemoryTable;
beforeEach(() => {
  table = createMemoryTable();
});

async function fill(pk: string, items: number): Promise<void> {
  for (let index = 0; index < items; index += 1) await table.put({ pk, sk: `k${index}`, v: 1 });
}

async function* each(places: readonly Place[]): AsyncIterable<Place> {
  yield* places;
}

const always = async () => true;

it('given places, then all that stands in them goes, what is to be noted is noted once each was empty, and no other is touched', async () => {
  await fill('a', 1200);
  await fill('b', 3);
  await fill('other', 1);
  const noted: unknown[] = [];
  const places = ['a', 'b', 'c'].map((pk) => ({
    partitions: [pk],
    emptied: async () => void noted.push([pk, table.slice({ pk }).length]),
  }));
  expect(await emptyPlaces(table, each(places), always)).toEqual({ items: 1203, places: 3, all: true });
  expect(noted.sort()).toEqual([
    ['a', 0],
    ['b', 0],
    ['c', 0],
  ]);
  expect([...table.all()].map(({ pk }) => pk)).toEqual(['other']);
});

it('given an end in the middle of a place, then it is not noted as emptied, and nothing more is begun', async () => {
  await fill('a', 1200);
  await fill('b', 1200);
  const noted: string[] = [];
  const places = ['a', 'b'].map((pk) => ({ partitions: [pk, 'c'], emptied: async () => void noted.push(pk) }));
  const done = await emptyPlaces(table, each(places), async ({ items }) => items < 1000);
  expect(done).toMatchObject({ places: 0, all: false });
  expect(noted).toEqual([]);
  expect(table.slice({ pk: 'a' }).length + table.slice({ pk: 'b' }).length).toBeGreaterThan(0);
});

it('given many places, then as many as are said are at it at once', async () => {
  let at = 0;
  let most = 0;
  const slow: MemoryTable = {
    ...table,
    batchWrite: async (writes) => {
      at += 1;
      most = Math.max(most, at);
      for (let turn = 0; turn < 5; turn += 1) await new Promise((resolve) => setImmediate(resolve));
      const left = await table.batchWrite(writes);
      at -= 1;
      return left;
    },
  };
  const names = Array.from({ length: 30 }, (_, index) => `p${index}`);
  for (const pk of names) await fill(pk, 2);
  await emptyPlaces(slow, each(names.map((pk) => ({ partitions: [pk] }))), always);
  expect(most).toBe(placesAtOnce);
  expect([...table.all()]).toEqual([]);
});

it('given a table that leaves half of each batch, then a place counts as emptied only when nothing is in it', async () => {
  await fill('a', 1200);
  const busy: MemoryTable = {
    ...table,
    batchWrite: async (writes) => {
      const half = Math.ceil(writes.length / 2);
      return [...(await table.batchWrite(writes.slice(0, half))), ...writes.slice(half)];
    },
  };
  const left: number[] = [];
  const place = { partitions: ['a'], emptied: async () => void left.push(table.slice({ pk: 'a' }).length) };
  expect(await emptyPlaces(busy, each([place]), always)).toMatchObject({ all: true });
  expect(left).toEqual([0]);
});

it('given a failure of one, then the others end what they are at, and it is thrown', async () => {
  for (const pk of ['a', 'b', 'c']) await fill(pk, 2);
  const failing: MemoryTable = {
    ...table,
    batchWrite: async (writes) => {
      if (writes.some((write) => 'delete' in write && write.delete.pk === 'b')) throw new Error('no');
      return await table.batchWrite(writes);
    },
  };
  const places = ['a', 'b', 'c'].map((pk) => ({ partitions: [pk] }));
  await expect(emptyPlaces(failing, each(places), always)).rejects.toThrow('no');
  expect(table.slice({ pk: 'b' })).toHaveLength(2);
});

it('each of several workers begins elsewhere, and goes through what no round has emptied, with what is being moved', async () => {
  for (const [index, lo] of ['\u0000', 'b', 'c', 'd'].entries()) {
    const range = emptyRange(`r${index}`, lo, undefined);
    await table.put(rangeItem('u', index === 2 ? { ...range, moving: { id: 'copy', after: 'cc' } } : range));
  }
  const [first] = await readRanges(table, 'u');
  await noteEmptied(table, 'u', first!, 1);
  const of = async (worker: number, round: 1 | 2 = 1) =>
    (await collect(purgedRanges(table, 'u', { round, worker, workers: 3 }))).map(({ partitions }) => partitions);
  const r1 = [recordPartition('u', 'r1'), 'leaf#u#r1'];
  const r2 = [recordPartition('u', 'r2'), 'leaf#u#r2', recordPartition('u', 'copy'), 'leaf#u#copy'];
  const r3 = [recordPartition('u', 'r3'), 'leaf#u#r3'];
  expect([await of(0), await of(1), await of(2)]).toEqual([
    [r1, r2, r3],
    [r2, r3, r1],
    [r3, r1, r2],
  ]);
  expect(await of(0, 2)).toHaveLength(4);
});

it('a worker that comes late does not bring back the row of a range, nor set back its round', async () => {
  await table.put(rangeItem('u', emptyRange('r', '\u0000', undefined)));
  const [range] = await readRanges(table, 'u');
  await noteEmptied(table, 'u', range!, 2);
  await noteEmptied(table, 'u', range!, 1);
  expect(await findRange(table, 'u', '\u0000')).toMatchObject({ emptied: 2 });
  await table.delete({ pk: 'map#u', sk: '\u0000' });
  await noteEmptied(table, 'u', range!, 1);
  expect([...table.all()]).toEqual([]);
});
