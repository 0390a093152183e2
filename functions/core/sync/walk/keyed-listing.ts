import { compareKeys } from '../../keys/byte-order.ts';
import { ListingUnordered, StartAfterIgnored, StartAfterRefused } from '../../source/listing-refusal.ts';
import { askPage, type ProvenPage, type ProvenStep } from '../../source/page-proof.ts';
import { rowsOf } from '../merge/listed-row.ts';
import { confirms, evidenceOf, type PageEvidence } from '../progress/page-evidence.ts';
import type { RunContext } from '../worker/run-context.ts';
import { WayChange } from '../worker/way-change.ts';
import { type ListedPage, type ListedPart, ListedRows, type Listing } from './listing.ts';

/**
 * How long a token is good for where a server is not believed to list from a key: MinIO forgets the listing behind a
 * token 3 minutes after it was last read, and then goes by the key in it.
 */
export const tokenMs = 60_000;

/** Pages that are looked at beyond a cut: as many as the page that began there may have been made of. */
const mostPeeks = 4;

/** The limit of S3's listing. */
const largestPage = 1000;

/**
 * Lists from a key, or from the beginning of the scope. Where the server is foreign, a page that is gone on from after a
 * pause is asked for again first: its keys must be the same.
 */
export class KeyedListing implements Listing {
  readonly #context: RunContext;
  readonly #rows = new ListedRows();
  #pages: ListedPage[] = [];
  #startAfter: string | undefined;
  #previous: ProvenStep | undefined;
  #evidence: PageEvidence | undefined;
  #lastKey: string;
  #opened: PageEvidence | undefined;
  #askedAt = 0;
  #closings = 0;
  #ended = false;

  /** @param startAfter the key to begin after; absent: the beginning of the scope. */
  constructor(context: RunContext, startAfter: string | undefined) {
    this.#context = context;
    this.#startAfter = startAfter;
    this.#lastKey = startAfter ?? '';
  }

  /** Goes on after `position`, the last key of a page that an earlier listing had. */
  static resumed(context: RunContext, page: PageEvidence, position: string): KeyedListing {
    const listing = new KeyedListing(context, page.after);
    listing.#evidence = page;
    listing.#lastKey = position;
    return listing;
  }

  get ended(): boolean {
    return this.#ended && !this.#rows.waiting;
  }

  get evidence(): PageEvidence | undefined {
    return this.#context.foreign ? this.#evidence : undefined;
  }

  get opened(): PageEvidence | undefined {
    return this.#opened;
  }

  async next(hi: string | undefined): Promise<ListedPart> {
    if (this.ended) return { rows: [], lastKey: hi ?? this.#lastKey, complete: true, pages: this.#takePages() };
    if (!this.#rows.waiting) await this.#ask();
    return { ...this.#rows.take(hi, this.#ended), pages: this.#takePages() };
  }

  /** The keys that follow, at least `count` where there are as many, without handing them out; and whether that is all. */
  async peek(count: number): Promise<{ readonly keys: readonly string[]; readonly ended: boolean }> {
    for (let peeks = 0; peeks < mostPeeks && !this.#ended && this.#rows.keys.length < count; peeks += 1) {
      await this.#ask();
    }
    return { keys: this.#rows.keys, ended: this.#ended };
  }

  async close(): Promise<void> {}

  #takePages(): ListedPage[] {
    return this.#pages.splice(0);
  }

  async #ask(): Promise<void> {
    const { foreign } = this.#context;
    const known = foreign ? this.#evidence : undefined;
    if (known !== undefined && this.#isStale()) return this.#askAgain(known);
    const page = await this.#page(this.#previous === undefined ? this.#startAfter : undefined, this.#previous);
    // The server may have been started anew while it was asked.
    if (known !== undefined && this.#isReconnected()) return this.#askAgain(known);
    this.#take(page);
  }

  /** After a pause, and where the server may have been started anew, its cursor may be no more than the key in it. */
  #isStale(): boolean {
    return this.#context.deps.clock.now() - this.#askedAt > tokenMs || this.#isReconnected();
  }

  #isReconnected(): boolean {
    return (this.#context.bucket.closings ?? 0) !== this.#closings;
  }

  /** The last page once more: only where it is as it was, what follows it can be relied on. */
  async #askAgain(known: PageEvidence): Promise<void> {
    for (let tries = 1; tries <= 2; tries += 1) {
      const page = await this.#page(known.after, undefined);
      const keys = page.objects.map(({ key }) => key);
      if (!confirms(known, keys, page.next === undefined)) continue;
      const beyond = this.#lastKey;
      const isNew = ({ key }: { readonly key: string }): boolean => compareKeys(key, beyond) > 0;
      const odd = page.odd.filter(({ key }) => key !== undefined && isNew({ key }));
      const objects = page.objects.filter(isNew);
      this.#take({ ...page, objects, odd }, known);
      // The page alone gets nobody further: an invocation that has time for one step takes the next with it.
      if (objects.length === 0 && !this.#ended) this.#take(await this.#page(undefined, this.#previous));
      return;
    }
    throw new WayChange(
      'sequence',
      'a page that was listed again after a pause was not what it had been, so that no listing can be gone on with from a key',
      false,
    );
  }

  #take(page: ProvenPage, known?: PageEvidence): void {
    const { objects, odd, tolerances, serverTime, next, lastKey } = page;
    const through = compareKeys(lastKey, this.#lastKey) > 0 ? lastKey : this.#lastKey;
    const keys = objects.map(({ key }) => key);
    this.#pages.push({ odd, tolerances, serverTime });
    this.#rows.add(rowsOf(page), through);
    // An empty first page tells as much of the keys beyond a cut as any other.
    if (known === undefined && this.#previous === undefined && this.#startAfter !== undefined) {
      this.#opened = evidenceOf(this.#startAfter, keys, next !== undefined);
    }
    // A page without a key is nothing to go on from: the one before it is.
    if (known !== undefined && keys.length === 0) this.#evidence = known;
    else if (keys.length > 0) this.#evidence = evidenceOf(this.#lastKey || undefined, keys, next !== undefined);
    this.#lastKey = through;
    this.#previous = next;
    this.#ended = next === undefined;
    this.#askedAt = this.#context.deps.clock.now();
    this.#closings = this.#context.bucket.closings ?? 0;
  }

  async #page(startAfter: string | undefined, previous: ProvenStep | undefined): Promise<ProvenPage> {
    const { bucket, config, datasource, foreign } = this.#context;
    const maxKeys = datasource.sync.page_size ?? largestPage;
    const asked = { bucket: config.bucket, prefix: config.prefix, maxKeys, startAfter, previous, foreign };
    try {
      return await askPage(bucket, asked);
    } catch (error) {
      throw foreign ? suitedTo(error) : error;
    }
  }
}

/** The way that suits a server which cannot list from a key, or in order; any other error as it is. */
export function suitedTo(error: unknown): unknown {
  if (error instanceof StartAfterRefused || error instanceof StartAfterIgnored) {
    return new WayChange('sequence', 'the server does not list from a key (start-after is refused or ignored)', true);
  }
  if (!(error instanceof ListingUnordered)) return error;
  return new WayChange('spool', 'the server lists its keys in no order of S3', true);
}
