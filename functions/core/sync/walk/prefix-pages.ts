import { compareKeys } from '../../keys/byte-order.ts';
import { askPage, type ProvenPage, type ProvenStep } from '../../source/page-proof.ts';
import { type ListedRow, rowsOf } from '../merge/listed-row.ts';
import type { RunContext } from '../worker/run-context.ts';
import { suitedTo, tokenMs } from './keyed-listing.ts';
import type { ListedPage } from './listing.ts';

/** The limit of S3's listing. */
const largestPage = 1000;

/** So many pages are fetched ahead of whoever compares them. */
const mostAhead = 4;

export type PrefixPage = { readonly rows: readonly ListedRow[]; readonly lastKey: string; readonly page: ListedPage };

/**
 * The pages of one prefix from its beginning, by the server's own cursor, some of them ahead of being asked for. A cursor
 * older than a minute is not used: the prefix is listed again, and what was given out is passed over.
 */
export class PrefixPages {
  readonly #context: RunContext;
  readonly #prefix: string;
  readonly #begunAgain: () => void;
  readonly #ready: PrefixPage[] = [];
  #filling: Promise<void> | undefined;
  #failure: { readonly error: unknown } | undefined;
  #previous: ProvenStep | undefined;
  #askedAt = 0;
  #closings = 0;
  #passed: string;
  #done = false;
  #closed = false;

  /**
   * @param passed keys up to this one are passed over.
   * @param begunAgain told each time the prefix is listed again; throws to give up.
   */
  constructor(context: RunContext, prefix: string, passed: string, begunAgain: () => void) {
    this.#context = context;
    this.#prefix = prefix;
    this.#passed = passed;
    this.#begunAgain = begunAgain;
  }

  /** Begins to fetch, unless enough is there. */
  prefetch(): void {
    if (this.#filling !== undefined || this.#done || this.#closed || this.#ready.length >= mostAhead) return;
    this.#filling = this.#fill().finally(() => {
      this.#filling = undefined;
    });
  }

  /** The next page; undefined after the last. Throws what the listing failed with. */
  async next(): Promise<PrefixPage | undefined> {
    for (;;) {
      const page = this.#ready.shift();
      this.prefetch();
      if (page !== undefined) return page;
      if (this.#failure !== undefined) throw this.#failure.error;
      if (this.#filling === undefined) return undefined;
      await this.#filling;
    }
  }

  /** Waits for the request that is under way. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#filling;
  }

  async #fill(): Promise<void> {
    try {
      while (!this.#done && !this.#closed && this.#ready.length < mostAhead) this.#take(await this.#ask());
    } catch (error) {
      this.#failure = { error };
      this.#done = true;
    }
  }

  #take(page: ProvenPage): void {
    this.#previous = page.next;
    this.#done = page.next === undefined;
    const { lastKey, odd, tolerances, serverTime } = page;
    const rows = rowsOf(page).filter(({ key }) => compareKeys(key, this.#passed) > 0);
    if (compareKeys(lastKey, this.#passed) > 0) this.#passed = lastKey;
    this.#ready.push({ rows, lastKey: this.#passed, page: { odd, tolerances, serverTime } });
  }

  async #ask(): Promise<ProvenPage> {
    if (this.#previous !== undefined && this.#isStale()) this.#beginAgain();
    const page = await this.#page();
    if (this.#previous === undefined || !this.#isReconnected()) return this.#noted(page);
    // The server may have been started anew while it was asked: its cursor may be no more than the key in it.
    this.#beginAgain();
    return this.#noted(await this.#page());
  }

  #noted(page: ProvenPage): ProvenPage {
    const { bucket, deps } = this.#context;
    this.#askedAt = deps.clock.now();
    this.#closings = bucket.closings ?? 0;
    return page;
  }

  #beginAgain(): void {
    this.#begunAgain();
    this.#previous = undefined;
  }

  #isStale(): boolean {
    return this.#context.deps.clock.now() - this.#askedAt > tokenMs || this.#isReconnected();
  }

  #isReconnected(): boolean {
    return (this.#context.bucket.closings ?? 0) !== this.#closings;
  }

  async #page(): Promise<ProvenPage> {
    const { bucket, config, datasource } = this.#context;
    const maxKeys = datasource.sync.page_size ?? largestPage;
    try {
      return await askPage(bucket, { bucket: config.bucket, prefix: this.#prefix, maxKeys, previous: this.#previous });
    } catch (error) {
      throw suitedTo(error);
    }
  }
}
