import { DatabaseSync, type StatementSync } from 'node:sqlite';

/**
 * Sort keys are stored as TEXT: SQLite's BINARY collation compares the UTF-8 bytes with memcmp, which is the order that
 * the port promises, and binding takes the length along, so U+0000 is stored whole.
 */
const SCHEMA = `
  CREATE TABLE IF NOT EXISTS items (
    pk TEXT NOT NULL, sk TEXT NOT NULL, body TEXT NOT NULL, ttl REAL,
    PRIMARY KEY (pk, sk)
  ) WITHOUT ROWID;
  CREATE INDEX IF NOT EXISTS items_by_ttl ON items (ttl) WHERE ttl IS NOT NULL;
  CREATE TABLE IF NOT EXISTS outbox (
    sequence INTEGER PRIMARY KEY AUTOINCREMENT, item_key TEXT NOT NULL, before TEXT, after TEXT
  );
`;

/** How long a write waits for another process that writes to the same file, milliseconds. */
const BUSY_TIMEOUT = 10_000;

/** One open database file, its prepared statements, and its transactions. */
export type SqliteFile = {
  /** The prepared statement for this text, prepared once. */
  statement(sql: string): StatementSync;
  /** Runs the work in one transaction; whatever it throws undoes all of it. The work must not await. */
  transaction<T>(work: () => T): T;
  close(): void;
};

/**
 * Opens or creates the file. `synchronous = FULL`, not NORMAL: NORMAL would survive the death of the process (the log is
 * in the kernel's hands by then) but may forget what was acknowledged before a power cut. FULL costs one fsync a
 * commit, and records come a thousand to a commit.
 */
export function openSqliteFile(path: string): SqliteFile {
  const database = new DatabaseSync(path);
  try {
    database.exec(`PRAGMA busy_timeout = ${BUSY_TIMEOUT}`);
    database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL');
    database.exec(SCHEMA);
  } catch (error) {
    database.close();
    throw error;
  }
  const statements = new Map<string, StatementSync>();
  return {
    statement(sql) {
      const known = statements.get(sql);
      if (known) return known;
      const prepared = database.prepare(sql);
      statements.set(sql, prepared);
      return prepared;
    },
    transaction: (work) => inTransaction(database, work),
    close: () => database.close(),
  };
}

/** IMMEDIATE takes the write lock before the conditions are read, so that nobody can write in between. */
function inTransaction<T>(database: DatabaseSync, work: () => T): T {
  database.exec('BEGIN IMMEDIATE');
  try {
    const result = work();
    database.exec('COMMIT');
    return result;
  } catch (error) {
    // Some failures, a full disk among them, have rolled back by themselves.
    if (database.isTransaction) database.exec('ROLLBACK');
    throw error;
  }
}
