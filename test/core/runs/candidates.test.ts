import { afterEach, beforeEach, expect, it } from 'vitest';
import { openSqliteTable } from '#adapters/sqlite/sqlite-table.ts';
import type { Table } from '#core/model/ports/table.ts';
import {
  amongCandidates,
  amongLeaving,
  candidateExpiry,
  candidateItem,
  dropCandidates,
  leavingItem,
  listCandidates,
  listLeaving,
} from '#core/runs/candidates.ts';
import { collect } from '#support/collect.ts';
import { wholeWrites } from '#support/whole-writes.ts';

let store: ReturnType<typeof openSqliteTable>;
/** The sizes of batches written. */
let sizes: number[];
let table: Table;
beforeEach(() => {
  store = openSqliteTable(':memory:');
  sizes = [];
  const batchWrite: Table['batchWrite'] = (writes) => {
    sizes.push(writes.length);
    return store.batchWrite(writes);
  };
  table = { ...store, batchWrite };
});
afterEach(() => store.close());

const noted = (pass: string, keys: readonly string[]): Promise<unknown> =>
  store.batchWrite(keys.map((key) => ({ put: candidateItem('u', pass, key, 9_999_999_999) })));
const candidates = (pass: string): Promise<string[]> => collect(listCandidates(store, 'u', pass));

it('candidates outlive the next run by 30 days', () => {
  const day = 86_400;
  expect(candidateExpiry(1500, 0)).toBe(30 * day + 1);
  expect(candidateExpiry(0, 60 * day * 1000)).toBe(90 * day);
});

it('those of one pass are no others', async () => {
  await noted('one', ['b', 'a']);
  await noted('other', ['a', 'c']);
  expect([await candidates('one'), await candidates('other')]).toEqual([
    ['a', 'b'],
    ['a', 'c'],
  ]);
  expect(await amongCandidates(store, 'u', 'one', ['a', 'b', 'c'])).toEqual(new Set(['a', 'b']));
  await dropCandidates(wholeWrites(table), 'u', 'one');
  expect([await candidates('one'), await candidates('other')]).toEqual([[], ['a', 'c']]);
});

it('what may leave the scope is noted apart, and forgotten together with them', async () => {
  await noted('one', ['a', 'c']);
  await store.batchWrite(['b', 'd'].map((key) => ({ put: leavingItem('u', 'one', key, 9_999_999_999) })));
  const leaving = (pass: string): Promise<string[]> => collect(listLeaving(store, 'u', pass));
  expect([await candidates('one'), await leaving('one'), await leaving('other')]).toEqual([['a', 'c'], ['b', 'd'], []]);
  expect(await amongLeaving(store, 'u', 'one', ['a', 'b', 'd'])).toEqual(new Set(['b', 'd']));
  expect(await amongCandidates(store, 'u', 'one', ['a', 'b', 'd'])).toEqual(new Set(['a']));
  await dropCandidates(wholeWrites(table), 'u', 'one', { after: 'b' });
  expect([await candidates('one'), await leaving('one')]).toEqual([['a'], ['b']]);
});

it('those after one key and up to another are forgotten alone', async () => {
  await noted('one', ['a', 'b', 'c', 'd']);
  await dropCandidates(wholeWrites(table), 'u', 'one', { after: 'a', through: 'c' });
  expect(await candidates('one')).toEqual(['a', 'd']);
});

it('many are forgotten by 500', async () => {
  await noted(
    'one',
    Array.from({ length: 1001 }, (_, index) => `k${index}`),
  );
  await dropCandidates(wholeWrites(table), 'u', 'one');
  expect([sizes, await candidates('one')]).toEqual([[500, 500, 1], []]);
});
