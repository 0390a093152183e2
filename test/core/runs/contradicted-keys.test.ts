import { afterEach, beforeEach, expect, it } from 'vitest';
import { openSqliteTable } from '#adapters/sqlite/sqlite-table.ts';
import type { PlainWrite, Table } from '#core/model/ports/table.ts';
import { contradictedPartition, listContradicted, rememberContradicted } from '#core/runs/contradicted-keys.ts';
import { collect } from '#support/collect.ts';
import { wholeWrites } from '#support/whole-writes.ts';

const day = 86_400_000;
let store: ReturnType<typeof openSqliteTable>;
let table: Table;
let writes: (readonly PlainWrite[])[];
beforeEach(() => {
  store = openSqliteTable(':memory:');
  writes = [];
  table = {
    ...store,
    batchWrite(batch) {
      writes.push(batch);
      return store.batchWrite(batch);
    },
  };
});
afterEach(() => store.close());

const kept = (): Promise<string[]> => listContradicted(store, 'u');

it('what is remembered is what the last run said, and no other datasource has it', async () => {
  await rememberContradicted(wholeWrites(table), 'u', ['b', 'a'], 0);
  await rememberContradicted(wholeWrites(table), 'other', ['c'], 0);
  expect(await kept()).toEqual(['a', 'b']);
  await rememberContradicted(wholeWrites(table), 'u', new Set(['b', 'd']), day);
  expect([await kept(), await listContradicted(store, 'other')]).toEqual([['b', 'd'], ['c']]);
  await rememberContradicted(wholeWrites(table), 'u', [], day);
  expect(await kept()).toEqual([]);
});

it('no more than a thousand are, the first that are given', async () => {
  const keys = Array.from({ length: 1001 }, (_, index) => `k${9000 - index}`);
  await rememberContradicted(wholeWrites(table), 'u', keys, 0);
  expect(await kept()).toEqual(keys.slice(0, 1000).sort());
});

it('nothing is written where nothing changes, until half of its sixty days are over', async () => {
  const ttl = async () => (await collect(store.query({ pk: contradictedPartition('u') }))).map((item) => item.ttl);
  await rememberContradicted(wholeWrites(table), 'u', ['a'], 500);
  expect(await ttl()).toEqual([60 * 86_400]);
  await rememberContradicted(wholeWrites(table), 'u', ['a'], 30 * day - 1000);
  expect(writes).toHaveLength(1);
  await rememberContradicted(wholeWrites(table), 'u', ['a'], 30 * day);
  expect([writes.length, await ttl()]).toEqual([2, [90 * 86_400]]);
  await rememberContradicted(wholeWrites(table), 'v', [], 0);
  expect(writes).toHaveLength(2);
});
