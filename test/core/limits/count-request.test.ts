import { beforeEach, describe, expect, test } from 'vitest';
import { openSqliteTable } from '#adapters/sqlite/sqlite-table.ts';
import { costlyPerMinute, countRequest, RateLimitExceeded } from '#core/limits/count-request.ts';
import type { Table } from '#core/model/ports/table.ts';
import { countWrites } from '#support/counting-table.ts';

const minute = Date.parse('2026-03-01T10:00:00Z');

let table: Table;
let now: number;
let requests: number;
beforeEach(() => {
  table = openSqliteTable(':memory:');
  now = minute + 20_000;
  requests = 0;
});

function ask(caller = 'one', on: Table = table): Promise<void> {
  requests += 1;
  return countRequest({ table: on, clock: { now: () => now } }, { caller, request: `request-${requests}` });
}

async function askTimes(count: number, caller = 'one'): Promise<void> {
  for (let index = 0; index < count; index += 1) await ask(caller);
}

const refusal = async (asked: Promise<void>): Promise<unknown> => asked.catch((error: unknown) => error);

describe('costly requests of a key', () => {
  test('given as many as a minute takes, the next is refused until the minute is over', async () => {
    await askTimes(costlyPerMinute);
    const refused = await refusal(ask());
    expect(refused).toBeInstanceOf(RateLimitExceeded);
    expect(refused).toMatchObject({ code: 'rate_limit_exceeded', retryAfterSeconds: 40 });
    expect(String(refused)).toContain(
      '300 tests, previews, syncs, approvals, submissions of jobs and changes of connectors, datasources and schedules a minute; try again in 40 s',
    );
    now = minute + 59_999;
    expect(await refusal(ask())).toMatchObject({ retryAfterSeconds: 1 });
    now = minute + 60_000;
    await askTimes(costlyPerMinute);
    expect(await refusal(ask())).toMatchObject({ retryAfterSeconds: 60 });
  });

  test('given another key, it is counted by itself', async () => {
    await askTimes(costlyPerMinute);
    await ask('another');
    expect(await refusal(ask())).toBeInstanceOf(RateLimitExceeded);
  });

  test('given a hundred requests at once, as many as the stack lets through, each is counted once', async () => {
    await Promise.all(Array.from({ length: 100 }, () => ask()));
    await askTimes(costlyPerMinute - 100);
    expect(await refusal(ask())).toBeInstanceOf(RateLimitExceeded);
  });

  test('given more at once than a minute takes, never more than that pass', async () => {
    await askTimes(250);
    const outcomes = await Promise.all(Array.from({ length: 100 }, () => refusal(ask())));
    expect(outcomes.filter((outcome) => outcome === undefined)).toHaveLength(50);
    for (const outcome of outcomes) if (outcome !== undefined) expect(outcome).toBeInstanceOf(RateLimitExceeded);
  });

  test('given a store in which others always come first, it is refused soon and not asked for ever', async () => {
    const counting = countWrites(table);
    let version = 0;
    counting.beforeWrite = async ([write]) => {
      version += 1;
      if (write !== undefined && 'put' in write) await table.put({ ...write.put, version: version % 7 });
    };
    expect(await refusal(ask('one', counting))).toMatchObject({ code: 'rate_limit_exceeded', retryAfterSeconds: 1 });
    expect(counting.writes).toBeLessThanOrEqual(50);
  });

  test('given a store that fails, it is that failure which is told: nobody is let through uncounted', async () => {
    const counting = countWrites(table);
    counting.beforeWrite = () => {
      throw new Error('away');
    };
    await expect(ask('one', counting)).rejects.toThrow('away');
  });

  test('given a counter, it stands in a partition of its own and expires an hour after its minute', async () => {
    await ask();
    const items = [];
    for await (const item of table.query({ pk: 'costly#one' })) items.push(item);
    expect(items).toEqual([
      { pk: 'costly#one', sk: expect.stringMatching(/^29539320#[0-4]$/), v: 1, version: 1, ttl: minute / 1000 + 3660 },
    ]);
  });
});
