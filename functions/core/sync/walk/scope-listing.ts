import { compareKeys } from '../../keys/byte-order.ts';
import { Failure } from '../../model/errors.ts';
import type { ProvenPage, ProvenStep } from '../../source/page-proof.ts';
import { askPage } from '../../source/page-proof.ts';
import { type ListedRow, rowsOf } from '../merge/listed-row.ts';
import type { RunContext } from '../worker/run-context.ts';
import { suitedTo, tokenMs } from './keyed-listing.ts';
import { type ListedPage, type ListedPart, ListedRows, type Listing } from './listing.ts';

/** The limit of S3's listing. */
const largestPage = 1000;

/** Each time a token came too late the listing begins again: so many times are an accident, more are a store that cannot
 *  keep up. */
const mostRestarts = 20;

/**
 * Lists the scope from its beginning, without any key, by the server's own cursor: for servers whose listings from a key
 * are not believed. A cursor that is not used within a minute is not used at all: the listing begins again, and what was
 * compared before is passed over.
 */
export class ScopeListing implements Listing {
  readonly #context: RunContext;
  readonly #rows = new ListedRows();
  #previous: ProvenStep | undefined;
  #askedAt = 0;
  #restarts = 0;
  #ended = false;
  /** Everything up to here was handed out, or compared by an earlier invocation. */
  #passed: string;
  /** Something was handed out: an invocation that stops now got somewhere. */
  #delivered = false;
  #pages = 0;
  readonly evidence = undefined;
  readonly opened = undefined;

  /** @param passed the key up to which everything was compared before; '' for nothing. */
  constructor(context: RunContext, passed: string) {
    this.#context = context;
    this.#passed = passed;
  }

  get ended(): boolean {
    return this.#ended && !this.#rows.waiting;
  }

  async next(hi: string | undefined): Promise<ListedPart> {
    if (this.ended) return { rows: [], lastKey: hi ?? this.#passed, complete: true, pages: [] };
    const pages = this.#rows.waiting ? [] : [await this.#ask()];
    // Nothing of what this page had is new: it tells of no key beyond those.
    if (!this.#rows.waiting) return { rows: [], lastKey: this.#passed, complete: this.#ended, pages, passing: true };
    const part = this.#rows.take(hi, this.#ended);
    this.#delivered = true;
    return { ...part, pages };
  }

  async close(): Promise<void> {}

  async #ask(): Promise<ListedPage> {
    const { deps } = this.#context;
    if (!this.#delivered && deps.clock.now() >= (deps.yieldAt ?? Number.POSITIVE_INFINITY)) throw tooLarge(this.#pages);
    if (this.#previous !== undefined && deps.clock.now() - this.#askedAt > tokenMs) this.#restart();
    const page = await this.#page();
    this.#askedAt = deps.clock.now();
    this.#previous = page.next;
    this.#ended = page.next === undefined;
    this.#pages += 1;
    const rows = rowsOf(page).filter(({ key }) => compareKeys(key, this.#passed) > 0);
    this.#add(rows, page.lastKey);
    return { odd: page.odd, tolerances: page.tolerances, serverTime: page.serverTime };
  }

  #add(rows: readonly ListedRow[], lastKey: string): void {
    if (compareKeys(lastKey, this.#passed) <= 0) return;
    this.#passed = lastKey;
    this.#rows.add(rows, lastKey);
  }

  #restart(): void {
    this.#restarts += 1;
    if (this.#restarts > mostRestarts) {
      throw new Failure(
        'listing_too_large',
        `the server does not list from a key, and ${mostRestarts} times in this run its cursor was too old to go on with, because what was listed could not be stored in time; nothing was deleted. Narrow the prefix into several datasources`,
      );
    }
    this.#previous = undefined;
    const { datasource, run } = this.#context;
    this.#context.deps.log.warn('listing begun again', { datasource: datasource.id, run: run.id, pages: this.#pages });
  }

  async #page(): Promise<ProvenPage> {
    const { bucket, config, datasource } = this.#context;
    const maxKeys = datasource.sync.page_size ?? largestPage;
    try {
      return await askPage(bucket, { bucket: config.bucket, prefix: config.prefix, maxKeys, previous: this.#previous });
    } catch (error) {
      throw suitedTo(error);
    }
  }
}

function tooLarge(pages: number): Failure {
  return new Failure(
    'listing_too_large',
    `the server does not list from a key, so each invocation lists the scope from its beginning, and ${pages} pages took all of its time before anything new came; nothing was deleted. Narrow the prefix into several datasources`,
  );
}
