import type { Table } from '#core/model/ports/table.ts';
import { type WriteBatch, writeAll } from '#core/table/write-all.ts';

/** A table with a way to write batches to it, for somebody whom nothing forbids to write. */
export function wholeWrites(table: Table): { readonly table: Table; readonly write: WriteBatch } {
  return { table, write: (writes) => writeAll(table, writes, async () => {}) };
}
