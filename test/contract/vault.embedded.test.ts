import { chmod, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openFileVault } from '#adapters/process/file-vault.ts';
import type { VaultContext } from '#core/model/ports/vault.ts';
import { vaultContract } from './vault.contract.ts';

const context: VaultContext = { kind: 'datasource', uid: 'u1', field: 'secret_access_key' };
const posix = process.platform !== 'win32';

vaultContract('embedded', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'stocktake-vault-'));
  return { vault: await openFileVault(join(folder, 'key')), close: () => rm(folder, { recursive: true }) };
});

describe('file vault', () => {
  let folder: string;
  let path: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'stocktake-vault-'));
    path = join(folder, 'vault.key');
  });
  afterEach(() => rm(folder, { recursive: true }));

  test('given no key file, then one of 32 bytes is made for its owner alone, and nothing else is left', async () => {
    await openFileVault(path);
    const { mode, size } = await stat(path);
    expect(size).toBe(32);
    if (posix) expect(mode & 0o777).toBe(0o600);
    expect(await readdir(folder)).toEqual(['vault.key']);
  });

  test('given a vault is opened again, then it opens what was sealed before', async () => {
    const sealed = await (await openFileVault(path)).seal('secret', context);
    expect(await (await openFileVault(path)).open(sealed, context)).toBe('secret');
  });

  test('given another key, then nothing opens', async () => {
    const sealed = await (await openFileVault(path)).seal('secret', context);
    const other = await openFileVault(join(folder, 'other.key'));
    await expect(other.open(sealed, context)).rejects.toThrow('cannot be opened');
  });

  test('given many race to create the key, then all get the one that stands', async () => {
    const later = async (turns: number) => {
      for (let turn = 0; turn < turns; turn++) await nextTurn();
      return openFileVault(path);
    };
    const vaults = await Promise.all(Array.from({ length: 60 }, (_, index) => later(index)));
    const key = await readFile(path);
    for (const vault of vaults) {
      expect(await vaults[0]!.open(await vault.seal('x', context), context)).toBe('x');
    }
    expect(await readFile(path)).toEqual(key);
    expect(await readdir(folder)).toEqual(['vault.key']);
  });

  test.runIf(posix).each([0o640, 0o604, 0o620, 0o644, 0o660])(
    'given the key file has mode %o, then it is refused, with what to do',
    async (mode) => {
      await openFileVault(path);
      await chmod(path, mode);
      await expect(openFileVault(path)).rejects.toThrow(`chmod 600 ${path}`);
    },
  );

  test.each([0, 31, 33])('given the key file holds %d bytes, then it is refused and kept', async (length) => {
    await writeFile(path, Buffer.alloc(length), { mode: 0o600 });
    await expect(openFileVault(path)).rejects.toThrow(`holds ${length} bytes`);
    expect((await stat(path)).size).toBe(length);
  });

  test('given the folder is missing, then it fails and names the path', async () => {
    await expect(openFileVault(join(folder, 'no', 'key'))).rejects.toThrow('ENOENT');
  });

  test('given any one character of a sealed text is changed, dropped or added, then it does not open', async () => {
    const vault = await openFileVault(path);
    const sealed = await vault.seal('sixteen letters.', context);
    const change = fc.record({
      at: fc.nat(sealed.length),
      how: fc.constantFrom('replace', 'drop', 'insert'),
      by: fc.constantFrom(...'AZaz09-_.=+/ \n'),
    });
    await fc.assert(
      fc.asyncProperty(change, async ({ at, how, by }) => {
        const inserted = how === 'drop' ? '' : by;
        const changed = sealed.slice(0, at) + inserted + sealed.slice(how === 'insert' ? at : at + 1);
        fc.pre(changed !== sealed);
        await expect(vault.open(changed, context)).rejects.toThrow('cannot be opened');
      }),
      { numRuns: 500 },
    );
  });

  test('given a text is sealed, then it says its version, nonce and content', async () => {
    const sealed = await (await openFileVault(path)).seal('', context);
    expect(sealed).toMatch(/^v1\.[\w-]{16}\.[\w-]{22}$/);
  });
});
