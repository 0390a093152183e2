import { BatchGetItemCommand, BatchWriteItemCommand, type WriteRequest } from '@aws-sdk/client-dynamodb';
import type { Item, Key, PlainWrite } from '#core/model/ports/table.ts';
import { checkItem, checkKey, keyIdentity } from '#core/table/table-limits.ts';
import { bounded } from './bounded.ts';
import type { TableTarget } from './dynamodb-table-target.ts';
import { type Attributes, toAttributes, toItem, toKeyAttributes } from './dynamodb-table-values.ts';
import { backOff, persist } from './patience.ts';

/** The limits of BatchWriteItem and BatchGetItem. */
const WRITES_A_REQUEST = 25;
const KEYS_A_REQUEST = 100;
/** Requests under way at once: enough to hide the round trip, few enough to leave connections to other streams. */
const IN_FLIGHT = 4;

/** Writes all of them, the last one where a key comes twice (DynamoDB refuses such a batch). */
export async function batchWrite(target: TableTarget, writes: readonly PlainWrite[]): Promise<void> {
  const requests = new Map<string, WriteRequest>();
  for (const write of writes) {
    if ('put' in write) {
      checkItem(write.put);
      requests.set(keyIdentity(write.put), { PutRequest: { Item: toAttributes(write.put) } });
    } else {
      checkKey(write.delete);
      requests.set(keyIdentity(write.delete), { DeleteRequest: { Key: toKeyAttributes(write.delete) } });
    }
  }
  await eachChunk([...requests.values()], WRITES_A_REQUEST, async (chunk) => {
    await untilAllTaken(target, chunk, async (pending) => {
      const input = { RequestItems: { [target.tableName]: pending } };
      const answer = await bounded((options) => target.client.send(new BatchWriteItemCommand(input), options));
      return answer.UnprocessedItems?.[target.tableName] ?? [];
    });
  });
}

/** Reads all of them, strongly consistent, each key once; missing ones are left out. */
export async function batchGet(target: TableTarget, keys: readonly Key[]): Promise<Item[]> {
  const distinct = new Map<string, Attributes>();
  for (const key of keys) {
    checkKey(key);
    distinct.set(keyIdentity(key), toKeyAttributes(key));
  }
  const items: Item[] = [];
  await eachChunk([...distinct.values()], KEYS_A_REQUEST, async (chunk) => {
    await untilAllTaken(target, chunk, async (pending) => {
      const input = { RequestItems: { [target.tableName]: { Keys: pending, ConsistentRead: true } } };
      const answer = await bounded((options) => target.client.send(new BatchGetItemCommand(input), options));
      items.push(...(answer.Responses?.[target.tableName] ?? []).map(toItem));
      return answer.UnprocessedKeys?.[target.tableName]?.Keys ?? [];
    });
  });
  return items;
}

/** Sends what an answer left out again, until nothing is, or nothing has been taken so many times in a row. */
async function untilAllTaken<T>(
  { patience }: TableTarget,
  chunk: T[],
  send: (pending: T[]) => Promise<T[]>,
): Promise<void> {
  let pending = chunk;
  let fruitless = 0;
  while (pending.length > 0) {
    const left = await persist(patience, () => send(pending));
    fruitless = left.length < pending.length ? 0 : fruitless + 1;
    if (fruitless > patience.retries) {
      throw new Error(`DynamoDB left ${left.length} of a batch unprocessed, ${fruitless} times in a row`);
    }
    pending = left;
    if (pending.length > 0) await backOff(patience, fruitless + 1);
  }
}

/** Works through the chunks, a few at once. After a failure no further one starts; it is thrown when all have ended. */
async function eachChunk<T>(all: readonly T[], size: number, work: (chunk: T[]) => Promise<void>): Promise<void> {
  let next = 0;
  const failures: unknown[] = [];
  const lane = async (): Promise<void> => {
    while (next < all.length && failures.length === 0) {
      const start = next;
      next += size;
      await work(all.slice(start, start + size)).catch((error: unknown) => failures.push(error));
    }
  };
  await Promise.all(Array.from({ length: IN_FLIGHT }, lane));
  if (failures.length > 0) throw failures[0];
}
