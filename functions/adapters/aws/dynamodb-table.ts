import { randomUUID } from 'node:crypto';
import {
  DeleteItemCommand,
  type DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
  type TransactWriteItem,
  TransactWriteItemsCommand,
} from '@aws-sdk/client-dynamodb';
import { ConditionFailed } from '#core/model/errors.ts';
import type { Condition, Item, Key, Table, TransactWrite } from '#core/model/ports/table.ts';
import { checkItem, checkKey, checkQuery, checkTransaction } from '#core/table/table-limits.ts';
import { bounded } from './bounded.ts';
import { batchGet, batchWrite } from './dynamodb-table-batch.ts';
import { toConditionInput } from './dynamodb-table-conditions.ts';
import { queryItems } from './dynamodb-table-query.ts';
import type { TableTarget } from './dynamodb-table-target.ts';
import { toAttributes, toItem, toKeyAttributes } from './dynamodb-table-values.ts';
import { createFlightLimit } from './flight-limit.ts';
import { cancellationReasons, persist, TABLE_PATIENCE, type TablePatience } from './patience.ts';

/**
 * The Table port on one DynamoDB table. Conditions that fail throw ConditionFailed, broken limits a plain Error before
 * anything is sent; throttling and conflicts are tried again for ten seconds, then PushedBack. All batches of writes that
 * go through one table made here share one limit: make one a process.
 *
 * A conditional put or delete whose answer was lost, and which the SDK sent again, can throw ConditionFailed although
 * it was applied. Transactions cannot: their token makes the second try a repetition of the first.
 */
export function createDynamoDbTable(
  client: Pick<DynamoDBClient, 'send'>,
  tableName: string,
  patience: Partial<TablePatience> = {},
): Table {
  const patiently = { ...TABLE_PATIENCE, ...patience };
  const flights = createFlightLimit(patiently.now);
  const target: TableTarget = { client, tableName, patience: patiently, flights };
  return {
    get: (key) => get(target, key),
    batchGet: (keys) => batchGet(target, keys),
    put: (item, condition) => put(target, item, condition),
    delete: (key, condition) => remove(target, key, condition),
    batchWrite: (writes) => batchWrite(target, writes),
    transact: (writes) => transact(target, writes),
    query(query) {
      checkQuery(query);
      return queryItems(target, query);
    },
  };
}

async function get({ client, tableName, patience }: TableTarget, key: Key): Promise<Item | undefined> {
  checkKey(key);
  const command = new GetItemCommand({ TableName: tableName, Key: toKeyAttributes(key), ConsistentRead: true });
  const { Item: attributes } = await persist(patience, () => bounded((options) => client.send(command, options)));
  return attributes && toItem(attributes);
}

async function put({ client, tableName, patience }: TableTarget, item: Item, condition?: Condition): Promise<void> {
  checkItem(item);
  const input = { TableName: tableName, Item: toAttributes(item), ...toConditionInput(condition) };
  await conditionally(() =>
    persist(patience, () => bounded((options) => client.send(new PutItemCommand(input), options))),
  );
}

async function remove({ client, tableName, patience }: TableTarget, key: Key, condition?: Condition): Promise<void> {
  checkKey(key);
  const input = { TableName: tableName, Key: toKeyAttributes(key), ...toConditionInput(condition) };
  await conditionally(() =>
    persist(patience, () => bounded((options) => client.send(new DeleteItemCommand(input), options))),
  );
}

async function transact({ client, tableName, patience }: TableTarget, writes: readonly TransactWrite[]): Promise<void> {
  checkTransaction(writes);
  if (writes.length === 0) return;
  const command = new TransactWriteItemsCommand({
    TransactItems: writes.map((write) => toTransactItem(tableName, write)),
    ClientRequestToken: randomUUID(),
  });
  await conditionally(() => persist(patience, () => bounded((options) => client.send(command, options))));
}

function toTransactItem(tableName: string, write: TransactWrite): TransactWriteItem {
  const target = { TableName: tableName, ...toConditionInput(write.condition) };
  if ('put' in write) return { Put: { ...target, Item: toAttributes(write.put) } };
  if ('delete' in write) return { Delete: { ...target, Key: toKeyAttributes(write.delete) } };
  const { ConditionExpression, ...others } = target;
  if (ConditionExpression === undefined) throw new Error('a check needs a condition');
  return { ConditionCheck: { ...others, ConditionExpression, Key: toKeyAttributes(write.check) } };
}

async function conditionally(request: () => Promise<unknown>): Promise<void> {
  try {
    await request();
  } catch (error) {
    throw conditionFailed(error) ?? error;
  }
}

function conditionFailed(error: unknown): ConditionFailed | undefined {
  if (error instanceof Error && error.name === 'ConditionalCheckFailedException') return new ConditionFailed(0);
  const index = cancellationReasons(error)?.indexOf('ConditionalCheckFailed') ?? -1;
  return index < 0 ? undefined : new ConditionFailed(index);
}
