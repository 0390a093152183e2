import type { Item, ItemChange, Key } from '#core/model/ports/table.ts';
import type { SqliteFile } from './sqlite-table-file.ts';
import { toItem } from './sqlite-table-rows.ts';

const APPEND = 'INSERT INTO outbox (item_key, before, after) VALUES (?, ?, ?)';
const READ = 'SELECT sequence, item_key, before, after FROM outbox ORDER BY sequence LIMIT ?';
const ACKNOWLEDGE = 'DELETE FROM outbox WHERE sequence <= ?';

/** A change with its place in the feed; sequences grow and are never used twice. */
export type FedChange = { readonly sequence: number; readonly change: ItemChange };

/** What the table tells of its changes. At least once: what is not acknowledged is read again, after a restart too. */
export interface TableFeed {
  /** The oldest changes that are not acknowledged, in the order they were committed. */
  read(limit: number): Promise<FedChange[]>;
  /** Forgets the changes up to and including this sequence. */
  acknowledge(throughSequence: number): Promise<void>;
  /**
   * Calls the listener after each commit of this process that added changes; it should read, and must not throw.
   * Changes from before it was added are not announced: read once after adding it.
   */
  onAppend(listener: () => void): () => void;
}

/** The writing side, for the table alone. */
export type Outbox = {
  /** Whether changes at this partition are told. */
  covers(pk: string): boolean;
  /** Notes a change within the transaction that makes it. */
  append(key: Key, before: string | undefined, after: string | undefined): void;
  /** To be called after each commit. */
  committed(): void;
  /** To be called after a transaction that was undone. */
  undone(): void;
};

/** The outbox of a file and the feed that reads it. Only partitions that start with one of the prefixes are told. */
export function openTableFeed(file: SqliteFile, prefixes: readonly string[]): { outbox: Outbox; feed: TableFeed } {
  const listeners = new Set<() => void>();
  let appended = false;
  const outbox: Outbox = {
    covers: (pk) => prefixes.some((prefix) => pk.startsWith(prefix)),
    append(key, before, after) {
      file.statement(APPEND).run(JSON.stringify([key.pk, key.sk]), before ?? null, after ?? null);
      appended = true;
    },
    committed() {
      // In a microtask: the write has been made, and a listener cannot make it look failed.
      if (appended) for (const listener of listeners) queueMicrotask(listener);
      appended = false;
    },
    undone() {
      appended = false;
    },
  };
  const feed: TableFeed = {
    read: async (limit) => (file.statement(READ).all(limit) as OutboxRow[]).map(toFedChange),
    async acknowledge(throughSequence) {
      file.statement(ACKNOWLEDGE).run(throughSequence);
    },
    onAppend(listener) {
      const own = () => listener();
      listeners.add(own);
      return () => listeners.delete(own);
    },
  };
  return { outbox, feed };
}

type OutboxRow = { sequence: number; item_key: string; before: string | null; after: string | null };

function toFedChange(row: OutboxRow): FedChange {
  const [pk, sk] = JSON.parse(row.item_key) as [string, string];
  const image = (body: string): Item => toItem(pk, sk, body);
  return {
    sequence: row.sequence,
    change: {
      key: { pk, sk },
      ...(row.before === null ? {} : { before: image(row.before) }),
      ...(row.after === null ? {} : { after: image(row.after) }),
    },
  };
}
