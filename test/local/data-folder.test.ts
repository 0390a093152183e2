import {
  chmodSync,
  chownSync,
  existsSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openSqliteTable } from '#adapters/sqlite/sqlite-table.ts';
import { composeLocal } from '#local/compose.ts';
import { takeDataFolder } from '#local/data-folder.ts';
import { keepPrivate } from '#local/private-files.ts';
import { createRecordingLog } from '#support/recording-log.ts';

const modeOf = (path: string) => (statSync(path).mode & 0o777).toString(8);
const refusal = (reason: RegExp) =>
  expect.objectContaining({ code: 'invalid_request', message: expect.stringMatching(reason) });

let base: string;
let path: string;
let umask: number;
beforeEach(() => {
  // As loose as a machine can be: what is made is open to all unless somebody says otherwise.
  umask = process.umask(0);
  base = mkdtempSync(join(tmpdir(), 'data-folder-'));
  path = join(base, 'data');
});
afterEach(() => {
  process.umask(umask);
  rmSync(base, { recursive: true, force: true });
});

/** Takes the folder, writes to a database in it, and says what is left open to others while it stands. */
function used(): { open: string[]; wasOpen: readonly string[] } {
  const folder = takeDataFolder(path);
  const table = openSqliteTable(folder.database);
  folder.tighten();
  try {
    const names = ['.', 'stocktake.db', 'stocktake.db-wal', 'stocktake.db-shm', 'owner.lock'];
    for (const name of names) expect([name, existsSync(join(path, name))]).toEqual([name, true]);
    return { open: keepPrivate(path, []), wasOpen: folder.wasOpen };
  } finally {
    table.close();
    folder.release();
  }
}

describe.skipIf(process.platform === 'win32')('the data folder', () => {
  test('given nothing there, it and all in it is for its owner alone', () => {
    expect(used()).toEqual({ open: [], wasOpen: [] });
    expect([modeOf(path), modeOf(join(path, 'stocktake.db'))]).toEqual(['700', '600']);
  });

  test('given a folder that stood open to all, with files of before, all is closed and named', () => {
    mkdirSync(join(path, 'spool'), { recursive: true, mode: 0o777 });
    openSqliteTable(join(path, 'stocktake.db')).close();
    writeFileSync(join(path, 'vault.key'), Buffer.alloc(32), { mode: 0o644 });
    writeFileSync(join(path, 'copy.db'), 'a copy', { mode: 0o640 });
    chmodSync(path, 0o755);
    const { open, wasOpen } = used();
    expect([open, wasOpen.toSorted()]).toEqual([[], ['.', 'copy.db', 'spool', 'stocktake.db', 'vault.key']]);
    expect(['vault.key', 'copy.db', 'spool'].map((name) => modeOf(join(path, name)))).toEqual(['600', '600', '700']);
  });

  test.each(['stocktake.db', 'stocktake.db-wal', 'stocktake.db-shm', 'vault.key', 'owner.lock', 'spool'])(
    'given a link in place of %s, it is refused, and where it leads nothing changes',
    (name) => {
      const elsewhere = join(base, 'elsewhere');
      mkdirSync(elsewhere, { mode: 0o755 });
      writeFileSync(join(elsewhere, 'kept'), 'kept', { mode: 0o644 });
      mkdirSync(path);
      symlinkSync(elsewhere, join(path, name));
      expect(() => takeDataFolder(path)).toThrow(refusal(new RegExp(`${name} in it is a link`)));
      expect([modeOf(elsewhere), modeOf(join(elsewhere, 'kept'))]).toEqual(['755', '644']);
    },
  );

  test('given a key of which a start that broke off left a second name, it is used', () => {
    mkdirSync(path);
    writeFileSync(join(path, 'vault.key.0a.new'), Buffer.alloc(32), { mode: 0o600 });
    linkSync(join(path, 'vault.key.0a.new'), join(path, 'vault.key'));
    expect(used().open).toEqual([]);
  });

  test('given a link to a folder of our own, it is followed', () => {
    mkdirSync(join(base, 'real'), { mode: 0o755 });
    symlinkSync(join(base, 'real'), path);
    expect(used()).toEqual({ open: [], wasOpen: ['.'] });
    expect(modeOf(join(base, 'real'))).toBe('700');
  });

  test('given a folder, or a file in it, of another user, it is refused and left as it is', () => {
    mkdirSync(path, { mode: 0o755 });
    const { uid } = statSync(path);
    const another = uid + 1;
    expect(() => keepPrivate(path, [], another)).toThrow(
      `belongs to another user (uid ${uid}, and this process is ${another})`,
    );
    expect(modeOf(path)).toBe('755');
  });

  test.skipIf(process.getuid?.() !== 0)(
    'given root and a folder of somebody, a file of a third one in it is refused',
    () => {
      mkdirSync(path, { mode: 0o700 });
      writeFileSync(join(path, 'vault.key'), Buffer.alloc(32), { mode: 0o600 });
      chownSync(path, 1234, 1234);
      expect(keepPrivate(path, [])).toEqual([]);
      chownSync(join(path, 'vault.key'), 1235, 1235);
      expect(() => takeDataFolder(path)).toThrow(refusal(/vault\.key belongs to another user \(uid 1235/));
    },
  );

  test('given a file where the folder should be, it is refused', () => {
    writeFileSync(path, '');
    expect(() => takeDataFolder(path)).toThrow(refusal(/cannot be used/));
  });

  test('given a start on a folder that was open, the log says so', async () => {
    mkdirSync(path, { mode: 0o755 });
    const log = createRecordingLog();
    const stocktake = await composeLocal({ dataFolder: path, privateEndpoints: false, log });
    await stocktake.stop();
    const told = expect.objectContaining({ level: 'warn', fact: 'data folder was open to other users' });
    expect(log.lines).toContainEqual(told);
    expect(keepPrivate(path, [])).toEqual([]);
  });
});
