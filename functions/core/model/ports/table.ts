/**
 * A slice of the narrow waist: each file of this folder is one port, all that the domain asks of the outside by that
 * name. Every port has an AWS and an embedded adapter that pass the same contract suite.
 */

/** Where an item stands. `sk` is ordered by its UTF-8 bytes; 1–1,024 bytes. `pk` takes 1–2,048 bytes. */
export type Key = { readonly pk: string; readonly sk: string };

/**
 * A stored item: JSON values only (no undefined, no NaN, no lone surrogates), at most 400 KB as DynamoDB counts it.
 * Reserved attributes: `v` the form it is stored in (core/table/stored-form.ts; 1 where there is none), `version` for optimistic locking, `fence` of the last writer,
 * `ttl` in epoch seconds after which the item may vanish at any time, `quiet` to keep a put out of the feed.
 */
export type Item = Key & { readonly [attribute: string]: unknown };

/**
 * What must hold for a write to apply.
 * - absent: no item stands at the key
 * - version: an item stands there and its `version` equals the number
 * - fence: no item stands there, or it has no `fence`, or its `fence` is at most the number
 * - matches: an item stands there, has each attribute of `equals` (at least one) with exactly that text or number, and
 *   none of `lacks`
 */
export type Condition =
  | { readonly type: 'absent' }
  | { readonly type: 'version'; readonly equals: number }
  | { readonly type: 'fence'; readonly atMost: number }
  | {
      readonly type: 'matches';
      readonly equals: Readonly<Record<string, string | number>>;
      readonly lacks?: readonly string[];
    };

export type PlainWrite = { readonly put: Item } | { readonly delete: Key };

export type TransactWrite =
  | { readonly put: Item; readonly condition?: Condition }
  | { readonly delete: Key; readonly condition?: Condition }
  | { readonly check: Key; readonly condition: Condition };

/** A slice of one partition. Bounds are compared as UTF-8 bytes; give at most one lower and one upper bound. */
export type Query = {
  readonly pk: string;
  /** Lower bound, inclusive. */
  readonly from?: string;
  /** Lower bound, exclusive. */
  readonly after?: string;
  /** Upper bound, inclusive. */
  readonly through?: string;
  /** Upper bound, exclusive. */
  readonly before?: string;
  /** At most so many items; all when absent. */
  readonly limit?: number;
  /** Ascending by default. */
  readonly direction?: 'ascending' | 'descending';
};

/**
 * Items under (pk, sk). All reads are strongly consistent. Throws ConditionFailed when a condition does not hold, and
 * Failure `other_form` when an item that is read was written by a version whose form this one does not know. What the
 * store pushes back is sent again for ten seconds (core/timing/time-budget.ts); then PushedBack is thrown, and nothing was
 * applied.
 */
export interface Table {
  get(key: Key): Promise<Item | undefined>;
  /** Any number of keys, duplicates folded; missing ones are left out; in no particular order. */
  batchGet(keys: readonly Key[]): Promise<Item[]>;
  put(item: Item, condition?: Condition): Promise<void>;
  delete(key: Key, condition?: Condition): Promise<void>;
  /**
   * Any number of writes; without conditions and not atomic as a whole. The same key twice: the last one wins. Returns those
   * that the store did not take, in no particular order: the others stand. No write of it is begun after ten seconds, nor
   * under way half a minute after the call; so whoever may write no more does not send the rest again (core/table/write-all.ts).
   */
  batchWrite(writes: readonly PlainWrite[]): Promise<readonly PlainWrite[]>;
  /** All or nothing, at most 100 writes (the limit of DynamoDB's TransactWriteItems), each key at most once. */
  transact(writes: readonly TransactWrite[]): Promise<void>;
  /** Pages lazily: stopping early reads no further. */
  query(query: Query): AsyncIterable<Item>;
}

/** One change of one item, as the table's feed tells it: delivered at least once, in order per item. */
export type ItemChange = { readonly key: Key; readonly before?: Item; readonly after?: Item };
