import * as z from 'zod';
import { ConditionFailed, Failure } from '../model/errors.ts';
import type { Item, Key, Table, TransactWrite } from '../model/ports/table.ts';
import { type Quota, quotaExceeded } from '../model/quota.ts';

type Kind = 'connector' | 'datasource' | 'webhook';

/** Further writes of the transaction that creates a row: conditions that it depends on, items that lead to it. */
export type Alongside = (row: Item) => readonly TransactWrite[];

/**
 * `count`: rows there are; unknown where an older version wrote the counter last, which leaves it out. `counted`: the version
 * that the counter had when the rows themselves were counted last.
 */
const counterItem = z.object({
  value: z.number().int(),
  version: z.number().int(),
  count: z.number().int().optional(),
  counted: z.number().int().optional(),
});
type Counter = z.output<typeof counterItem>;

/** Of creates at once that want the same number one wins each time and the others ask again: so many at once are served. */
const attempts = 100;

/**
 * Creates a registry row together with its number, the integer id it has under /v1. Numbers grow by one and are never
 * given twice; an id that is itself a number keeps that number. Calls `build` with the number to use and stores what it
 * returns, absent before, in one transaction with what `alongside` makes of the row. Throws ConditionFailed when a row with
 * that id is there already, or its number is another row's; Failure `conflict` if others kept coming first, or if a
 * condition of `alongside` does not hold; `quota_exceeded` where there are as many rows as `quota` says.
 */
export async function createNumbered(
  table: Table,
  kind: Kind,
  id: string | undefined,
  build: (number: number) => Item,
  alongside: Alongside = () => [],
  quota?: Quota,
): Promise<Item> {
  const given = givenNumber(id);
  let passedOver = 0;
  for (let attempt = 1; attempt <= attempts; attempt += 1) {
    const counter = await readCounter(table, kind);
    const count = quota === undefined ? undefined : await placeIn(table, kind, counter, quota);
    if (count === 'counted_anew') continue;
    const number = given ?? (await nextFree(table, kind, Math.max(counter.value, passedOver)));
    const row = build(number);
    const next = { value: Math.max(counter.value, number), ...(count === undefined ? {} : { count: count + 1 }) };
    const writes: TransactWrite[] = [
      { put: row, condition: { type: 'absent' } },
      { put: numberItem(kind, number, row.sk), condition: { type: 'absent' } },
      putCounter(kind, counter, next),
    ];
    try {
      await table.transact([...writes, ...alongside(row)]);
      return row;
    } catch (error) {
      if (!(error instanceof ConditionFailed)) throw error;
      if (id !== undefined && (error.index === 0 || (error.index === 1 && given !== undefined))) throw error;
      if (error.index >= writes.length) {
        throw new Failure('conflict', 'what this refers to was changed or deleted just now; try again', {
          cause: error,
        });
      }
      // Someone chose as an id what would have been the text of this number.
      if (error.index === 0) passedOver = number;
    }
  }
  throw new Failure('conflict', `too many ${kind}s are being created at once; try again`);
}

/**
 * Removes a numbered row, and whatever else `writes` do, and counts it no more, in one transaction. Throws ConditionFailed with
 * the place among `writes` of a condition that does not hold, Failure `conflict` if others kept coming first.
 */
export async function removeNumbered(table: Table, kind: Kind, writes: readonly TransactWrite[]): Promise<void> {
  for (let attempt = 1; attempt <= attempts; attempt += 1) {
    const counter = await readCounter(table, kind);
    const { value, count } = counter;
    // The version moves even where nothing is counted yet: whoever is counting the rows now begins again.
    const next = { value, ...(count === undefined ? {} : { count: Math.max(0, count - 1) }) };
    try {
      await table.transact(counter.version === 0 ? writes : [...writes, putCounter(kind, counter, next)]);
      return;
    } catch (error) {
      if (!(error instanceof ConditionFailed) || error.index !== writes.length) throw error;
    }
  }
  throw new Failure('conflict', `too many ${kind}s are being created and deleted at once; try again`);
}

function counterKey(kind: Kind): Key {
  return { pk: 'registry#counter', sk: kind };
}

async function readCounter(table: Table, kind: Kind): Promise<Counter> {
  const stored = await table.get(counterKey(kind));
  return stored === undefined ? { value: 0, version: 0 } : counterItem.parse(stored);
}

function putCounter(kind: Kind, { version }: Counter, next: Omit<Counter, 'version'>): TransactWrite {
  const put = { ...counterKey(kind), v: 1, ...next, version: version + 1 };
  return { put, condition: version === 0 ? { type: 'absent' } : { type: 'version', equals: version } };
}

/**
 * How many rows there are, where there is a place for one more. Before one is refused the rows themselves are counted, once for
 * each state of the counter, for an older version deletes them without counting. Throws Failure `quota_exceeded`.
 */
async function placeIn(table: Table, kind: Kind, counter: Counter, quota: Quota): Promise<number | 'counted_anew'> {
  const count = counter.count ?? (await countRows(table, kind));
  if (count < quota.most) return count;
  if (counter.counted === counter.version) throw quotaExceeded(kind, quota);
  const { value, version } = counter;
  const write = putCounter(kind, counter, { value, count: await countRows(table, kind), counted: version + 1 });
  try {
    await table.transact([write]);
  } catch (error) {
    if (!(error instanceof ConditionFailed)) throw error;
  }
  return 'counted_anew';
}

/** What is there from the start is nobody's. */
async function countRows(table: Table, kind: Kind): Promise<number> {
  let count = 0;
  for await (const row of table.query({ pk: `registry#${kind}` })) if (row.builtin !== true) count += 1;
  return count;
}

/** The item that leads from a number to the id that has it. */
export function numberItem(kind: Kind, number: number, id: string): Item {
  return { pk: `registry#${kind}-number`, sk: String(number).padStart(16, '0'), v: 1, id };
}

/** The id that has a number; undefined if none has it. */
export async function idOfNumber(table: Table, kind: Kind, number: number): Promise<string | undefined> {
  const item = await table.get(numberItem(kind, number, ''));
  return item && z.string().parse(item.id);
}

/** An id made of digits only is its own number, so that both faces show the same one. Beyond 15 digits it is a name like
 *  any other: the counter goes on from the highest number, and must not be sent to the end of the exact integers. */
function givenNumber(id: string | undefined): number | undefined {
  return id !== undefined && /^[1-9][0-9]{0,14}$/.test(id) ? Number(id) : undefined;
}

async function nextFree(table: Table, kind: Kind, last: number): Promise<number> {
  for (let number = last + 1; ; number += 1) {
    if ((await table.get(numberItem(kind, number, ''))) === undefined) return number;
  }
}

/**
 * The version that a new row begins with: its time of creation. Were it 1, a write meant for a deleted row of the same id
 * would find the version it expects on the successor and put the old row in its place.
 */
export function firstVersion(row: { readonly created: string }): number {
  return Date.parse(row.created);
}
