import { addObject, addRecord, type Content, nothing, sameContent, without } from '../../catalogue/leaf.ts';
import type { RecordRow } from '../../catalogue/record.ts';
import { readStore, type StoreReader } from '../../catalogue/store-reader.ts';
import { compareKeys } from '../../keys/byte-order.ts';
import type { ListedObject } from '../../model/ports/listing.ts';
import type { Table } from '../../model/ports/table.ts';
import type { LeafLedger, Segment } from './leaf-ledger.ts';
import { isOdd, type ListedRow } from './listed-row.ts';

/** Walks the listing of a range beside what is stored of it, both in UTF-8 byte order. */
export type RangeMerge = {
  /** Takes the next listed rows that are in scope. */
  take(rows: readonly ListedRow[]): Promise<void>;
  /** Decides about every key up to this one, the last that was listed. */
  settle(through: string): Promise<void>;
  /** Decides about all that is left. Only to be called once the listing is proved complete. */
  end(): Promise<void>;
  /** True if nothing is stored beyond the last key that was decided about. */
  atTail(): Promise<boolean>;
  close(): Promise<void>;
};

/** What becomes of what the merge meets. Each answers whether a record stands there afterwards, and which. */
export type MergeSink = {
  /** A whole leaf is as it was listed. */
  unchanged(content: Content): void;
  present(object: ListedObject, stored: RecordRow | undefined): void;
  /** A stored item at a key that is listed, of which nothing else could be read; true if a live record stays. */
  kept(stored: RecordRow): boolean;
  /** A stored item that the listing lacks, or a tombstone; true if a live record stays. */
  storedOnly(stored: RecordRow): boolean;
  /** Called now and then between two keys, to write what is in hand. */
  relieve(): Promise<void>;
};

export type MergeOptions = {
  readonly table: Table;
  readonly pk: string;
  /** The end of the range, which comes nearer when the range is cut. */
  readonly hi: () => string | undefined;
  readonly ledger: LeafLedger;
  readonly sink: MergeSink;
  readonly leafRecords: number;
};

/**
 * Begins a merge. A segment whose digest is known is compared with the digest of what is listed, and its records are
 * read only if they differ. The store is read no further than one record past the keys decided about, so records may
 * be written at those keys meanwhile.
 */
export function mergeRange(options: MergeOptions): RangeMerge {
  return new Merge(options);
}

class Merge implements RangeMerge {
  readonly #options: MergeOptions;
  #segment: Segment | undefined;
  #begun = false;
  /** Listed objects of a segment that may turn out to be as they were. */
  #listed: ListedRow[] = [];
  #content = nothing();
  #store: StoreReader | undefined;
  #lastKept: string | undefined;

  constructor(options: MergeOptions) {
    this.#options = options;
  }

  async take(rows: readonly ListedRow[]): Promise<void> {
    if (!this.#begun) await this.#advance();
    for (const row of rows) {
      while (this.#segment?.to !== undefined && compareKeys(row.key, this.#segment.to) > 0) {
        await this.#leaveSegment(this.#segment);
        await this.#advance();
      }
      const segment = this.#segment;
      if (segment === undefined) throw new Error('a key was listed beyond the end of its range');
      if (this.#store !== undefined) await this.#meet(this.#store, row);
      else await this.#compare(segment, row);
    }
    await this.#options.sink.relieve();
  }

  async settle(through: string): Promise<void> {
    if (!this.#begun) await this.#advance();
    while (this.#segment?.to !== undefined && compareKeys(through, this.#segment.to) >= 0) {
      await this.#leaveSegment(this.#segment);
      await this.#advance();
    }
    const segment = this.#segment;
    if (segment === undefined || compareKeys(through, segment.from) <= 0) return;
    if (this.#store !== undefined) {
      await this.#drain(this.#store, through);
      return;
    }
    if (segment.content === undefined) return;
    // Only the part up to the key is read; the digest of the rest is what is left of the whole. Where that is less than
    // nothing, it equals nothing that can be listed.
    const before = await this.#read(segment.from, through);
    this.#segment = { from: through, to: segment.to, content: without(segment.content, before) };
  }

  async end(): Promise<void> {
    if (!this.#begun) await this.#advance();
    while (this.#segment !== undefined) {
      await this.#leaveSegment(this.#segment);
      await this.#advance();
    }
    this.#options.ledger.finish(this.#lastKept);
    await this.#options.sink.relieve();
  }

  async atTail(): Promise<boolean> {
    if (this.#segment?.to !== undefined || this.#store === undefined) return false;
    return (await this.#store.peek()) === undefined;
  }

  async close(): Promise<void> {
    await this.#store?.close();
  }

  async #advance(): Promise<void> {
    this.#begun = true;
    const segment = await this.#options.ledger.next();
    this.#segment = segment;
    if (segment !== undefined && segment.content === undefined) this.#openStore(segment);
  }

  /** Ends a segment: what was listed of it is all there is. What stands at the end of the range has no end of its own. */
  async #leaveSegment(segment: Segment): Promise<void> {
    const { ledger, sink } = this.#options;
    const { content, to } = segment;
    if (this.#store === undefined && content !== undefined && sameContent(content, this.#content)) {
      sink.unchanged(content);
      ledger.keep(content, to);
      this.#forget();
      return;
    }
    const store = this.#store ?? (await this.#startReading(segment));
    await this.#drain(store, to);
    await store.close();
    this.#store = undefined;
    if (to !== undefined) ledger.close(to);
  }

  async #compare(segment: Segment, row: ListedRow): Promise<void> {
    this.#listed.push(row);
    // No digest can tell of a row that could not be read.
    if (isOdd(row)) {
      await this.#startReading(segment);
      return;
    }
    addObject(this.#content, row);
    // No more is kept in mind than a leaf has.
    if (this.#content.objects > (segment.content?.objects ?? 0)) await this.#startReading(segment);
  }

  /** The digest does not tell: the records of the segment are read, beside what was listed of it so far. */
  async #startReading(segment: Segment): Promise<StoreReader> {
    const listed = this.#forget();
    const store = this.#openStore(segment);
    for (const row of listed) await this.#meet(store, row);
    return store;
  }

  #forget(): ListedRow[] {
    const listed = this.#listed;
    this.#listed = [];
    this.#content = nothing();
    return listed;
  }

  #openStore({ from, to }: Segment): StoreReader {
    const { table, pk, hi } = this.#options;
    const store = readStore(table, { pk, after: from, through: to ?? hi() });
    this.#store = store;
    return store;
  }

  async #meet(store: StoreReader, row: ListedRow): Promise<void> {
    const { sink } = this.#options;
    let stored = store.ended ? undefined : await store.peek();
    while (stored !== undefined && compareKeys(stored.sk, row.key) < 0) {
      store.take();
      this.#storedOnly(stored);
      stored = await store.peek();
      await sink.relieve();
    }
    const same = stored !== undefined && stored.sk === row.key;
    if (same) store.take();
    if (isOdd(row)) {
      if (stored !== undefined && same && sink.kept(stored)) this.#countStored(stored);
      return;
    }
    sink.present(row, same ? stored : undefined);
    addObject(this.#options.ledger.open, row);
    this.#noteKept(row.key);
  }

  async #drain(store: StoreReader, through: string | undefined): Promise<void> {
    for (let stored = await store.peek(); stored !== undefined; stored = await store.peek()) {
      if (through !== undefined && compareKeys(stored.sk, through) > 0) return;
      store.take();
      this.#storedOnly(stored);
      await this.#options.sink.relieve();
    }
  }

  #storedOnly(stored: RecordRow): void {
    if (this.#options.sink.storedOnly(stored)) this.#countStored(stored);
  }

  #countStored(stored: RecordRow): void {
    addRecord(this.#options.ledger.open, stored);
    this.#noteKept(stored.sk);
  }

  #noteKept(key: string): void {
    const { ledger, leafRecords } = this.#options;
    this.#lastKept = key;
    const most = this.#segment?.to === undefined ? leafRecords : 2 * leafRecords;
    if (ledger.open.objects >= most) ledger.close(key);
  }

  /** Reads a part of the segment beside what was listed of it; returns what was stored there. */
  async #read(after: string, through: string): Promise<Content> {
    const { table, pk, sink } = this.#options;
    const before = nothing();
    const store = readStore(table, { pk, after, through }, before);
    this.#store = store;
    for (const row of this.#forget()) await this.#meet(store, row);
    await this.#drain(store, through);
    await store.close();
    this.#store = undefined;
    await sink.relieve();
    return before;
  }
}
