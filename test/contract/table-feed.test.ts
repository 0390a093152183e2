import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openSqliteTable, type SqliteTable } from '#adapters/sqlite/sqlite-table.ts';

const FED = { feed: { prefixes: ['record#', 'registry'] } };

describe('feed of the SQLite table', () => {
  let folder: string;
  let path: string;
  let table: SqliteTable;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'stocktake-feed-'));
    path = join(folder, 'table.db');
    table = openSqliteTable(path, FED);
  });
  afterEach(() => {
    table.close();
    rmSync(folder, { recursive: true, force: true });
  });

  const changes = async () => (await table.feed.read(100)).map(({ change }) => change);

  test('given puts and deletes, it tells each with the item before and after, in order', async () => {
    const key = { pk: 'record#1', sk: 'a\u0000😀' };
    await table.put({ ...key, n: 1 });
    await table.put({ ...key, n: 2 });
    await table.delete(key);
    expect(await changes()).toStrictEqual([
      { key, after: { ...key, n: 1 } },
      { key, before: { ...key, n: 1 }, after: { ...key, n: 2 } },
      { key, before: { ...key, n: 2 } },
    ]);
  });

  test('given batches and transactions, it tells each of their changes', async () => {
    await table.batchWrite(['a', 'b'].map((sk) => ({ put: { pk: 'record#1', sk } })));
    await table.transact([
      { delete: { pk: 'record#1', sk: 'a' } },
      { check: { pk: 'record#1', sk: 'b' }, condition: { type: 'fence', atMost: 1 } },
      { put: { pk: 'registry', sk: 'c' } },
    ]);
    expect((await changes()).map(({ key }) => key.sk)).toEqual(['a', 'b', 'a', 'c']);
  });

  test('given partitions outside its prefixes, or quiet puts, it tells nothing', async () => {
    await table.put({ pk: 'leaf#1', sk: 'a' });
    await table.put({ pk: 'records', sk: 'a' });
    await table.put({ pk: 'record#1', sk: 'a', quiet: true });
    expect(await changes()).toEqual([]);
  });

  test('given a quiet item, when it is put aloud, it tells that, with the quiet one before', async () => {
    const key = { pk: 'record#1', sk: 'a' };
    await table.put({ ...key, quiet: true });
    await table.put({ ...key, loud: 1 });
    expect(await changes()).toStrictEqual([{ key, before: { ...key, quiet: true }, after: { ...key, loud: 1 } }]);
  });

  test('given writes that change nothing, it tells nothing', async () => {
    await table.put({ pk: 'record#1', sk: 'a', n: 1 });
    const [first] = await table.feed.read(1);
    await table.feed.acknowledge(first?.sequence ?? 0);
    await table.put({ pk: 'record#1', sk: 'a', n: 1 });
    await table.delete({ pk: 'record#1', sk: 'missing' });
    expect(await changes()).toEqual([]);
  });

  test('given a condition that fails, the transaction leaves nothing to tell and calls nobody', async () => {
    let calls = 0;
    table.feed.onAppend(() => {
      calls += 1;
    });
    const refused = table.transact([
      { put: { pk: 'record#1', sk: 'a' } },
      { put: { pk: 'record#1', sk: 'b' }, condition: { type: 'version', equals: 1 } },
    ]);
    await expect(refused).rejects.toMatchObject({ name: 'ConditionFailed', index: 1 });
    await table.put({ pk: 'elsewhere', sk: 'a' });
    expect(await changes()).toEqual([]);
    expect(calls).toBe(0);
  });

  test('given a write that fails half-way, the transaction is undone with what it had to tell', async () => {
    const failing = Object.defineProperty({}, 'late', { enumerable: true, get: throwsAtSecondLook() });
    const writes = [{ put: { pk: 'record#1', sk: 'a' } }, { put: { pk: 'record#1', sk: 'b', failing } }];
    let calls = 0;
    table.feed.onAppend(() => {
      calls += 1;
    });
    await expect(table.batchWrite(writes)).rejects.toThrow('second look');
    await table.put({ pk: 'elsewhere', sk: 'a' });
    expect(calls).toBe(0);
    expect(await table.get({ pk: 'record#1', sk: 'a' })).toBeUndefined();
    expect(await changes()).toEqual([]);
  });

  test('given more changes than asked for, it gives the oldest, and the rest after they are acknowledged', async () => {
    await table.batchWrite(['a', 'b', 'c'].map((sk) => ({ put: { pk: 'registry', sk } })));
    const first = await table.feed.read(2);
    expect(first.map(({ change }) => change.key.sk)).toEqual(['a', 'b']);
    expect(await table.feed.read(2)).toStrictEqual(first);
    await table.feed.acknowledge(first[1]?.sequence ?? 0);
    const rest = await table.feed.read(2);
    expect(rest.map(({ change }) => change.key.sk)).toEqual(['c']);
    expect(rest[0]?.sequence).toBeGreaterThan(first[1]?.sequence ?? 0);
  });

  test('given everything acknowledged, when the file is reopened, later sequences are still higher', async () => {
    await table.put({ pk: 'registry', sk: 'a' });
    const [first] = await table.feed.read(1);
    await table.feed.acknowledge(first?.sequence ?? 0);
    table.close();
    table = openSqliteTable(path, FED);
    await table.put({ pk: 'registry', sk: 'b' });
    const [second] = await table.feed.read(1);
    expect(second?.sequence).toBeGreaterThan(first?.sequence ?? 0);
  });

  test('given a crash before the acknowledgement, when the file is reopened, the changes are told again', async () => {
    await table.put({ pk: 'registry', sk: 'a' });
    const crashed = table;
    table = openSqliteTable(path, FED);
    expect((await changes()).map(({ key }) => key.sk)).toEqual(['a']);
    crashed.close();
  });

  test('given a writer killed at work, when the file is reopened, all it acknowledged is there and is told', async () => {
    const writer = spawn(process.execPath, ['--input-type=module', '-e', WRITER, path], {
      cwd: join(import.meta.dirname, '../..'),
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const ended = once(writer, 'exit');
    const acknowledged: string[] = [];
    for await (const line of createInterface({ input: writer.stdout })) {
      acknowledged.push(line);
      if (acknowledged.length === 50) writer.kill('SIGKILL');
    }
    await ended;
    expect(writer.signalCode).toBe('SIGKILL');
    const told = (await table.feed.read(10_000)).map(({ change }) => change.key.sk);
    const stored: string[] = [];
    for await (const { sk } of table.query({ pk: 'registry' })) stored.push(sk);
    expect(acknowledged.length).toBeGreaterThanOrEqual(50);
    expect(stored).toEqual(expect.arrayContaining(acknowledged));
    expect(told.toSorted()).toEqual(stored.toSorted());
  });

  test('given a listener, it is called after the commit, once for a transaction, until it is taken off', async () => {
    const heard: Promise<number>[] = [];
    const stop = table.feed.onAppend(() => {
      heard.push(table.feed.read(100).then((told) => told.length));
    });
    await table.batchWrite(['a', 'b'].map((sk) => ({ put: { pk: 'registry', sk } })));
    await table.put({ pk: 'elsewhere', sk: 'a' });
    await table.put({ pk: 'registry', sk: 'c' });
    stop();
    await table.put({ pk: 'registry', sk: 'd' });
    expect(await Promise.all(heard)).toEqual([2, 3]);
  });
});

/** Writes without end, and says each key once its write is acknowledged. */
const WRITER = `
  import { writeSync } from 'node:fs';
  import { openSqliteTable } from '#adapters/sqlite/sqlite-table.ts';
  const table = openSqliteTable(process.argv[1], ${JSON.stringify(FED)});
  for (let n = 0; ; n++) {
    await table.put({ pk: 'registry', sk: String(n) });
    writeSync(1, n + '\\n');
  }
`;

/** A value that passes the check of its item, and fails when it is written. */
function throwsAtSecondLook(): () => number {
  let looks = 0;
  return () => {
    looks += 1;
    if (looks === 2) throw new Error('second look');
    return 1;
  };
}
