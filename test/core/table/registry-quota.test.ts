import { beforeEach, describe, expect, it } from 'vitest';
import { openSqliteTable } from '#adapters/sqlite/sqlite-table.ts';
import type { Failure } from '#core/model/errors.ts';
import type { Item, Table } from '#core/model/ports/table.ts';
import { createNumbered, numberItem, removeNumbered } from '#core/table/registry-number.ts';

const quota = { most: 100, setting: 'maxDatasources' };

let table: Table;
beforeEach(() => {
  table = openSqliteTable(':memory:');
});

const build = (number: number): Item => ({ pk: 'registry#datasource', sk: String(number), number, version: 1 });
const create = (within = quota) => createNumbered(table, 'datasource', undefined, build, () => [], within);
/** As a version before quotas did it. */
const createUncounted = () => createNumbered(table, 'datasource', undefined, build);
const removeUncounted = async (row: Item) =>
  table.transact([{ delete: row }, { delete: numberItem('datasource', Number(row.number), row.sk) }]);
const remove = (row: Item) =>
  removeNumbered(table, 'datasource', [
    { delete: row, condition: { type: 'version', equals: 1 } },
    { delete: numberItem('datasource', Number(row.number), row.sk) },
  ]);
const standing = async () => {
  const rows: Item[] = [];
  for await (const row of table.query({ pk: 'registry#datasource' })) rows.push(row);
  return rows;
};
const many = async (count: number, one: () => Promise<Item>) => {
  for (let index = 0; index < count; index += 1) await one();
};
const codeOf = (error: unknown) => (error as Failure).code;

describe('a quota of rows', () => {
  it('given 500 creates at once and ten places left, exactly ten pass and all others are told the number and the setting', async () => {
    await many(90, () => create());
    const results = await Promise.allSettled(Array.from({ length: 500 }, () => create()));
    const refused = results.filter((result) => result.status === 'rejected');
    expect(refused).toHaveLength(490);
    expect(new Set(refused.map(({ reason }) => `${codeOf(reason)}: ${(reason as Failure).message}`))).toEqual(
      new Set([
        'quota_exceeded: there may be 100 datasources, and there are as many; delete some, or raise the setting maxDatasources',
      ]),
    );
    expect(await standing()).toHaveLength(100);
  });

  it('given creates and deletes at once, there are never more than it says, and as many again as were deleted', async () => {
    await many(100, () => create());
    const rows = await standing();
    const deletes = rows.slice(0, 40).map((row) => remove(row));
    const creates = Array.from({ length: 60 }, () => create());
    await Promise.allSettled([...deletes, ...creates]);
    expect((await standing()).length).toBeLessThanOrEqual(100);
    await Promise.allSettled(Array.from({ length: 60 }, () => create()));
    expect(await standing()).toHaveLength(100);
  });

  it('given a table of before, whose rows nobody counted, they are counted, however many creates come at once', async () => {
    await many(95, createUncounted);
    const results = await Promise.allSettled(Array.from({ length: 40 }, () => create()));
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(5);
    expect(await standing()).toHaveLength(100);
  });

  it('given an older version beside this one that creates, its rows are counted', async () => {
    await many(98, () => create());
    await createUncounted();
    await create();
    await expect(create()).rejects.toMatchObject({ code: 'quota_exceeded' });
    expect(await standing()).toHaveLength(100);
  });

  it('given an older version that deleted without counting, what it deleted has its place again', async () => {
    await many(100, () => create());
    await expect(create()).rejects.toMatchObject({ code: 'quota_exceeded' });
    for (const row of (await standing()).slice(0, 3)) await removeUncounted(row);
    // Which such a version notes with its next create, and this one with its next change.
    await remove((await standing())[0] as Item);
    await many(4, () => create());
    await expect(create()).rejects.toMatchObject({ code: 'quota_exceeded' });
    expect(await standing()).toHaveLength(100);
  });

  it('given one below what stands, nothing that stands goes, and no more comes until there are fewer', async () => {
    await many(100, () => create());
    const lower = { ...quota, most: 50 };
    await expect(create(lower)).rejects.toMatchObject({ code: 'quota_exceeded' });
    expect(await standing()).toHaveLength(100);
    for (const row of (await standing()).slice(0, 51)) await remove(row);
    await create(lower);
    await expect(create(lower)).rejects.toMatchObject({ code: 'quota_exceeded' });
  });

  it('given the connector that is there from the start, it takes no place', async () => {
    await table.put({ pk: 'registry#connector', sk: 's3', builtin: true, version: 1 });
    const connector = (number: number) => ({ pk: 'registry#connector', sk: `c${number}` });
    const within = { most: 1, setting: 'maxConnectors' };
    await createNumbered(table, 'connector', undefined, connector, () => [], within);
    const second = createNumbered(table, 'connector', undefined, connector, () => [], within);
    await expect(second).rejects.toMatchObject({ code: 'quota_exceeded' });
  });

  it('given refusals in a row, the rows are counted for the first of them alone', async () => {
    await many(100, () => create());
    await Promise.allSettled([create()]);
    let queries = 0;
    const counting: Table = {
      ...table,
      query: (query) => {
        queries += 1;
        return table.query(query);
      },
    };
    const again = createNumbered(counting, 'datasource', undefined, build, () => [], quota);
    await expect(again).rejects.toMatchObject({ code: 'quota_exceeded' });
    expect(queries).toBe(0);
  });
});
