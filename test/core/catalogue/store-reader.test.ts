import { afterEach, beforeEach, expect, it } from 'vitest';
import { addObject, nothing } from '#core/catalogue/leaf.ts';
import { type RecordRow, readRecord, tombstoneOf } from '#core/catalogue/record.ts';
import { readStore } from '#core/catalogue/store-reader.ts';
import { createOneRange, type OneRange, objectOf } from '../sync/walk/one-range.ts';

let world: OneRange;
let pk: string;
beforeEach(async () => {
  world = await createOneRange();
  await world.catalogue('abc');
  const [, record] = (await world.records()).map(readRecord) as [RecordRow, RecordRow];
  pk = record.pk;
  await world.store.put(tombstoneOf(record, { run: 'x', seq: 1, at: record.at, quiet: false }, 'deleted'));
});
afterEach(() => world.store.close());

it('items are looked at before they are taken, tombstones among them, up to the end', async () => {
  const reader = readStore(world.store, { pk });
  for (const key of 'abc') {
    expect([(await reader.peek())?.sk, (await reader.peek())?.sk, reader.ended]).toEqual([key, key, false]);
    reader.take();
  }
  expect([await reader.peek(), reader.ended, await reader.peek()]).toEqual([undefined, true, undefined]);
  await reader.close();
});

it('live records that were taken add up, each once', async () => {
  const live = nothing();
  const reader = readStore(world.store, { pk }, live);
  for (let item = await reader.peek(); item !== undefined && item.sk < 'c'; item = await reader.peek()) {
    reader.take();
    reader.take();
  }
  const expected = nothing();
  addObject(expected, objectOf('a'));
  expect(live).toEqual(expected);
  await reader.close();
});
