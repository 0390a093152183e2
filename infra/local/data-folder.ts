import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { Failure } from '#core/model/errors.ts';
import { keepPrivate } from './private-files.ts';

export type DataFolder = {
  readonly database: string;
  readonly vaultKey: string;
  /** Emptied at each start. */
  readonly spool: string;
  /** What others than the owner could get at before the folder was taken, by name; `.` is the folder itself. */
  readonly wasOpen: readonly string[];
  /** Closes to others what was made since. Throws Failure if that cannot be. */
  tighten(): void;
  /** Lets another process have the folder. */
  release(): void;
};

const names = { database: 'stocktake.db', vaultKey: 'vault.key', spool: 'spool', lock: 'owner.lock' } as const;
/** SQLite's, beside the database. */
const besides = ['stocktake.db-wal', 'stocktake.db-shm', 'stocktake.db-journal'];

/**
 * Makes the data folder if need be and takes it for this process alone: 0700, and all in it 0600. The lock is SQLite's on a file of its own,
 * which the system lets go when the process ends, however it ends. Throws Failure `conflict` if another process has it,
 * `invalid_request` if it cannot be used or kept from other users.
 */
export function takeDataFolder(path: string): DataFolder {
  const wasOpen = makePrivate(path);
  const lock = openLock(path);
  try {
    lock.exec('BEGIN EXCLUSIVE');
  } catch (error) {
    lock.close();
    throw new Failure(
      'conflict',
      `another Stocktake runs on the data folder ${path}; stop it or set STOCKTAKE_DATA to another folder`,
      { cause: error },
    );
  }
  return {
    database: join(path, names.database),
    vaultKey: join(path, names.vaultKey),
    spool: join(path, names.spool),
    wasOpen,
    tighten: () => void makePrivate(path),
    release: () => lock.close(),
  };
}

function makePrivate(path: string): string[] {
  try {
    mkdirSync(path, { recursive: true, mode: 0o700 });
    return keepPrivate(path, [...Object.values(names), ...besides]);
  } catch (error) {
    throw unusable(path, error);
  }
}

function openLock(path: string): DatabaseSync {
  try {
    return new DatabaseSync(join(path, names.lock), { timeout: 0 });
  } catch (error) {
    throw unusable(path, error);
  }
}

/** Says which folder cannot be used, and why, in the words of the system. */
export function unusable(path: string, cause: unknown): Failure {
  const reason = cause instanceof Error ? cause.message : String(cause);
  const message = `the data folder ${path} cannot be used: ${reason}. Set STOCKTAKE_DATA to a folder of this user's own`;
  return new Failure('invalid_request', message, { cause });
}
