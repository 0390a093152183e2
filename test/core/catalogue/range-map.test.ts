import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { amendRange, emptyRange, firstKey, rangeItem, rangeOf, readRange } from '#core/catalogue/range-map.ts';
import { ConditionFailed } from '#core/model/errors.ts';
import type { Table, TransactWrite } from '#core/model/ports/table.ts';
import { createOneRange, type OneRange } from '../sync/walk/one-range.ts';

let world: OneRange;
beforeEach(async () => {
  world = await createOneRange();
  await world.begin({ hi: 'm' });
});
afterEach(() => world.store.close());

const more = (row: ReturnType<typeof emptyRange>) => ({ ...row, objects: row.objects + 1 });

it('a range that is gone was purged, and its run is over', async () => {
  await expect(readRange(world.store, 'u', 'elsewhere')).rejects.toMatchObject({ code: 'lease_lost' });
});

it('a key belongs to the last range that begins before it', async () => {
  await world.store.put(rangeItem('u', emptyRange('behind', 'm', undefined)));
  const of = async (key: string) => (await rangeOf(world.store, 'u', key))?.id;
  expect([await of('a'), await of('m'), await of('m0'), await of(firstKey)]).toEqual(['r', 'r', 'behind', undefined]);
});

describe('the row of a range', () => {
  it('is changed as it is then, however often others change it', async () => {
    let between = 2;
    const transact: Table['transact'] = async (writes) => {
      if (between > 0) {
        between -= 1;
        await amendRange(world.store, 'u', firstKey, more);
      }
      await world.store.transact(writes);
    };
    expect(await amendRange({ ...world.store, transact }, 'u', firstKey, more)).toMatchObject({
      objects: 3,
      version: 4,
    });
    expect(await world.row()).toMatchObject({ objects: 3, version: 4 });
  });

  it('stays as it is where a condition beside it fails, which is told by its place', async () => {
    const check = (fence: number): TransactWrite => ({
      check: { pk: 'u', sk: 'lease' },
      condition: { type: 'fence', atMost: fence },
    });
    const put: TransactWrite = { put: { pk: 'beside', sk: 'it' }, condition: { type: 'version', equals: 1 } };
    const failed = await amendRange(world.store, 'u', firstKey, more, [check(2), put]).catch((error: unknown) => error);
    expect(failed).toBeInstanceOf(ConditionFailed);
    expect(failed).toMatchObject({ index: 1 });
    expect(await world.row()).toMatchObject({ objects: 0, version: 1 });
  });
});
