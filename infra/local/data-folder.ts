import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { Failure } from '#core/errors.ts';

export type DataFolder = {
  readonly database: string;
  readonly vaultKey: string;
  /** Lets another process have the folder. */
  release(): void;
};

/**
 * Makes the data folder if need be and takes it for this process alone. The lock is SQLite's on a file of its own,
 * which the system lets go when the process ends, however it ends. Throws Failure `conflict` if another process has it.
 */
export function takeDataFolder(path: string): DataFolder {
  mkdirSync(path, { recursive: true, mode: 0o700 });
  const lock = new DatabaseSync(join(path, 'owner.lock'), { timeout: 0 });
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
    release: () => lock.close(),
  };
}
