import { beforeEach, describe, expect, it } from 'vitest';
import { openSqliteTable } from '#adapters/sqlite/sqlite-table.ts';
import { ConditionFailed, Failure } from '#core/model/errors.ts';
import type { Item, Table } from '#core/model/ports/table.ts';
import { createNumbered, numberItem } from '#core/table/registry-number.ts';
import { type CountingTable, countWrites } from '#support/counting-table.ts';

let table: CountingTable;
beforeEach(() => {
  table = countWrites(openSqliteTable(':memory:'));
});

const create = async (id?: string, kind: 'connector' | 'datasource' = 'datasource'): Promise<Item> =>
  createNumbered(table, kind, id, (number) => ({ pk: `registry#${kind}`, sk: id ?? String(number), number }));
const numberOf = async (id?: string, kind?: 'connector' | 'datasource') => (await create(id, kind)).number;

const remove = async (row: Item, kind: 'connector' | 'datasource' = 'datasource'): Promise<void> => {
  await table.transact([{ delete: row }, { delete: numberItem(kind, Number(row.number), row.sk) }]);
};

describe('numbers', () => {
  it('grow by one, each kind for itself', async () => {
    expect([await numberOf(), await numberOf('photos'), await numberOf()]).toEqual([1, 2, 3]);
    expect(await numberOf(undefined, 'connector')).toBe(1);
  });

  it('lead to the id that has them', async () => {
    await create('photos');
    expect(await table.get(numberItem('datasource', 1, ''))).toMatchObject({ id: 'photos' });
  });

  it('are not given again after their row is gone', async () => {
    const rows = [await create(), await create()];
    for (const row of rows) await remove(row);
    expect(await numberOf()).toBe(3);
    const seventh = await create('7');
    await remove(seventh);
    expect(await numberOf()).toBe(8);
  });

  it('given an id that is a number, then it keeps it, and others go on behind it or around it', async () => {
    expect(await numberOf('5')).toBe(5);
    expect(await numberOf('3')).toBe(3);
    expect([await numberOf(), await numberOf('photos')]).toEqual([6, 7]);
  });

  it.each(['0', '007', '1.0', '-1', '1e3', '1234567890123456', '9007199254740991', '9007199254740993'])(
    'given the id %j, then it is a name like any other and gets the next number',
    async (id) => {
      expect(await numberOf(id)).toBe(1);
      expect(await numberOf()).toBe(2);
    },
  );

  it('given the largest id that is a number, then those after it are still exact', async () => {
    expect(await numberOf('999999999999999')).toBe(999_999_999_999_999);
    expect([await numberOf(), await numberOf()]).toEqual([1_000_000_000_000_000, 1_000_000_000_000_001]);
  });

  it('given an id that looks like the next number beyond 15 digits, then that number is passed over', async () => {
    await create('999999999999999');
    await create('1000000000000001');
    expect((await create()).sk).toBe('1000000000000002');
  });
});

describe('an id that is taken', () => {
  it('is refused, by name and by number, and costs no number', async () => {
    await create('photos');
    await create('5');
    await expect(create('photos')).rejects.toMatchObject({ index: 0 });
    await expect(create('5')).rejects.toBeInstanceOf(ConditionFailed);
    expect(await numberOf()).toBe(6);
  });

  it('is refused when its number is that of a row with another id', async () => {
    await create('photos');
    await expect(create('1')).rejects.toBeInstanceOf(ConditionFailed);
    expect(await table.get({ pk: 'registry#datasource', sk: '1' })).toBeUndefined();
  });
});

describe('creates at once', () => {
  it('get numbers of their own', async () => {
    const numbers = await Promise.all(Array.from({ length: 40 }, () => numberOf()));
    expect(numbers.map(Number).sort((one, other) => one - other)).toEqual(
      Array.from({ length: 40 }, (_, at) => at + 1),
    );
  });

  it('of the same id, then one is stored', async () => {
    const outcomes = await Promise.allSettled([create('photos'), create('photos'), create('photos')]);
    expect(outcomes.map((one) => one.status).sort()).toEqual(['fulfilled', 'rejected', 'rejected']);
    expect(await numberOf()).toBe(2);
  });

  it('do not turn a free numeric id away', async () => {
    let raced = false;
    table.beforeWrite = async () => {
      if (raced) return;
      raced = true;
      await create();
    };
    expect(await numberOf('100')).toBe(100);
    expect(await numberOf()).toBe(101);
  });

  it('do not set the counter back behind a number that was given meanwhile', async () => {
    table.beforeWrite = async () => {
      table.beforeWrite = undefined;
      await create('100');
    };
    expect(await numberOf()).toBe(101);
  });

  it('end with a conflict that says so when others always come first', async () => {
    const everBusy: Table = {
      ...table,
      transact: async () => {
        throw new ConditionFailed(2);
      },
    };
    const refused = createNumbered(everBusy, 'datasource', undefined, () => ({ pk: 'registry#datasource', sk: 'any' }));
    await expect(refused).rejects.toBeInstanceOf(Failure);
    await expect(refused).rejects.toMatchObject({ code: 'conflict', message: expect.stringContaining('try again') });
  });
});
