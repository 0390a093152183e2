import { createReadStream } from 'node:fs';
import { mkdir, mkdtemp, readdir, rm, statfs, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Failure } from '#core/model/errors.ts';
import type { Spool, Spools } from '#core/model/ports/spools.ts';

/** The rest of the machine needs room too, and so does the catalogue that grows while a spool is read. */
const mostShareOfFree = 0.5;

/**
 * Spools in a folder of this process alone, mode 0700. What an earlier process left there is removed first.
 *
 * @param folder is made where it is not there.
 */
export function createFileSpools(folder: string): Spools {
  const used = { bytes: 0 };
  const ready = emptied(folder);
  // Told by whoever opens the first one.
  ready.catch(() => {});
  return {
    async open() {
      await ready;
      return new FileSpool(await mkdtemp(join(folder, 'listing-')), used);
    },
  };
}

async function emptied(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  for (const name of await readdir(folder)) await rm(join(folder, name), { recursive: true, force: true });
}

class FileSpool implements Spool {
  readonly #folder: string;
  /** By all spools of the folder. */
  readonly #used: { bytes: number };
  #files: string[] = [];
  #bytes = 0;

  constructor(folder: string, used: { bytes: number }) {
    this.#folder = folder;
    this.#used = used;
  }

  async write(lines: readonly string[]): Promise<void> {
    const text = Buffer.from(`${lines.join('\n')}\n`);
    await this.#demandRoom(text.length);
    const file = join(this.#folder, `${this.#files.length}.lines`);
    this.#files.push(file);
    this.#bytes += text.length;
    this.#used.bytes += text.length;
    await writeFile(file, text, { mode: 0o600 });
  }

  runs(): readonly AsyncIterable<readonly string[]>[] {
    return this.#files.map(linesOf);
  }

  async close(): Promise<void> {
    this.#used.bytes -= this.#bytes;
    this.#bytes = 0;
    this.#files = [];
    await rm(this.#folder, { recursive: true, force: true });
  }

  async #demandRoom(bytes: number): Promise<void> {
    const { bavail, bsize } = await statfs(this.#folder);
    const most = (bavail * bsize + this.#used.bytes) * mostShareOfFree;
    if (this.#used.bytes + bytes <= most) return;
    throw new Failure(
      'listing_too_large',
      `the server lists in no order, so its listing is sorted on disk, and that takes more than ${Math.floor(most / 2 ** 20)} MiB, half of what is free there; nothing was deleted. Make room, or narrow the prefix into several datasources`,
    );
  }
}

const lineFeed = 0x0a;

async function* linesOf(file: string): AsyncIterable<readonly string[]> {
  let rest: Buffer = Buffer.alloc(0);
  for await (const piece of createReadStream(file)) {
    const bytes: Buffer = Buffer.concat([rest, piece as Buffer]);
    const end = bytes.lastIndexOf(lineFeed);
    rest = bytes.subarray(end + 1);
    if (end >= 0) yield bytes.toString('utf8', 0, end).split('\n');
  }
}
