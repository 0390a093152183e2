import { asPageFault, type Fault } from './faults.ts';
import { isListing, type Operation, type S3Request } from './request.ts';

/** Which requests; every given field must hold. */
export type FaultMatch = {
  /** `list` is both versions. */
  readonly operation?: Operation | 'list';
  readonly bucket?: string;
  readonly key?: string;
  /** Of a list request. */
  readonly prefix?: string;
  /**
   * Page of a listing: 1 has neither token nor marker, n + 1 came with the token or marker of page n. A retry of a
   * page has its number again. `{ operation: 'list', page: 2 }` with `times: 1` is "the second page of the next listing".
   */
  readonly page?: number;
  /** The n-th request, from 1, that the other fields fit since the fault was added; retries count. */
  readonly nth?: number;
};

export type FaultRule = {
  /** Absent: every request (of a listing, for faults of a page). */
  readonly when?: FaultMatch | ((request: S3Request) => boolean);
  /** How often at most; always when absent. */
  readonly times?: number;
  readonly act: Fault;
};

export type ArmedFault = {
  /** How often it struck. */
  readonly hits: number;
  /** Resolves when it first strikes. */
  readonly fired: Promise<void>;
  remove(): void;
};

type Armed = { readonly rule: FaultRule; readonly fire: () => void; seen: number; hits: number };

/** Faults on demand. Of several that fit a request, the one added first strikes, alone. */
export class Faults {
  #armed: Armed[] = [];

  add(rule: FaultRule): ArmedFault {
    const { promise, resolve } = Promise.withResolvers<void>();
    const armed: Armed = { rule, fire: resolve, seen: 0, hits: 0 };
    this.#armed.push(armed);
    return {
      get hits() {
        return armed.hits;
      },
      fired: promise,
      remove: () => {
        this.#armed = this.#armed.filter((other) => other !== armed);
      },
    };
  }

  clear(): void {
    this.#armed = [];
  }

  /** The fault for a request, counted as struck. */
  strike(request: S3Request): Fault | undefined {
    const fitting = this.#armed.filter((armed) => fits(armed, request));
    const first = fitting.find((armed) => armed.hits < (armed.rule.times ?? Number.POSITIVE_INFINITY));
    if (!first) return undefined;
    first.hits += 1;
    first.fire();
    return first.rule.act;
  }
}

function fits(armed: Armed, request: S3Request): boolean {
  const { when, act } = armed.rule;
  if (asPageFault(act) && !isListing(request.operation)) return false;
  if (when === undefined) return true;
  if (typeof when === 'function') return when(request);
  const { operation, bucket, key, prefix, page, nth } = when;
  const same =
    (operation === undefined ||
      operation === request.operation ||
      (operation === 'list' && isListing(request.operation))) &&
    (bucket === undefined || bucket === request.bucket) &&
    (key === undefined || key === request.key) &&
    (prefix === undefined || prefix === (request.query.prefix ?? '')) &&
    (page === undefined || page === request.page);
  if (!same) return false;
  armed.seen += 1;
  return nth === undefined || nth === armed.seen;
}
