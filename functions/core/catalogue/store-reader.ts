import type { Query, Table } from '../model/ports/table.ts';
import { addRecord, type Content } from './leaf.ts';
import { type RecordRow, readRecord } from './record.ts';

/** Stored items in key order, tombstones among them, one looked at before it is taken. */
export type StoreReader = {
  readonly ended: boolean;
  peek(): Promise<RecordRow | undefined>;
  take(): void;
  close(): Promise<void>;
};

/** Reads stored items one past what was taken. With `live`, adds up the live records that were taken. */
export function readStore(table: Table, query: Query, live?: Content): StoreReader {
  const iterator = table.query(query)[Symbol.asyncIterator]();
  let head: RecordRow | undefined;
  let ended = false;
  return {
    get ended() {
      return ended;
    },
    async peek() {
      if (head !== undefined || ended) return head;
      const result = await iterator.next();
      if (result.done) ended = true;
      else head = readRecord(result.value);
      return head;
    },
    take() {
      if (live !== undefined && head !== undefined && head.gone === undefined) addRecord(live, head);
      head = undefined;
    },
    async close() {
      await iterator.return?.();
    },
  };
}
