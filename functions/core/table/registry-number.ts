import * as z from 'zod';
import { ConditionFailed, Failure } from '../model/errors.ts';
import type { Item, Table, TransactWrite } from '../model/ports/table.ts';

type Kind = 'connector' | 'datasource' | 'webhook';

/** Further writes of the transaction that creates a row: conditions that it depends on, items that lead to it. */
export type Alongside = (row: Item) => readonly TransactWrite[];

const counterItem = z.object({ value: z.number().int(), version: z.number().int() });

/** Of creates at once that want the same number one wins each time and the others ask again: so many at once are served. */
const attempts = 100;

/**
 * Creates a registry row together with its number, the integer id it has under /v1. Numbers grow by one and are never
 * given twice; an id that is itself a number keeps that number. Calls `build` with the number to use and stores what it
 * returns, absent before, in one transaction with what `alongside` makes of the row. Throws ConditionFailed when a row with
 * that id is there already, or its number is another row's; Failure `conflict` if others kept coming first, or if a
 * condition of `alongside` does not hold.
 */
export async function createNumbered(
  table: Table,
  kind: Kind,
  id: string | undefined,
  build: (number: number) => Item,
  alongside: Alongside = () => [],
): Promise<Item> {
  const counterKey = { pk: 'registry#counter', sk: kind };
  const given = givenNumber(id);
  let passedOver = 0;
  for (let attempt = 1; attempt <= attempts; attempt += 1) {
    const stored = await table.get(counterKey);
    const counter = stored ? counterItem.parse(stored) : { value: 0, version: 0 };
    const number = given ?? (await nextFree(table, kind, Math.max(counter.value, passedOver)));
    const row = build(number);
    const next = { ...counterKey, v: 1, value: Math.max(counter.value, number), version: counter.version + 1 };
    const writes: TransactWrite[] = [
      { put: row, condition: { type: 'absent' } },
      { put: numberItem(kind, number, row.sk), condition: { type: 'absent' } },
      {
        put: next,
        condition: stored ? { type: 'version', equals: counter.version } : { type: 'absent' },
      },
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
