import { expect, test } from 'vitest';
import { openSqliteTable } from '#adapters/sqlite/sqlite-table.ts';
import { expectAllWritten, race } from './race-over-http.ts';

test('given 500 changes at once under If-Match, one wins, all others are told, and in the end none is lost', async () => {
  const outcome = await race(openSqliteTable(':memory:'), 500);
  expectAllWritten(outcome, 500);
  expect(outcome.told).toBeGreaterThanOrEqual(499);
}, 120_000);
