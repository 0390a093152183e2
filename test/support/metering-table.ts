import type { Item, PlainWrite, Query, Table, TransactWrite } from '#core/model/ports/table.ts';
import { checkItem } from '#core/table/table-limits.ts';

/**
 * Counts what DynamoDB would bill of what passes the Table port: a write unit for each KB of an item written, twice that
 * in a transaction, checks included; a read unit for each 4 KB read consistently, by item for a get, in sum for a query.
 * https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/read-write-operations.html
 */
export function meterTable(table: Table): Table & { readonly units: { write: number; read: number } } {
  const units = { write: 0, read: 0 };
  const written = (write: PlainWrite | TransactWrite): number =>
    'put' in write ? Math.ceil(checkItem(write.put) / 1024) : 1;
  const read = (items: readonly Item[]): number =>
    Math.max(1, Math.ceil(items.reduce((sum, item) => sum + checkItem(item), 0) / 4096));
  return {
    units,
    async get(key) {
      const item = await table.get(key);
      units.read += read(item ? [item] : []);
      return item;
    },
    async batchGet(keys) {
      const items = await table.batchGet(keys);
      for (const item of items) units.read += read([item]);
      // Looking for what is not there is billed, too.
      units.read += keys.length - items.length;
      return items;
    },
    async put(item, condition) {
      units.write += written({ put: item });
      await table.put(item, condition);
    },
    async delete(key, condition) {
      units.write += 1;
      await table.delete(key, condition);
    },
    async batchWrite(writes) {
      for (const write of writes) units.write += written(write);
      return table.batchWrite(writes);
    },
    async transact(writes) {
      for (const write of writes) units.write += 2 * written(write);
      await table.transact(writes);
    },
    async *query(query: Query) {
      const items: Item[] = [];
      try {
        for await (const item of table.query(query)) {
          items.push(item);
          yield item;
        }
      } finally {
        // Also when the caller has seen enough.
        units.read += read(items);
      }
    },
  };
}
