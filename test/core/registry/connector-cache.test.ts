import { expect, it } from 'vitest';
import { openSqliteTable } from '#adapters/sqlite/sqlite-table.ts';
import { createConnectorCache } from '#core/registry/connector-cache.ts';
import { readConnector, updateConnector } from '#core/registry/connector-store.ts';
import { somebody } from '#support/somebody.ts';

function world() {
  let now = Date.parse('2026-11-30T12:00:00Z');
  let reads = 0;
  let broken = false;
  const sqlite = openSqliteTable(':memory:');
  const table = {
    ...sqlite,
    get: async (key: Parameters<typeof sqlite.get>[0]) => {
      reads += 1;
      if (broken) throw new Error('throttled');
      return sqlite.get(key);
    },
  };
  const read = createConnectorCache(table, { now: () => now });
  return {
    read,
    rename: async (name: string) => {
      const row = await readConnector(sqlite, 's3');
      if (row !== undefined) await updateConnector({ ...somebody, table: sqlite }, row, { ...row, name });
    },
    wait: (ms: number) => {
      now += ms;
    },
    break: (is: boolean) => {
      broken = is;
    },
    reads: () => reads,
  };
}

it('reads a hot row once in three seconds, and what changed after that', async () => {
  const { read, rename, wait, reads } = world();
  await rename('first');
  for (let tick = 0; tick < 100; tick += 1) expect((await read('s3'))?.name).toBe('first');
  expect(reads()).toBe(1);
  await rename('second');
  wait(2999);
  expect((await read('s3'))?.name).toBe('first');
  wait(1);
  expect((await read('s3'))?.name).toBe('second');
});

it('remembers neither what is missing nor a read that failed, and nothing of a clock that was ahead', async () => {
  const { read, rename, wait, reads, ...rest } = world();
  expect(await read('none')).toBeUndefined();
  expect(await read('none')).toBeUndefined();
  expect(reads()).toBe(2);
  rest.break(true);
  await expect(read('s3')).rejects.toThrow('throttled');
  rest.break(false);
  await rename('first');
  expect((await read('s3'))?.name).toBe('first');
  await rename('second');
  wait(-3_600_000);
  expect((await read('s3'))?.name).toBe('second');
});
