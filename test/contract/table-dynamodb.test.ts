import {
  type BatchGetItemCommandInput,
  type BatchWriteItemCommandInput,
  CreateTableCommand,
  DynamoDBClient,
} from '@aws-sdk/client-dynamodb';
import { afterAll, describe, expect, test } from 'vitest';
import { createDynamoDbTable } from '#adapters/aws/dynamodb-table.ts';
import { createTableDefinition } from '#adapters/aws/dynamodb-table-definition.ts';
import { PushedBack } from '#core/model/errors.ts';
import type { Table } from '#core/model/ports/table.ts';
import { collect } from '#support/collect.ts';
import { startDynamoDbLocal } from '#support/dynamodb-local.ts';
import { tableContract } from './table.contract.ts';

const TABLE = 'stocktake';
const engine = await startDynamoDbLocal();

if ('endpoint' in engine) {
  const client = new DynamoDBClient({
    endpoint: engine.endpoint,
    region: 'us-east-1',
    credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
  });
  afterAll(async () => {
    client.destroy();
    await engine.close();
  });
  tableContract('DynamoDB Local', async () => {
    await client.send(new CreateTableCommand(createTableDefinition(TABLE)));
    return { table: createDynamoDbTable(client, TABLE), close() {} };
  });
} else {
  test.skipIf(!process.env.CI)(`the contract against DynamoDB Local runs in CI (${engine.skipped})`, () => {
    expect.fail(engine.skipped);
  });
  console.warn(`Table: DynamoDB Local skipped. ${engine.skipped}`);
}

/** What one request of the scripted client is answered: a value, or an error to throw. */
type Answer = (input: never) => unknown;

/** A client that answers by script, each answer after a time, and a table on it whose waits take none but are noted. */
function scripted(answer: Answer, answerMs = 0) {
  const inputs: unknown[] = [];
  const delays: number[] = [];
  const time = { now: 0 };
  /** When each request was sent. */
  const moments: number[] = [];
  let underWay = 0;
  let mostUnderWay = 0;
  const send = async ({ input }: { input: unknown }) => {
    inputs.push(input);
    moments.push(time.now);
    time.now += answerMs;
    if (inputs.length > 100) throw new Error('the script is not meant for so many requests');
    underWay += 1;
    mostUnderWay = Math.max(mostUnderWay, underWay);
    await Promise.resolve();
    underWay -= 1;
    const said = answer(input as never);
    if (said instanceof Error) throw said;
    return said;
  };
  const client = { send } as unknown as DynamoDBClient;
  const sleep = async (milliseconds: number) => {
    delays.push(milliseconds);
    time.now += milliseconds;
  };
  const table = createDynamoDbTable(client, TABLE, { sleep, random: () => 0.999_999, now: () => time.now });
  return { table, inputs, delays, moments, time, mostUnderWay: () => mostUnderWay };
}

const named = (name: string, more: object = {}) => Object.assign(new Error(name), { name }, more);
const canceled = (...codes: string[]) =>
  named('TransactionCanceledException', { CancellationReasons: codes.map((Code) => ({ Code })) });
const puts = (count: number) => Array.from({ length: count }, (_, n) => ({ put: { pk: 'p', sk: `${n}` } }));
const written = (input: BatchWriteItemCommandInput) => input.RequestItems?.[TABLE] ?? [];
const asked = (input: BatchGetItemCommandInput) => input.RequestItems?.[TABLE]?.Keys ?? [];

describe('DynamoDB table, when DynamoDB pushes back', () => {
  test('given unprocessed items, when a batch is written, they are sent again after a pause until none is left', async () => {
    const stored: unknown[] = [];
    const { table, delays } = scripted((input: BatchWriteItemCommandInput) => {
      const requests = written(input);
      stored.push(...requests.slice(0, 10));
      return { UnprocessedItems: requests.length > 10 ? { [TABLE]: requests.slice(10) } : {} };
    });
    expect(await table.batchWrite(puts(25))).toEqual([]);
    expect(stored).toEqual(
      puts(25).map(({ put }) => ({ PutRequest: { Item: { pk: { S: 'p' }, sk: { S: put.sk } } } })),
    );
    expect(delays).toEqual([50, 50]);
  });

  const never = [
    ['unprocessed items', (input: BatchWriteItemCommandInput) => ({ UnprocessedItems: input.RequestItems })],
    ['throttling', () => named('ProvisionedThroughputExceededException')],
  ] as const;
  test.each(never)(
    'given %s for ever, a batch comes back after ten seconds as it was, and is sent no more',
    async (_name, answer) => {
      const { table, delays, moments } = scripted(answer);
      const writes = [...puts(2), { delete: { pk: 'p', sk: 'gone' } }];
      expect(await table.batchWrite(writes)).toEqual(writes);
      expect(delays).toEqual([100, 200, 400, 800, 1600, 2000, 2000, 2000]);
      expect(Math.max(...moments)).toBeLessThan(10_000);
    },
  );

  test('given a table that takes some, what comes back is what it did not take, and all that was never sent', async () => {
    const stored = new Set<string>();
    const { table, moments } = scripted((input: BatchWriteItemCommandInput) => {
      const [first, ...others] = written(input);
      stored.add(first?.PutRequest?.Item?.sk?.S ?? '');
      return { UnprocessedItems: { [TABLE]: others } };
    }, 900);
    const left = await table.batchWrite(puts(200));
    const back = left.map((write) => ('put' in write ? write.put.sk : ''));
    expect(stored.size).toBeGreaterThan(3);
    expect(new Set([...stored, ...back]).size).toBe(200);
    expect(stored.size + back.length).toBe(200);
    expect(Math.max(...moments)).toBeLessThan(10_000);
  });

  test('given an answer that names writes which were not sent, none is taken to stand', async () => {
    const stranger = { PutRequest: { Item: { pk: { S: 'p' }, sk: { S: 'stranger' } } } };
    const { table } = scripted(() => ({ UnprocessedItems: { [TABLE]: [stranger] } }));
    expect(await table.batchWrite(puts(3))).toEqual(puts(3));
  });

  test('given a process that stood still for a minute while it waited, nothing is sent after that', async () => {
    const world = scripted((input: BatchWriteItemCommandInput) => {
      // As a container that is frozen: the timer fires a minute late.
      world.time.now += 60_000;
      return { UnprocessedItems: input.RequestItems };
    });
    expect(await world.table.batchWrite(puts(3))).toEqual(puts(3));
    expect(world.inputs).toHaveLength(1);
  });

  test('given push-back, fewer requests are under way at once, also those of other calls', async () => {
    let refusing = true;
    const { table, mostUnderWay, inputs } = scripted((input: BatchWriteItemCommandInput) =>
      refusing ? { UnprocessedItems: input.RequestItems } : {},
    );
    await table.batchWrite(puts(100));
    const before = mostUnderWay();
    refusing = false;
    inputs.splice(0);
    await Promise.all([table.batchWrite(puts(100)), table.batchWrite(puts(100))]);
    expect([before, inputs.length]).toEqual([4, 8]);
  });

  test('given unprocessed keys, when a batch is read, the rest is asked for again', async () => {
    const { table, inputs } = scripted((input: BatchGetItemCommandInput) => {
      const keys = asked(input);
      return {
        Responses: { [TABLE]: keys.slice(0, 60) },
        UnprocessedKeys: keys.length > 60 ? { [TABLE]: { Keys: keys.slice(60) } } : {},
      };
    });
    const keys = puts(250).map(({ put }) => put);
    const items = await table.batchGet(keys);
    expect(new Set(items.map(({ sk }) => sk))).toEqual(new Set(keys.map(({ sk }) => sk)));
    expect(items).toHaveLength(250);
    expect(inputs).toHaveLength(5);
    for (const input of inputs) expect(input).toMatchObject({ RequestItems: { [TABLE]: { ConsistentRead: true } } });
  });

  test('given 1,000 writes, they go 25 to a request, four requests at a time', async () => {
    const { table, inputs, mostUnderWay } = scripted(() => ({}));
    await table.batchWrite(puts(1000));
    expect(inputs).toHaveLength(40);
    expect(inputs.every((input) => written(input as BatchWriteItemCommandInput).length === 25)).toBe(true);
    expect(mostUnderWay()).toBe(4);
  });

  test('given a request that fails for good, the batch throws and starts no further request', async () => {
    let requests = 0;
    const { table, inputs } = scripted(() => (++requests === 2 ? named('AccessDeniedException') : {}));
    await expect(table.batchWrite(puts(1000))).rejects.toThrow('AccessDeniedException');
    expect(inputs.length).toBeLessThan(8);
  });

  test.each(['ProvisionedThroughputExceededException', 'ThrottlingException', 'TransactionConflictException'])(
    'given %s twice, when an item is put, the third try stands',
    async (name) => {
      let tries = 0;
      const { table, delays } = scripted(() => (++tries < 3 ? named(name) : {}));
      await table.put({ pk: 'p', sk: 's' });
      expect(delays).toEqual([50, 100]);
    },
  );

  const calls: [string, (table: Table) => Promise<unknown>][] = [
    ['get', (table) => table.get({ pk: 'p', sk: 's' })],
    ['batchGet', (table) => table.batchGet([{ pk: 'p', sk: 's' }])],
    ['put', (table) => table.put({ pk: 'p', sk: 's' })],
    ['delete', (table) => table.delete({ pk: 'p', sk: 's' })],
    ['transact', (table) => table.transact(puts(2))],
    ['query', (table) => collect(table.query({ pk: 'p' }))],
  ];
  test.each(calls)(
    'given throttling without end, %s throws PushedBack, and sends nothing after ten seconds',
    async (_name, call) => {
      const { table, moments } = scripted(() => named('ThrottlingException'));
      await expect(call(table)).rejects.toThrow(PushedBack);
      expect(moments.length).toBeGreaterThan(8);
      expect(Math.max(...moments)).toBeLessThan(10_000);
    },
  );

  test('given keys that stay unprocessed, when they are read, PushedBack is thrown', async () => {
    const { table } = scripted((input: BatchGetItemCommandInput) => ({ UnprocessedKeys: input.RequestItems }));
    await expect(table.batchGet([{ pk: 'p', sk: 's' }])).rejects.toThrow(PushedBack);
  });

  test('given a conflict with another transaction, the same request is made again, with the same token', async () => {
    const tokens: unknown[] = [];
    const { table } = scripted((input: { ClientRequestToken: string }) => {
      tokens.push(input.ClientRequestToken);
      return tokens.length === 1 ? canceled('None', 'TransactionConflict') : {};
    });
    await table.transact(puts(2));
    expect(tokens).toHaveLength(2);
    expect(tokens[0]).toBe(tokens[1]);
  });

  test('given a failed condition beside a conflict, it is a failed condition, and is not tried again', async () => {
    const { table, inputs } = scripted(() => canceled('TransactionConflict', 'None', 'ConditionalCheckFailed'));
    await expect(table.transact(puts(3))).rejects.toMatchObject({ name: 'ConditionFailed', index: 2 });
    expect(inputs).toHaveLength(1);
  });

  test('given a transaction refused for another reason, the error of the SDK is thrown at once', async () => {
    const { table, inputs } = scripted(() => canceled('None', 'ValidationError'));
    await expect(table.transact(puts(2))).rejects.toThrow('TransactionCanceledException');
    expect(inputs).toHaveLength(1);
  });

  test('given a page that says there is more, when the consumer stops, no further page is asked for', async () => {
    const keys = [{ pk: { S: 'p' }, sk: { S: 'a' } }];
    const { table, inputs } = scripted(() => ({ Items: keys, LastEvaluatedKey: keys[0] }));
    for await (const item of table.query({ pk: 'p' })) if (item) break;
    expect(inputs).toHaveLength(1);
  });

  test('given two excluded bounds and a limit, so many more are asked for that one page is enough', async () => {
    const page = ['a', 'b', 'c', 'd'].map((sk) => ({ pk: { S: 'p' }, sk: { S: sk } }));
    const { table, inputs } = scripted(({ Limit }: { Limit: number }) => ({
      Items: page.slice(0, Limit),
      LastEvaluatedKey: page[Limit - 1],
    }));
    const found: string[] = [];
    for await (const { sk } of table.query({ pk: 'p', after: 'a', before: 'd', limit: 2 })) found.push(sk);
    expect(found).toEqual(['b', 'c']);
    expect(inputs).toHaveLength(1);
  });

  test('given empty pages that say there is more, a query goes on, and retries a throttled one', async () => {
    const more = { Items: [], LastEvaluatedKey: { pk: { S: 'p' }, sk: { S: 'a' } } };
    const answers = [more, named('ThrottlingException'), more, { Items: [{ pk: { S: 'p' }, sk: { S: 'b' } }] }];
    const { table } = scripted(() => answers.shift());
    const found: string[] = [];
    for await (const { sk } of table.query({ pk: 'p' })) found.push(sk);
    expect(found).toEqual(['b']);
    expect(answers).toEqual([]);
  });
});

test('given a condition on what an item holds, each attribute is compared by its own type, under names of its own', async () => {
  const { table, inputs } = scripted(() => ({}));
  await table.put({ pk: 'p', sk: 'k' }, { type: 'matches', equals: { etag: 'e', size: 3 }, lacks: ['gone'] });
  expect(inputs[0]).toMatchObject({
    ConditionExpression: '#equal0 = :equal0 AND #equal1 = :equal1 AND attribute_not_exists(#lack0)',
    ExpressionAttributeNames: { '#equal0': 'etag', '#equal1': 'size', '#lack0': 'gone' },
    ExpressionAttributeValues: { ':equal0': { S: 'e' }, ':equal1': { N: '3' } },
  });
});
