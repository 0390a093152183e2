import { compareKeys } from '../../keys/byte-order.ts';
import type { ListedObject } from '../../model/ports/listing.ts';
import type { Spool } from '../../model/ports/spools.ts';
import type { ListedRow } from '../merge/listed-row.ts';
import { isOdd } from '../merge/listed-row.ts';

/** A row as a line: its key first, and nothing else of an odd one. */
export function lineOf(row: ListedRow): string {
  if (isOdd(row)) return JSON.stringify([row.key]);
  const { key, size, etag, lastModified, storageClass } = row;
  return JSON.stringify([key, size, etag, lastModified, storageClass]);
}

function rowOf(line: string): ListedRow {
  const [key, size, etag, lastModified, storageClass] = JSON.parse(line) as [
    string,
    number?,
    string?,
    string?,
    string?,
  ];
  if (size === undefined) return { key, odd: true };
  return { key, size, etag, lastModified, storageClass } as ListedObject;
}

/** All rows at one key: more than one where the server gave it more than once. */
export type RowsOfKey = readonly [ListedRow, ...ListedRow[]];

/** Reads the runs of a spool, each in key order, as one in key order. */
export async function* mergedRuns(spool: Spool): AsyncIterable<RowsOfKey> {
  const heads = await Promise.all(spool.runs().map((lines) => Run.open(lines)));
  const live = heads.filter((run) => run.head !== undefined).sort(inOrder);
  while (live.length > 0) {
    const key = live[0]?.head?.key ?? '';
    const rows: ListedRow[] = [];
    for (let run = live[0]; run?.head?.key === key; run = live[0]) {
      rows.push(run.head);
      await run.advance();
      putInPlace(live);
    }
    yield rows as unknown as RowsOfKey;
  }
}

/** The first run was moved on: it goes to its new place among the others, which are in order. */
function putInPlace(live: Run[]): void {
  const first = live.shift();
  if (first?.head === undefined) return;
  let [low, high] = [0, live.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (inOrder(live[middle] as Run, first) < 0) low = middle + 1;
    else high = middle;
  }
  live.splice(low, 0, first);
}

function inOrder(one: Run, other: Run): number {
  return compareKeys(one.head?.key ?? '', other.head?.key ?? '');
}

class Run {
  readonly #lines: AsyncIterator<readonly string[]>;
  #some: readonly string[] = [];
  #next = 0;
  head: ListedRow | undefined;

  private constructor(lines: AsyncIterator<readonly string[]>) {
    this.#lines = lines;
  }

  static async open(lines: AsyncIterable<readonly string[]>): Promise<Run> {
    const run = new Run(lines[Symbol.asyncIterator]());
    await run.advance();
    return run;
  }

  async advance(): Promise<void> {
    while (this.#next >= this.#some.length) {
      const more = await this.#lines.next();
      if (more.done) {
        this.head = undefined;
        return;
      }
      this.#some = more.value;
      this.#next = 0;
    }
    this.head = rowOf(this.#some[this.#next] ?? '');
    this.#next += 1;
  }
}
