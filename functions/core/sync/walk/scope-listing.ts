import { compareKeys } from '../../keys/byte-order.ts';
import { Failure } from '../../model/errors.ts';
import type { ListedRow } from '../merge/listed-row.ts';
import type { RunContext } from '../worker/run-context.ts';
import { RunYielded } from '../worker/run-unwound.ts';
import { type ListedPage, type ListedPart, ListedRows, type Listing } from './listing.ts';
import { PrefixPages } from './prefix-pages.ts';
import { planScope, type ScopePart } from './scope-plan.ts';

/** So many folders are listed side by side. */
const foldersAtOnce = 8;

/** Each time a cursor came too late its listing begins again: so many times are an accident, more are a store that cannot
 *  keep up. */
const mostRestarts = 20;

/**
 * Lists the scope without any key, by the server's own cursor: for servers whose listings from a key are not believed.
 * Where the scope has folders, several of them are listed at once, each from its own beginning, and handed out in key
 * order. What was compared before, by an earlier invocation, is passed over.
 */
export class ScopeListing implements Listing {
  readonly #context: RunContext;
  readonly #rows = new ListedRows();
  readonly #open = new Map<ScopePart, PrefixPages>();
  #parts: readonly ScopePart[] | undefined;
  /** Rows came from the part that is read now. */
  #found = false;
  #restarts = 0;
  /** Everything up to here was handed out, or compared by an earlier invocation. */
  #passed: string;
  /** Something new was handed out: an invocation that stops now got somewhere. */
  #delivered = false;
  #asked = 0;
  readonly #begunLate: boolean;
  readonly evidence = undefined;
  readonly opened = undefined;

  /** @param passed the key up to which everything was compared before; '' for nothing. */
  constructor(context: RunContext, passed: string) {
    this.#context = context;
    this.#passed = passed;
    this.#begunLate = this.#timeIsOver();
  }

  get ended(): boolean {
    return this.#parts?.length === 0 && !this.#rows.waiting;
  }

  async next(hi: string | undefined): Promise<ListedPart> {
    if (this.ended) return { rows: [], lastKey: hi ?? this.#passed, complete: true, pages: [] };
    const pages = this.#rows.waiting ? [] : await this.#ask();
    this.#asked += pages.length;
    const ended = this.#parts?.length === 0;
    // Nothing of what came is new: it tells of no key beyond those.
    if (!this.#rows.waiting && !ended)
      return { rows: [], lastKey: this.#passed, complete: false, pages, passing: true };
    this.#delivered = true;
    if (!this.#rows.waiting) return { rows: [], lastKey: hi ?? this.#passed, complete: true, pages };
    return { ...this.#rows.take(hi, ended), pages };
  }

  async close(): Promise<void> {
    await Promise.all([...this.#open.values()].map((pages) => pages.close()));
  }

  async #ask(): Promise<readonly ListedPage[]> {
    // Begun when its time was over already, an invocation says nothing of the listing.
    if (this.#timeIsOver() && !this.#delivered) throw this.#begunLate ? new RunYielded() : tooLarge(this.#asked);
    if (this.#parts === undefined) {
      const plan = await planScope(this.#context);
      this.#parts = plan.parts.filter((part) => !this.#isPassed(part));
      return plan.pages;
    }
    const [part] = this.#parts;
    if (part === undefined) return [];
    if ('keys' in part) {
      this.#add(part.keys, part.keys.at(-1)?.key ?? '');
      this.#parts = this.#parts.slice(1);
      return [];
    }
    return await this.#read(part);
  }

  async #read(part: ScopePart & { readonly prefix: string }): Promise<readonly ListedPage[]> {
    const parts = this.#parts ?? [];
    const isWhole = part.prefix === this.#context.config.prefix;
    try {
      const page = await this.#pagesOf(part, parts).next();
      if (page !== undefined) {
        this.#found ||= page.rows.length > 0;
        this.#add(page.rows, page.lastKey);
        return [page.page];
      }
      // A folder that the delimiter showed, and that is empty by itself: perhaps the server reads its name otherwise.
      if (!this.#found && !isWhole && compareKeys(part.prefix, this.#passed) > 0) return await this.#undivided();
      this.#found = false;
      this.#open.delete(part);
      this.#parts = parts.slice(1);
      return [];
    } catch (error) {
      if (error instanceof Failure && !isWhole) return await this.#undivided();
      throw error;
    }
  }

  /** The folders cannot be listed by themselves: the scope is listed as a whole. */
  async #undivided(): Promise<readonly ListedPage[]> {
    await this.close();
    this.#open.clear();
    this.#parts = [{ prefix: this.#context.config.prefix }];
    return [];
  }

  #pagesOf(part: ScopePart, parts: readonly ScopePart[]): PrefixPages {
    for (const ahead of parts.slice(0, foldersAtOnce)) {
      if ('keys' in ahead || this.#open.has(ahead)) continue;
      const pages = new PrefixPages(this.#context, ahead.prefix, this.#passed, () => this.#beginAgain());
      this.#open.set(ahead, pages);
      pages.prefetch();
    }
    return this.#open.get(part) as PrefixPages;
  }

  #isPassed(part: ScopePart): boolean {
    if ('keys' in part) return compareKeys(part.keys.at(-1)?.key ?? '', this.#passed) <= 0 && this.#passed !== '';
    return compareKeys(part.prefix, this.#passed) < 0 && !this.#passed.startsWith(part.prefix);
  }

  #add(rows: readonly ListedRow[], lastKey: string): void {
    if (compareKeys(lastKey, this.#passed) <= 0) return;
    const fresh = rows.filter(({ key }) => compareKeys(key, this.#passed) > 0);
    this.#passed = lastKey;
    this.#rows.add(fresh, lastKey);
  }

  #timeIsOver(): boolean {
    const { clock, yieldAt = Number.POSITIVE_INFINITY } = this.#context.deps;
    return clock.now() >= yieldAt;
  }

  #beginAgain(): void {
    this.#restarts += 1;
    const { datasource, run, deps } = this.#context;
    if (this.#restarts > mostRestarts) throw tooSlow();
    deps.log.warn('listing begun again', { datasource: datasource.id, run: run.id, pages: this.#asked });
  }
}

function tooSlow(): Failure {
  return new Failure(
    'listing_too_large',
    `the server does not list from a key, and ${mostRestarts} times in this run its cursor was too old to go on with, because what was listed could not be stored in time; nothing was deleted. Narrow the prefix into several datasources`,
  );
}

function tooLarge(pages: number): Failure {
  return new Failure(
    'listing_too_large',
    `the server does not list from a key, so each invocation lists its folders from their beginning, and ${pages} pages took all of its time before anything new came; nothing was deleted. Narrow the prefix into several datasources`,
  );
}
