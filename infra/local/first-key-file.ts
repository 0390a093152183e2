import { randomUUID } from 'node:crypto';
import { open, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { unusable } from './data-folder.ts';

/** The managing key that a start made, and the file that holds it. */
export type FirstKey = { readonly text: string; readonly path: string };

/**
 * Puts the key where only the user of this process can read it: `first-key` in the data folder, in the place of whatever
 * stood there under whatever mode. Returns its path. Nothing of ours reads it again, so it may be deleted. Throws Failure if
 * it cannot be written.
 */
export async function writeFirstKey(dataFolder: string, text: string): Promise<string> {
  const path = join(dataFolder, 'first-key');
  const next = `${path}.${randomUUID()}`;
  try {
    const file = await open(next, 'wx', 0o600);
    try {
      await file.writeFile(`${text}\n`);
      // The key is stored after this: a power cut in between must not leave one that nobody has.
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(next, path);
    return path;
  } catch (error) {
    await rm(next, { force: true });
    throw unusable(dataFolder, error);
  }
}

/** Shown to a terminal alone: what goes into a pipe is often kept by whoever keeps logs. */
export function tellFirstKey({ text, path }: FirstKey, isTerminal: boolean): string {
  const where = `it stands in ${path}, which this user alone can read`;
  if (!isTerminal) return `a first API key with scope manage was made; ${where}\n`;
  return `a first API key with scope manage was made, and is shown this once: ${text}\n${where}; delete the file once you keep the key elsewhere\n`;
}
