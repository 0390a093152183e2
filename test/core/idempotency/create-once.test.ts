import { expect, it } from 'vitest';
import { openSqliteTable } from '#adapters/sqlite/sqlite-table.ts';
import { createOnce } from '#core/idempotency/create-once.ts';

const day = 86_400_000;
const start = Date.parse('2026-03-01T10:00:00Z');

it('remembers what a create made for a day, and no longer where the clock was ahead that noted it', async () => {
  const table = openSqliteTable(':memory:');
  let now = start;
  let made = 0;
  const read = async (id: string) => {
    const row = await table.get({ pk: 'thing', sk: id });
    return row && { id: row.sk, created: String(row.created) };
  };
  const create = () =>
    createOnce(
      { table, clock: { now: () => now }, ids: { unique: () => `${'x'.repeat(25)}` } },
      { route: 'POST /thing', body: { name: 'one' } },
      {
        read,
        create: async (alongside) => {
          made += 1;
          const row = { pk: 'thing', sk: `thing-${made}`, v: 1, created: new Date(now).toISOString() };
          await table.transact([{ put: row }, ...alongside(row)]);
          return { id: row.sk, created: row.created };
        },
      },
    );

  expect((await create()).id).toBe('thing-1');
  now += day - 1;
  expect((await create()).id).toBe('thing-1');
  now += 1;
  expect((await create()).id).toBe('thing-2');

  // Given a clock 40 days ahead
  now = start + 40 * day;
  expect((await create()).id).toBe('thing-3');
  expect((await create()).id).toBe('thing-3');
  // When it is put right
  now = start + 2 * day;
  expect((await create()).id).toBe('thing-4');
  expect((await create()).id).toBe('thing-4');
  table.close();
});
