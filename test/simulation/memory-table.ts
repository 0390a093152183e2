import { compareKeys } from '#core/keys/byte-order.ts';
import { ConditionFailed } from '#core/model/errors.ts';
import type {
  Condition,
  Item,
  ItemChange,
  Key,
  PlainWrite,
  Query,
  Table,
  TransactWrite,
} from '#core/model/ports/table.ts';
import { inTodaysForm } from '#core/table/stored-form.ts';
import {
  checkItem,
  checkKey,
  checkQuery,
  checkTransaction,
  keyIdentity,
  keyOfWrite,
} from '#core/table/table-limits.ts';

/**
 * One commit's changes, quiet ones and those of every partition included; a put that changes nothing is not among
 * them.
 */
export type CommitListener = (changes: readonly ItemChange[]) => void;

/**
 * The Table port in plain memory, without a turn of the event loop in any call: for simulations, which make millions.
 */
export type MemoryTable = Table & {
  /** The calls of the port, at once. */
  read(key: Key): Item | undefined;
  commit(writes: readonly TransactWrite[]): void;
  slice(query: Query): Item[];
  /** Every item there is. */
  all(): IterableIterator<Item>;
  /** Removes what has expired by then, as the store may at any time after; returns how many. */
  expire(nowSeconds: number): number;
};

type Entry = { readonly sk: string; item: Item; text: string };

/** Items of a query are looked up again after so many, so that writes made meanwhile ahead of it are seen. */
const pageItems = 100;

export function createMemoryTable(onCommit: CommitListener = () => undefined): MemoryTable {
  const store = new MemoryStore(onCommit);
  const table: MemoryTable = {
    read: (key) => store.read(key),
    commit: (writes) => store.commit(writes),
    slice: (query) => store.slice(query),
    all: () => store.all(),
    expire: (nowSeconds) => store.expire(nowSeconds),
    get: async (key) => store.read(key),
    async batchGet(keys) {
      const distinct = new Map(keys.map((key) => [keyIdentity(key), key]));
      return [...distinct.values()].map((key) => store.read(key)).filter((item) => item !== undefined);
    },
    put: async (item, condition) => store.commit([{ put: item, ...(condition && { condition }) }]),
    delete: async (key, condition) => store.commit([{ delete: key, ...(condition && { condition }) }]),
    async batchWrite(writes) {
      store.batch(writes);
      return [];
    },
    transact: async (writes) => store.commit(writes),
    query: (query) => pagedQuery(query, async (page) => store.slice(page)),
  };
  return table;
}

/** A query by way of a function that answers one page of it. */
export function pagedQuery(query: Query, read: (page: Query) => Promise<readonly Item[]>): AsyncIterable<Item> {
  checkQuery(query);
  return pagesOf(query, read);
}

async function* pagesOf(query: Query, read: (page: Query) => Promise<readonly Item[]>): AsyncIterable<Item> {
  let left = query.limit ?? Number.POSITIVE_INFINITY;
  let page = query;
  while (left > 0) {
    const limit = Math.min(left, pageItems);
    const items = await read({ ...page, limit });
    yield* items;
    const last = items.at(-1);
    if (last === undefined || items.length < limit) return;
    left -= items.length;
    page = beyond(query, last.sk);
  }
}

function beyond(query: Query, sk: string): Query {
  const { from: _from, after: _after, through: _through, before: _before, ...rest } = query;
  if (query.direction === 'descending') return { ...rest, ...lower(query), before: sk };
  return { ...rest, ...upper(query), after: sk };
}

function lower({ from, after }: Query): Pick<Query, 'from' | 'after'> {
  return { ...(from === undefined ? {} : { from }), ...(after === undefined ? {} : { after }) };
}

function upper({ through, before }: Query): Pick<Query, 'through' | 'before'> {
  return { ...(through === undefined ? {} : { through }), ...(before === undefined ? {} : { before }) };
}

class MemoryStore {
  readonly #partitions = new Map<string, Entry[]>();
  readonly #onCommit: CommitListener;

  constructor(onCommit: CommitListener) {
    this.#onCommit = onCommit;
  }

  read(key: Key): Item | undefined {
    checkKey(key);
    const item = this.#find(key)?.item;
    return item && inTodaysForm(item);
  }

  batch(writes: readonly PlainWrite[]): void {
    for (const write of writes) 'put' in write ? checkItem(write.put) : checkKey(write.delete);
    this.#apply(writes);
  }

  commit(writes: readonly TransactWrite[]): void {
    checkTransaction(writes);
    writes.forEach((write, index) => {
      if (write.condition && !holds(write.condition, this.#find(keyOfWrite(write))?.item)) {
        throw new ConditionFailed(index);
      }
    });
    this.#apply(writes);
  }

  slice(query: Query): Item[] {
    checkQuery(query);
    const entries = this.#partitions.get(query.pk) ?? [];
    const first = query.after === undefined ? place(entries, query.from ?? '') : placeAfter(entries, query.after);
    const end =
      query.through !== undefined
        ? placeAfter(entries, query.through)
        : query.before !== undefined
          ? place(entries, query.before)
          : entries.length;
    const limit = query.limit ?? Number.POSITIVE_INFINITY;
    if (query.direction !== 'descending') return items(entries.slice(first, Math.min(end, first + limit)));
    return items(entries.slice(Math.max(first, end - limit), Math.max(first, end))).reverse();
  }

  *all(): IterableIterator<Item> {
    for (const entries of this.#partitions.values()) for (const { item } of entries) yield item;
  }

  expire(nowSeconds: number): number {
    const expired = [...this.all()].filter(({ ttl }) => typeof ttl === 'number' && ttl < nowSeconds);
    this.#apply(expired.map(({ pk, sk }) => ({ delete: { pk, sk } })));
    return expired.length;
  }

  #find({ pk, sk }: Key): Entry | undefined {
    const entries = this.#partitions.get(pk);
    if (entries === undefined) return undefined;
    const entry = entries[place(entries, sk)];
    return entry?.sk === sk ? entry : undefined;
  }

  #apply(writes: readonly (TransactWrite | PlainWrite)[]): void {
    const changes: ItemChange[] = [];
    for (const write of writes) {
      if ('check' in write) continue;
      const change = 'put' in write ? this.#put(write.put) : this.#delete(write.delete);
      if (change !== undefined) changes.push(change);
    }
    if (changes.length > 0) this.#onCommit(changes);
  }

  /** Kept frozen and as JSON would bring it back: nobody shares an object with the store. */
  #put(given: Item): ItemChange | undefined {
    const text = JSON.stringify(given);
    const { pk, sk } = given;
    let entries = this.#partitions.get(pk);
    if (entries === undefined) {
      entries = [];
      this.#partitions.set(pk, entries);
    }
    const at = place(entries, sk);
    const stored = entries[at];
    if (stored?.sk === sk && stored.text === text) return undefined;
    const item = frozen(JSON.parse(text));
    if (stored?.sk !== sk) {
      entries.splice(at, 0, { sk, item, text });
      return { key: { pk, sk }, after: item };
    }
    const before = stored.item;
    stored.item = item;
    stored.text = text;
    return { key: { pk, sk }, before, after: item };
  }

  #delete({ pk, sk }: Key): ItemChange | undefined {
    const entries = this.#partitions.get(pk);
    if (entries === undefined) return undefined;
    const at = place(entries, sk);
    const stored = entries[at];
    if (stored?.sk !== sk) return undefined;
    entries.splice(at, 1);
    if (entries.length === 0) this.#partitions.delete(pk);
    return { key: { pk, sk }, before: stored.item };
  }
}

function items(entries: readonly Entry[]): Item[] {
  return entries.map(({ item }) => inTodaysForm(item));
}

/** Where a sort key stands, or would. */
function place(entries: readonly Entry[], sk: string): number {
  let low = 0;
  let high = entries.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (compareKeys(entries[middle]?.sk ?? '', sk) < 0) low = middle + 1;
    else high = middle;
  }
  return low;
}

function placeAfter(entries: readonly Entry[], sk: string): number {
  const at = place(entries, sk);
  return entries[at]?.sk === sk ? at + 1 : at;
}

function holds(condition: Condition, item: Item | undefined): boolean {
  if (condition.type === 'absent') return item === undefined;
  if (item === undefined) return condition.type === 'fence';
  if (condition.type === 'version') return item.version === condition.equals;
  if (condition.type === 'matches') {
    const { equals, lacks = [] } = condition;
    return Object.entries(equals).every(([name, value]) => item[name] === value) && !lacks.some((name) => name in item);
  }
  if (!('fence' in item)) return true;
  return typeof item.fence === 'number' && item.fence <= condition.atMost;
}

function frozen<T>(value: T): T {
  if (typeof value !== 'object' || value === null) return value;
  for (const each of Object.values(value)) frozen(each);
  return Object.freeze(value);
}
