import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { openSqliteTable, type SqliteTable } from '#adapters/sqlite/sqlite-table.ts';
import { ConditionFailed } from '#core/model/errors.ts';
import { tableContract } from './table.contract.ts';

const folders: string[] = [];

function newFile(): string {
  const folder = mkdtempSync(join(tmpdir(), 'stocktake-table-'));
  folders.push(folder);
  return join(folder, 'table.db');
}

tableContract('SQLite in memory', async () => underTest(openSqliteTable(':memory:')));
tableContract('SQLite in a file, every change fed', async () => {
  return underTest(openSqliteTable(newFile(), { feed: { prefixes: [''] } }));
});

function underTest(table: SqliteTable) {
  return { table, close: () => table.close() };
}

afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

describe('SQLite table file', () => {
  test('given a table that was not closed, when its file is opened again, every acknowledged write is there', async () => {
    const path = newFile();
    const crashed = openSqliteTable(path);
    await crashed.put({ pk: 'p', sk: 'put' });
    await crashed.batchWrite([{ put: { pk: 'p', sk: 'batch' } }]);
    await crashed.transact([{ put: { pk: 'p', sk: 'transaction' } }]);
    const reopened = openSqliteTable(path);
    const found: string[] = [];
    for await (const { sk } of reopened.query({ pk: 'p' })) found.push(sk);
    expect(found).toEqual(['batch', 'put', 'transaction']);
    reopened.close();
    crashed.close();
  });

  test('given two openings of one file, when both write against one version, exactly one wins', async () => {
    const path = newFile();
    const tables = [openSqliteTable(path), openSqliteTable(path)];
    await tables[0]?.put({ pk: 'p', sk: 'k', version: 1 });
    const race = tables.map((table) => table.put({ pk: 'p', sk: 'k', version: 2 }, { type: 'version', equals: 1 }));
    const results = await Promise.allSettled(race);
    expect(results.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected']);
    const loser = results.find((result) => result.status === 'rejected');
    expect(loser?.reason).toBeInstanceOf(ConditionFailed);
    for (const table of tables) table.close();
  });

  test('given items with and without ttl, a purge deletes the longest expired, so many at a time, and no others', async () => {
    const table = openSqliteTable(':memory:', { feed: { prefixes: ['p'] } });
    const ttls = [50, 10, 99, 100, 101];
    await table.batchWrite([
      ...ttls.map((ttl) => ({ put: { pk: 'p', sk: `ttl ${ttl}`, ttl, quiet: true } })),
      { put: { pk: 'p', sk: 'no ttl', quiet: true } },
    ]);
    expect(await table.purgeExpired(100, 2)).toBe(2);
    expect(await table.get({ pk: 'p', sk: 'ttl 99' })).toBeDefined();
    expect(await table.purgeExpired(100, 2)).toBe(1);
    expect(await table.purgeExpired(100, 2)).toBe(0);
    const told = await table.feed.read(10);
    expect(told.map(({ change }) => change.key.sk)).toEqual(['ttl 10', 'ttl 50', 'ttl 99']);
    expect(told.every(({ change }) => change.before && !change.after)).toBe(true);
    table.close();
  });

  test('given an item whose ttl was taken away by another put, it is not purged', async () => {
    const table = openSqliteTable(':memory:');
    await table.put({ pk: 'p', sk: 'k', ttl: 1 });
    await table.put({ pk: 'p', sk: 'k' });
    expect(await table.purgeExpired(100, 10)).toBe(0);
    table.close();
  });

  test('given a long query, timers get their turn between its pages', async () => {
    const table = openSqliteTable(':memory:');
    await table.batchWrite(Array.from({ length: 2000 }, (_, n) => ({ put: { pk: 'p', sk: `${n}` } })));
    let turns = 0;
    const count = () => {
      turns += 1;
      if (turns < 3) setImmediate(count);
    };
    setImmediate(count);
    for await (const _ of table.query({ pk: 'p' }));
    expect(turns).toBe(3);
    table.close();
  });
});
