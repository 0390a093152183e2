import { recordPartitionPrefix } from '#core/catalogue/record.ts';
import type { PlainWrite, Table, TransactWrite } from '#core/model/ports/table.ts';

export type CountingTable = Table & {
  /** Records put or deleted since the last reset. */
  readonly recordWrites: number;
  /** Writes of any item since the last reset. */
  readonly writes: number;
  reset(): void;
  /** Called before each write with its items; throwing makes the write fail before it is applied. */
  beforeWrite: ((writes: readonly (PlainWrite | TransactWrite)[]) => void | Promise<void>) | undefined;
};

/** Counts what passes the Table port on its way to a real one. */
export function countWrites(table: Table): CountingTable {
  let recordWrites = 0;
  let total = 0;
  const note = async (writes: readonly (PlainWrite | TransactWrite)[]): Promise<void> => {
    await counting.beforeWrite?.(writes);
    for (const write of writes) {
      if ('check' in write) continue;
      const { pk } = 'put' in write ? write.put : write.delete;
      total += 1;
      if (pk.startsWith(recordPartitionPrefix)) recordWrites += 1;
    }
  };
  const counting: CountingTable = {
    get: (key) => table.get(key),
    batchGet: (keys) => table.batchGet(keys),
    query: (query) => table.query(query),
    async put(item, condition) {
      await note([{ put: item }]);
      await table.put(item, condition);
    },
    async delete(key, condition) {
      await note([{ delete: key }]);
      await table.delete(key, condition);
    },
    async batchWrite(writes) {
      await note(writes);
      return table.batchWrite(writes);
    },
    async transact(writes) {
      await note(writes);
      await table.transact(writes);
    },
    get recordWrites() {
      return recordWrites;
    },
    get writes() {
      return total;
    },
    reset() {
      recordWrites = 0;
      total = 0;
    },
    beforeWrite: undefined,
  };
  return counting;
}
