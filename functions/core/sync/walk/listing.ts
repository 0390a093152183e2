import { compareKeys } from '../../keys/byte-order.ts';
import type { OddRow } from '../../model/ports/listing.ts';
import type { ProvenPage } from '../../source/page-proof.ts';
import { isOdd, type ListedRow } from '../merge/listed-row.ts';
import type { PageEvidence } from '../progress/page-evidence.ts';

/** What one request brought, beside its rows. */
export type ListedPage = Pick<ProvenPage, 'tolerances' | 'serverTime'> & {
  /** Rows that could not be read, those with a key among them. */
  readonly odd: readonly OddRow[];
};

/** Some rows in key order. */
export type ListedPart = {
  readonly rows: readonly ListedRow[];
  /** Every key up to here that is in scope was listed. */
  readonly lastKey: string;
  /** The listing was proved to have come to where it was to stop, or to its end. */
  readonly complete: boolean;
  /** Only what was compared before came: the walk got no further by it. */
  readonly passing?: true;
  /** The requests that it took; none for what an earlier page had. */
  readonly pages: readonly ListedPage[];
};

/** A listing in key order that goes on from page to page, across the ends of ranges. */
export interface Listing {
  /** What comes next, up to and with `hi`; rows beyond it wait for the next call. Throws Failure, WayChange. */
  next(hi: string | undefined): Promise<ListedPart>;
  /** True once the server said that nothing follows what was handed out. */
  readonly ended: boolean;
  /** The last page, to go on from; absent where a key alone is enough for that. */
  readonly evidence: PageEvidence | undefined;
  /** Its first page, where it began after a key. */
  readonly opened: PageEvidence | undefined;
  /** Lets go of what it holds. */
  close(): Promise<void>;
}

/** Rows that were listed and not handed out yet, with the key up to which they tell of everything. */
export class ListedRows {
  #rows: readonly ListedRow[] = [];
  #through: string | undefined;

  get waiting(): boolean {
    return this.#through !== undefined;
  }

  /** The objects among them. */
  get keys(): string[] {
    return this.#rows.filter((row) => !isOdd(row)).map(({ key }) => key);
  }

  add(rows: readonly ListedRow[], through: string): void {
    this.#rows = this.#rows.length === 0 ? rows : [...this.#rows, ...rows];
    this.#through = through;
  }

  /** Hands out what lies up to `hi`; `ended` says that nothing follows the last of them. */
  take(hi: string | undefined, ended: boolean): Omit<ListedPart, 'pages'> {
    const through = this.#through ?? '';
    const passed = hi !== undefined && compareKeys(through, hi) >= 0;
    const rows = passed ? this.#upTo(hi) : this.#rows;
    this.#rows = passed ? this.#rows.slice(rows.length) : [];
    if (this.#rows.length === 0) this.#through = undefined;
    const complete = passed || ended;
    return { rows, lastKey: complete && hi !== undefined ? hi : through, complete };
  }

  #upTo(hi: string): readonly ListedRow[] {
    return this.#rows.slice(0, this.#rows.findLastIndex(({ key }) => compareKeys(key, hi) <= 0) + 1);
  }
}
