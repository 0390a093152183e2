import { compareKeys } from '../../keys/byte-order.ts';
import { Failure } from '../../model/errors.ts';
import type { ListedObject } from '../../model/ports/listing.ts';
import type { Spool } from '../../model/ports/spools.ts';
import { askPage, type ProvenPage, type ProvenStep } from '../../source/page-proof.ts';
import { isOdd, type ListedRow, rowsOf } from '../merge/listed-row.ts';
import { tokenMs } from '../walk/keyed-listing.ts';
import { type ListedPage, type ListedPart, ListedRows, type Listing } from '../walk/listing.ts';
import type { RunContext } from '../worker/run-context.ts';
import { lineOf, mergedRuns, type RowsOfKey } from './merged-runs.ts';
import { SeenKeys } from './seen-keys.ts';

/** The limit of S3's listing. */
const largestPage = 1000;

/** Sorted in memory before they are put aside: some 6 MB of rows. */
const rowsOfRun = 20_000;

/** Rows handed out at once. */
const rowsOfPart = 1000;

/** So many pages in a row that bring no key which was not there before, and the cursor is taken to go round. */
const mostStalePages = 10;

/**
 * Lists a scope whose server answers in no order of ours: first every page, by the server's own cursor to its end, put
 * aside in sorted runs; then the runs merged into one listing in key order. What the cursor gives is complete however it
 * is ordered, as long as it comes to its end and does not go round.
 */
export class SpooledListing implements Listing {
  readonly #context: RunContext;
  readonly #spool: Spool;
  readonly #rows = new ListedRows();
  readonly #tokens = new Set<string>();
  readonly #keys = new SeenKeys();
  #stalePages = 0;
  #pending: ListedRow[] = [];
  #previous: ProvenStep | undefined;
  #askedAt = 0;
  #sorted: AsyncIterator<RowsOfKey> | undefined;
  #ended = false;
  #passed: string;
  readonly evidence = undefined;
  readonly opened = undefined;

  /** @param passed the key up to which everything was compared before; '' for nothing. */
  constructor(context: RunContext, spool: Spool, passed: string) {
    this.#context = context;
    this.#spool = spool;
    this.#passed = passed;
  }

  get ended(): boolean {
    return this.#ended && !this.#rows.waiting;
  }

  async next(hi: string | undefined): Promise<ListedPart> {
    if (this.#sorted === undefined) {
      const page = await this.#putPageAside();
      return { rows: [], lastKey: this.#passed, complete: false, pages: [page], passing: true };
    }
    if (this.ended) return { rows: [], lastKey: hi ?? this.#passed, complete: true, pages: [] };
    if (!this.#rows.waiting) await this.#readOn(this.#sorted);
    return { ...this.#rows.take(hi, this.#ended), pages: [] };
  }

  async close(): Promise<void> {
    await this.#sorted?.return?.();
    await this.#spool.close();
  }

  async #putPageAside(): Promise<ListedPage> {
    const page = await this.#page();
    this.#noteProgress(page);
    for (const row of rowsOf(page)) if (compareKeys(row.key, this.#passed) > 0) this.#pending.push(row);
    if (this.#pending.length >= rowsOfRun || page.next === undefined) await this.#writeRun();
    this.#previous = page.next;
    if (page.next === undefined) this.#sorted = mergedRuns(this.#spool)[Symbol.asyncIterator]();
    const tolerances = [...new Set([...page.tolerances, 'unordered'])];
    return { odd: page.odd, tolerances, serverTime: page.serverTime };
  }

  async #writeRun(): Promise<void> {
    if (this.#pending.length === 0) return;
    this.#pending.sort((one, other) => compareKeys(one.key, other.key));
    await this.#spool.write(this.#pending.map(lineOf));
    this.#pending = [];
  }

  async #page(): Promise<ProvenPage> {
    const { bucket, config, datasource, deps } = this.#context;
    if (this.#previous !== undefined && deps.clock.now() - this.#askedAt > tokenMs) throw tooSlow();
    const maxKeys = datasource.sync.page_size ?? largestPage;
    const asked = { bucket: config.bucket, prefix: config.prefix, maxKeys, previous: this.#previous } as const;
    const page = await askPage(bucket, { ...asked, order: 'any' });
    this.#askedAt = deps.clock.now();
    return page;
  }

  /** Throws Failure `listing_not_proved` where the cursor goes round instead of coming to an end. */
  #noteProgress({ objects, odd, next }: ProvenPage): void {
    let isNew = odd.length > 0 && this.#stalePages === 0;
    for (const { key } of objects) isNew = this.#keys.add(key) || isNew;
    this.#stalePages = isNew ? 0 : this.#stalePages + 1;
    if (this.#stalePages >= mostStalePages) throw goesRound(`${mostStalePages} pages in a row held no new key`);
    if (next === undefined) return;
    const { continuation } = next;
    const cursor = continuation.version === 2 ? `2${continuation.token}` : `1${continuation.marker}`;
    if (this.#tokens.has(cursor)) throw goesRound('a cursor came a second time');
    this.#tokens.add(cursor);
  }

  async #readOn(sorted: AsyncIterator<RowsOfKey>): Promise<void> {
    const rows: ListedRow[] = [];
    while (rows.length < rowsOfPart) {
      const next = await sorted.next();
      if (next.done) {
        this.#ended = true;
        break;
      }
      const row = await this.#oneOf(next.value);
      if (row !== undefined) rows.push(row);
      this.#passed = next.value[0].key;
    }
    this.#rows.add(rows, this.#passed);
  }

  /** Of a key that was given with different facts, those that a HEAD tells; where it tells others, what is stored stays. */
  async #oneOf(given: RowsOfKey): Promise<ListedRow | undefined> {
    const [first] = given;
    const objects = given.filter((row) => !isOdd(row)) as ListedObject[];
    if (new Set(given.map(lineOf)).size === 1) return first;
    const head = await this.#context.bucket.head(first.key);
    const same = ({ etag, size }: ListedObject): boolean =>
      head.status === 'found' && head.etag === etag && head.size === size;
    return objects.find(same) ?? { key: first.key, odd: true };
  }
}

function goesRound(seen: string): Failure {
  return new Failure(
    'listing_not_proved',
    `The listing cannot be relied on: it comes in no order, and ${seen}, so that it comes to no end. Nothing was deleted. Report it to whoever runs the S3 server`,
  );
}

function tooSlow(): Failure {
  return new Failure(
    'listing_too_large',
    'the server lists in no order, and putting its listing aside took so long that its cursor was too old to go on with; nothing was deleted. Narrow the prefix into several datasources',
  );
}
