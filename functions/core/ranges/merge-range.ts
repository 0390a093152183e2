import type { RecordRow } from '../documents/record.ts';
import { compareKeys } from '../keys/byte-order.ts';
import type { ListedObject, Table } from '../ports.ts';
import { addObject, addRecord, type Content, nothing, sameContent, without } from './leaf.ts';
import type { LeafLedger, Segment } from './leaf-ledger.ts';
import { readStore, type StoreReader } from './store-reader.ts';

/** Walks the listing of a range beside what is stored of it, both in UTF-8 byte order. */
export type RangeMerge = {
  /** Takes the next listed objects that are in scope. */
  take(objects: readonly ListedObject[]): Promise<void>;
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
  #listed: ListedObject[] = [];
  #content = nothing();
  #store: StoreReader | undefined;
  #lastKept: string | undefined;

  constructor(options: MergeOptions) {
    this.#options = options;
  }

  async take(objects: readonly ListedObject[]): Promise<void> {
    if (!this.#begun) await this.#advance();
    for (const object of objects) {
      while (this.#segment?.to !== undefined && compareKeys(object.key, this.#segment.to) > 0) {
        await this.#leaveSegment();
        await this.#advance();
      }
      if (this.#store !== undefined) await this.#meet(object);
      else await this.#compare(object);
    }
    await this.#options.sink.relieve();
  }

  async settle(through: string): Promise<void> {
    if (!this.#begun) await this.#advance();
    while (this.#segment?.to !== undefined && compareKeys(through, this.#segment.to) >= 0) {
      await this.#leaveSegment();
      await this.#advance();
    }
    const segment = this.#segment;
    if (segment === undefined || compareKeys(through, segment.from) <= 0) return;
    if (this.#store !== undefined) {
      await this.#drain(through);
      return;
    }
    if (segment.content === undefined) return;
    // Only the part up to the key is read; the digest of the rest is what is left of the whole.
    const before = await this.#read(segment.from, through);
    const content = without(segment.content, before);
    this.#store = undefined;
    this.#segment = { from: through, to: segment.to, ...(content.objects >= 0 ? { content } : {}) };
    if (content.objects < 0) this.#openStore(through);
  }

  async end(): Promise<void> {
    if (!this.#begun) await this.#advance();
    while (this.#segment !== undefined) {
      await this.#leaveSegment();
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
    this.#segment = await this.#options.ledger.next();
    if (this.#segment !== undefined && this.#segment.content === undefined) this.#openStore(this.#segment.from);
  }

  /** Ends a segment: what was listed of it is all there is. */
  async #leaveSegment(): Promise<void> {
    const segment = this.#segment;
    const { ledger, sink } = this.#options;
    if (segment === undefined) return;
    const { content, to } = segment;
    if (this.#store === undefined && content !== undefined && to !== undefined) {
      if (sameContent(content, this.#content)) {
        sink.unchanged(content);
        ledger.keep(content, to);
        this.#forget();
        return;
      }
      await this.#startReading();
    }
    await this.#drain(to);
    await this.#store?.close();
    this.#store = undefined;
    if (to !== undefined) ledger.close(to);
    else if (this.#lastKept !== undefined) ledger.close(this.#lastKept);
  }

  async #compare(object: ListedObject): Promise<void> {
    this.#listed.push(object);
    addObject(this.#content, object);
    if (this.#content.objects > (this.#segment?.content?.objects ?? 0)) await this.#startReading();
  }

  /** The digest does not tell: the records of the segment are read, beside what was listed of it so far. */
  async #startReading(): Promise<void> {
    const listed = this.#forget();
    this.#openStore(this.#segment?.from ?? '');
    for (const object of listed) await this.#meet(object);
  }

  #forget(): ListedObject[] {
    const listed = this.#listed;
    this.#listed = [];
    this.#content = nothing();
    return listed;
  }

  #openStore(after: string): void {
    const { table, pk, hi } = this.#options;
    this.#store = readStore(table, { pk, after, through: this.#segment?.to ?? hi() });
  }

  async #meet(object: ListedObject): Promise<void> {
    const { sink } = this.#options;
    const store = this.#store;
    if (store === undefined) return;
    let stored = store.ended ? undefined : await store.peek();
    while (stored !== undefined && compareKeys(stored.sk, object.key) < 0) {
      store.take();
      this.#storedOnly(stored);
      stored = await store.peek();
      if (stored !== undefined) await sink.relieve();
    }
    const same = stored !== undefined && stored.sk === object.key;
    if (same) store.take();
    sink.present(object, same ? stored : undefined);
    addObject(this.#options.ledger.open, object);
    this.#noteKept(object.key);
  }

  async #drain(through: string | undefined): Promise<void> {
    const store = this.#store;
    if (store === undefined) return;
    for (let stored = await store.peek(); stored !== undefined; stored = await store.peek()) {
      if (through !== undefined && compareKeys(stored.sk, through) > 0) return;
      store.take();
      this.#storedOnly(stored);
      await this.#options.sink.relieve();
    }
  }

  #storedOnly(stored: RecordRow): void {
    if (!this.#options.sink.storedOnly(stored)) return;
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
    const listed = this.#forget();
    this.#store = readStore(table, { pk, after, through }, before);
    for (const object of listed) await this.#meet(object);
    await this.#drain(through);
    await this.#store.close();
    await sink.relieve();
    return before;
  }
}
