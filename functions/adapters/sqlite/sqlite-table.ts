import { setImmediate as nextTurn } from 'node:timers/promises';
import { ConditionFailed } from '#core/model/errors.ts';
import type { Condition, Item, Key, PlainWrite, Table, TransactWrite } from '#core/model/ports/table.ts';
import {
  checkItem,
  checkKey,
  checkQuery,
  checkTransaction,
  keyIdentity,
  keyOfWrite,
} from '#core/table/table-limits.ts';
import { openSqliteFile, type SqliteFile } from './sqlite-table-file.ts';
import { queryRows } from './sqlite-table-query.ts';
import { deleteRow, expiredItems, holds, putRow, readBody, toBody, toItem } from './sqlite-table-rows.ts';
import { type Outbox, openTableFeed, type TableFeed } from './table-feed.ts';

/** Operations of a batch before other work of the process gets its turn: a few milliseconds. */
const CHUNK = 1000;

export type SqliteTableOptions = {
  /** Changes of partitions that start with one of these prefixes go to the feed; none do when absent. */
  readonly feed?: { readonly prefixes: readonly string[] };
};

/** The Table port on one SQLite file, with what DynamoDB has around its tables: a feed of changes, and expiry. */
export type SqliteTable = Table & {
  /** Like DynamoDB's stream: a put that changes nothing is not told, a delete or an expiry of an item is. */
  readonly feed: TableFeed;
  /**
   * Deletes at most `limit` items whose `ttl` is before `nowSeconds`; returns how many. Until then expired items are
   * read like others, as in DynamoDB, which takes days: readers that mind the expiry look at `ttl` themselves.
   */
  purgeExpired(nowSeconds: number, limit: number): Promise<number>;
  close(): void;
};

/**
 * Opens or creates the table at a path, or one in memory at `:memory:`. Conditions that fail throw ConditionFailed;
 * broken limits throw a plain Error before anything is written.
 */
export function openSqliteTable(path: string, options: SqliteTableOptions = {}): SqliteTable {
  const file = openSqliteFile(path);
  const { outbox, feed } = openTableFeed(file, options.feed?.prefixes ?? []);
  const writer: Writer = { file, outbox };
  return {
    feed,
    get: async (key) => read(file, key),
    batchGet: (keys) => batchGet(file, keys),
    put: async (item, condition) => transact(writer, [{ put: item, ...(condition && { condition }) }]),
    delete: async (key, condition) => transact(writer, [{ delete: key, ...(condition && { condition }) }]),
    batchWrite: (writes) => batchWrite(writer, writes),
    transact: async (writes) => transact(writer, writes),
    query(query) {
      checkQuery(query);
      return queryRows(file, query);
    },
    purgeExpired: async (nowSeconds, limit) => purgeExpired(writer, nowSeconds, limit),
    close: file.close,
  };
}

type Writer = { readonly file: SqliteFile; readonly outbox: Outbox };

function read(file: SqliteFile, key: Key): Item | undefined {
  checkKey(key);
  const body = readBody(file, key);
  return body === undefined ? undefined : toItem(key.pk, key.sk, body);
}

async function batchGet(file: SqliteFile, keys: readonly Key[]): Promise<Item[]> {
  for (const key of keys) checkKey(key);
  const items: Item[] = [];
  const distinct = [...new Map(keys.map((key) => [keyIdentity(key), key])).values()];
  for (let start = 0; start < distinct.length; start += CHUNK) {
    if (start > 0) await nextTurn();
    for (const key of distinct.slice(start, start + CHUNK)) {
      const item = read(file, key);
      if (item) items.push(item);
    }
  }
  return items;
}

/** Each chunk is one transaction: one fsync for a thousand writes. A file takes all of them. */
async function batchWrite(writer: Writer, writes: readonly PlainWrite[]): Promise<readonly PlainWrite[]> {
  for (const write of writes) 'put' in write ? checkItem(write.put) : checkKey(write.delete);
  for (let start = 0; start < writes.length; start += CHUNK) {
    if (start > 0) await nextTurn();
    commit(writer, () => {
      for (const write of writes.slice(start, start + CHUNK)) apply(writer, write);
    });
  }
  return [];
}

function transact(writer: Writer, writes: readonly TransactWrite[]): void {
  checkTransaction(writes);
  if (writes.length === 0) return;
  commit(writer, () => {
    writes.forEach((write, index) => {
      if (write.condition) demand(writer.file, keyOfWrite(write), write.condition, index);
    });
    for (const write of writes) apply(writer, write);
  });
}

function demand(file: SqliteFile, key: Key, condition: Condition, index: number): void {
  if (!holds(condition, readBody(file, key))) throw new ConditionFailed(index);
}

function purgeExpired(writer: Writer, nowSeconds: number, limit: number): number {
  return commit(writer, () => {
    const expired = expiredItems(writer.file, nowSeconds, limit);
    for (const item of expired) apply(writer, { delete: item });
    return expired.length;
  });
}

function commit<T>({ file, outbox }: Writer, work: () => T): T {
  try {
    const result = file.transaction(work);
    outbox.committed();
    return result;
  } catch (error) {
    outbox.undone();
    throw error;
  }
}

function apply({ file, outbox }: Writer, write: TransactWrite | PlainWrite): void {
  if ('check' in write) return;
  const key = 'put' in write ? write.put : write.delete;
  const after = 'put' in write ? toBody(write.put) : undefined;
  const told = outbox.covers(key.pk) && !('put' in write && write.put.quiet === true);
  const before = told ? readBody(file, key) : undefined;
  if ('put' in write && after !== undefined) putRow(file, write.put, after);
  else deleteRow(file, key);
  if (told && before !== after) outbox.append(key, before, after);
}
