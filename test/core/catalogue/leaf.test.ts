import { createHash } from 'node:crypto';
import { expect, it } from 'vitest';
import { openSqliteTable } from '#adapters/sqlite/sqlite-table.ts';
import { addContent, addObject, addRecord, nothing, sameContent, without } from '#core/catalogue/leaf.ts';
import { leafPartition, packBefore, packItem, readPacks } from '#core/catalogue/leaf-pack.ts';
import { emptyRange } from '#core/catalogue/range-map.ts';
import { rangesOfKeys } from '#core/catalogue/ranges-of-keys.ts';
import { type RecordRow, readRecord, recordOf } from '#core/catalogue/record.ts';
import type { ListedObject } from '#core/model/ports/listing.ts';
import type { Query, Table } from '#core/model/ports/table.ts';
import { collect } from '#support/collect.ts';

const objectOf = (key: string, size = 1): ListedObject => ({
  ...{ key, size, etag: `etag of ${key}`, lastModified: '2026-01-01T00:00:00.000Z', storageClass: 'STANDARD' },
});
const recordAt = (object: ListedObject): RecordRow =>
  readRecord(recordOf('record#u#r', object, { run: 'r', seq: 1, at: '2026-01-01T00:00:00.000Z', quiet: false }, true));

it('an object and its record have one digest, which each of its fields changes', () => {
  const object = objectOf('a', 5);
  const [listed, stored] = [nothing(), nothing()];
  addObject(listed, object);
  addRecord(stored, recordAt(object));
  expect(stored).toEqual(listed);
  expect(listed).toMatchObject({ objects: 1, bytes: 5 });
  const others = [{ key: 'b' }, { size: 6 }, { etag: 'x' }, { lastModified: 'x' }, { storageClass: 'x' }];
  const sums = [...others, {}].map((other) => {
    const content = nothing();
    addObject(content, { ...object, ...other });
    return content.sum;
  });
  expect(new Set(sums).size).toBe(6);
});

it('the digest is one that a later version computes, too: what it stored would be worth nothing otherwise', () => {
  const content = nothing();
  addObject(content, objectOf('a', 5));
  const facts = ['a', 'etag of a', 5, '2026-01-01T00:00:00.000Z', 'STANDARD'];
  const digest = createHash('sha256').update(JSON.stringify(facts)).digest('hex');
  expect(content.sum.toString(16).padStart(32, '0')).toBe(digest.slice(0, 32));
});

it('contents add up in any order, and what is taken out is gone, sums staying within 128 bits', () => {
  const objects = Array.from({ length: 40 }, (_, index) => objectOf(`k${index}`, index));
  const [forth, back, half, rest] = [nothing(), nothing(), nothing(), nothing()];
  for (const object of objects) addObject(forth, object);
  for (const object of objects.toReversed()) addObject(back, object);
  for (const object of objects.slice(0, 20)) addObject(half, object);
  for (const object of objects.slice(20)) addObject(rest, object);
  expect(back).toEqual(forth);
  expect(without(forth, half)).toEqual(rest);
  expect(without(half, forth).sum).toBeGreaterThanOrEqual(0n);
  const joined = { ...half };
  addContent(joined, rest);
  expect(joined).toEqual(forth);
  expect(forth.sum >> 128n).toBe(0n);
  expect(sameContent(joined, forth)).toBe(true);
  for (const other of [{ objects: 1 }, { bytes: 1 }, { sum: 1n }]) {
    expect(sameContent(forth, { ...forth, ...other })).toBe(false);
  }
});

it('packs are read back as they were written, from the one that a position lies in', async () => {
  const table = openSqliteTable(':memory:');
  const pk = leafPartition('u', 'r');
  const pack = (from: string, to: string) => ({ from, leaves: [{ to, objects: 2, bytes: 3, sum: (1n << 128n) - 1n }] });
  for (const [from, to] of [
    ['\u0000', 'b'],
    ['b', 'd'],
    ['f', 'h'],
  ] as const)
    await table.put(packItem(pk, pack(from, to), 7));
  expect(leafPartition('u', 'r')).toBe('leaf#u#r');
  const from = async (position: string) =>
    (await collect(readPacks(table, pk, { lo: '\u0000' }, position))).map((one) => one.from);
  expect(await collect(readPacks(table, pk, { lo: '\u0000' }, '\u0000'))).toEqual([
    pack('\u0000', 'b'),
    pack('b', 'd'),
    pack('f', 'h'),
  ]);
  expect(await from('a')).toEqual(['\u0000', 'b', 'f']);
  expect(await from('b')).toEqual(['b', 'f']);
  expect(await from('e')).toEqual(['b', 'f']);
  expect(await from('z')).toEqual(['f']);
  expect(await collect(readPacks(table, leafPartition('u', 'none'), { lo: '\u0000' }, 'a'))).toEqual([]);
  const asked: Query[] = [];
  const watched: Table = {
    ...table,
    query(query) {
      asked.push(query);
      return table.query(query);
    },
  };
  await collect(readPacks(watched, pk, { lo: '\u0000', hi: 'f' }, '\u0000'));
  expect(asked).toEqual([{ pk, before: 'f' }]);
  expect((await packBefore(table, pk, 'b'))?.from).toBe('\u0000');
  expect((await packBefore(table, pk, 'c'))?.from).toBe('b');
  expect(await packBefore(table, pk, '\u0000')).toBeUndefined();
  expect(await table.get({ pk, sk: 'b' })).toMatchObject({ v: 1, fence: 7 });
  table.close();
});

it('keys are sorted to the ranges that hold them, a boundary to the range before it', () => {
  const ranges = ['\u0000', 'b', 'd', 'f'].map((lo) => emptyRange(`from ${lo}`, lo, undefined));
  const found = rangesOfKeys(ranges, ['a', 'b', 'ba', 'd', 'f', 'g', 'z']);
  expect([...found].map(([{ lo }, keys]) => [lo, keys])).toEqual([
    ['\u0000', ['a', 'b']],
    ['b', ['ba', 'd']],
    ['d', ['f']],
    ['f', ['g', 'z']],
  ]);
  expect(rangesOfKeys([], ['a']).size).toBe(0);
  expect(rangesOfKeys(ranges.slice(1), ['a', 'c']).size).toBe(1);
  // By bytes: U+FFEE lies before an astral character.
  const odd = [emptyRange('one', '\u0000', '\uffee'), emptyRange('two', '\uffee', undefined)];
  expect([...rangesOfKeys(odd, ['\u{1f600}', '\ud7ff'])].map(([{ id }]) => id)).toEqual(['two', 'one']);
});
