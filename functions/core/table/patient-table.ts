import { PushedBack } from '../model/errors.ts';
import type { Item, Query, Table } from '../model/ports/table.ts';

/**
 * A table whose push-back is borne as long as `mayWait` lets it: it is called each time that the table pushed a read or a
 * conditional write back for its ten seconds, and throws where the caller cannot wait longer. Such a write was not applied,
 * and is as good later as it was. Batches are passed on as they are: they have no conditions (write-all.ts).
 */
export function createPatientTable(table: Table, mayWait: () => void): Table {
  const persist = async <T>(call: () => Promise<T>): Promise<T> => {
    for (;;) {
      try {
        return await call();
      } catch (error) {
        if (!(error instanceof PushedBack)) throw error;
        mayWait();
      }
    }
  };
  return {
    get: (key) => persist(() => table.get(key)),
    batchGet: (keys) => persist(() => table.batchGet(keys)),
    put: (item, condition) => persist(() => table.put(item, condition)),
    delete: (key, condition) => persist(() => table.delete(key, condition)),
    batchWrite: (writes) => table.batchWrite(writes),
    transact: (writes) => persist(() => table.transact(writes)),
    query: (query) => patientQuery(table, query, mayWait),
  };
}

/** Goes on behind the last item that was read. */
async function* patientQuery(table: Table, query: Query, mayWait: () => void): AsyncIterable<Item> {
  let last: Item | undefined;
  let read = 0;
  for (;;) {
    try {
      for await (const item of table.query(last === undefined ? query : behind(query, last.sk, read))) {
        last = item;
        read += 1;
        yield item;
      }
      return;
    } catch (error) {
      if (!(error instanceof PushedBack)) throw error;
      if (read === query.limit) return;
      mayWait();
    }
  }
}

function behind({ from, after, through, before, ...query }: Query, sk: string, read: number): Query {
  const rest = query.limit === undefined ? query : { ...query, limit: query.limit - read };
  return query.direction === 'descending'
    ? { ...rest, from, after, before: sk }
    : { ...rest, through, before, after: sk };
}
