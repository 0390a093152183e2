import { randomBytes } from 'node:crypto';
import { type FileHandle, link, open, rm } from 'node:fs/promises';
import { dirname } from 'node:path';

/**
 * Reads a secret key of `length` bytes from a file, made of random bytes with mode 0600 if there is none. Processes
 * that race to create it all get the same key. Throws if group or others may touch the file (POSIX), or on another
 * length.
 */
export async function readOrCreateKeyFile(path: string, length: number): Promise<Buffer> {
  return (await readKeyFile(path, length)) ?? (await createKeyFile(path, length));
}

async function createKeyFile(path: string, length: number): Promise<Buffer> {
  const draft = `${path}.${randomBytes(8).toString('hex')}.new`;
  try {
    await writeDurably(draft, randomBytes(length));
    // A link, unlike a rename, fails where a file stands: the first of several processes wins, with a whole file.
    await link(draft, path).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'EEXIST') throw error;
    });
    await syncDirectory(dirname(path));
  } finally {
    await rm(draft, { force: true });
  }
  const key = await readKeyFile(path, length);
  if (!key) throw new Error(`the key file ${path} was removed while it was being created`);
  return key;
}

async function writeDurably(path: string, bytes: Buffer): Promise<void> {
  const file = await open(path, 'wx', 0o600);
  try {
    await file.writeFile(bytes);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** Without it a power cut could take the name away after secrets were sealed with the key. */
async function syncDirectory(path: string): Promise<void> {
  if (process.platform === 'win32') return; // Windows opens no directories.
  const directory = await open(path, 'r');
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}

async function readKeyFile(path: string, length: number): Promise<Buffer | undefined> {
  let file: FileHandle;
  try {
    file = await open(path, 'r');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  try {
    const { mode, size } = await file.stat();
    // Windows keeps no such bits: there the folder's own access list decides.
    if (process.platform !== 'win32' && (mode & 0o077) !== 0) {
      throw new Error(`the key file ${path} is open to other users: run chmod 600 ${path}`);
    }
    if (size !== length) throw new Error(`the key file ${path} holds ${size} bytes, not a key of ${length}`);
    return await file.readFile();
  } finally {
    await file.close();
  }
}
