import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { Failure } from '#core/model/errors.ts';

export type DataFolder = {
  readonly database: string;
  readonly vaultKey: string;
  /** Emptied at each start. */
  readonly spool: string;
  /** Lets another process have the folder. */
  release(): void;
};

/**
 * Makes the data folder if need be and takes it for this process alone. The lock is SQLite's on a file of its own,
 * which the system lets go when the process ends, however it ends. Throws Failure `conflict` if another process has it.
 */
export function takeDataFolder(path: string): DataFolder {
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
    database: join(path, 'stocktake.db'),
    vaultKey: join(path, 'vault.key'),
    spool: join(path, 'spool'),
    release: () => lock.close(),
  };
}

function openLock(path: string): DatabaseSync {
  try {
    mkdirSync(path, { recursive: true, mode: 0o700 });
    return new DatabaseSync(join(path, 'owner.lock'), { timeout: 0 });
  } catch (error) {
    throw unusable(path, error);
  }
}

/** Says which folder cannot be used, and why, in the words of the system. */
export function unusable(path: string, cause: unknown): Failure {
  const reason = cause instanceof Error ? cause.message : String(cause);
  const message = `the data folder ${path} cannot be used: ${reason}. Set STOCKTAKE_DATA to a folder that this user may write`;
  return new Failure('invalid_request', message, { cause });
}
