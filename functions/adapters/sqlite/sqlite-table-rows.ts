import type { Condition, Item, Key } from '#core/model/ports/table.ts';
import { inTodaysForm } from '#core/table/stored-form.ts';
import type { SqliteFile } from './sqlite-table-file.ts';

const READ = 'SELECT body FROM items WHERE pk = ? AND sk = ?';
const PUT = `INSERT INTO items (pk, sk, body, ttl) VALUES (?, ?, ?, ?)
  ON CONFLICT (pk, sk) DO UPDATE SET body = excluded.body, ttl = excluded.ttl`;
const DELETE = 'DELETE FROM items WHERE pk = ? AND sk = ?';
const EXPIRED = 'SELECT pk, sk, body FROM items WHERE ttl < ? ORDER BY ttl LIMIT ?';

/** A row as SQLite returns it: the item is `toItem(pk, sk, body)`. */
export type Row = { readonly pk: string; readonly sk: string; readonly body: string };

/**
 * The text an item is stored as: its attributes as JSON, without the key, which has its own columns.
 * Keys with U+0000 are written into it all the same: Node 24.0 reads such a column only up to that character.
 */
export function toBody(item: Item): string {
  const { pk, sk, ...attributes } = item;
  return JSON.stringify(pk.includes('\0') || sk.includes('\0') ? { pk, sk, ...attributes } : attributes);
}

/** The item of a row. Throws Failure `other_form` if another version wrote it. */
export function toItem(pk: string, sk: string, body: string): Item {
  const attributes: Record<string, unknown> = JSON.parse(body);
  return inTodaysForm({ pk, sk, ...attributes });
}

/** The stored body at a key. */
export function readBody(file: SqliteFile, key: Key): string | undefined {
  const row = file.statement(READ).get(key.pk, key.sk);
  return typeof row?.body === 'string' ? row.body : undefined;
}

export function putRow(file: SqliteFile, item: Item, body: string): void {
  const ttl = item.ttl;
  file.statement(PUT).run(item.pk, item.sk, body, typeof ttl === 'number' ? ttl : null);
}

export function deleteRow(file: SqliteFile, key: Key): void {
  file.statement(DELETE).run(key.pk, key.sk);
}

/** Items whose `ttl` is before the given epoch second, the longest expired first. */
export function expiredItems(file: SqliteFile, nowSeconds: number, limit: number): Item[] {
  return (file.statement(EXPIRED).all(nowSeconds, limit) as Row[]).map((row) => toItem(row.pk, row.sk, row.body));
}

/** Whether the condition holds for the stored body, `undefined` standing for no item. */
export function holds(condition: Condition, body: string | undefined): boolean {
  if (condition.type === 'absent') return body === undefined;
  if (body === undefined) return condition.type === 'fence';
  const attributes: Record<string, unknown> = JSON.parse(body);
  if (condition.type === 'version') return attributes.version === condition.equals;
  if (condition.type === 'matches') return matches(condition, attributes);
  if (!('fence' in attributes)) return true;
  return typeof attributes.fence === 'number' && attributes.fence <= condition.atMost;
}

function matches(condition: Extract<Condition, { type: 'matches' }>, attributes: Record<string, unknown>): boolean {
  const { equals, lacks = [] } = condition;
  const equal = Object.entries(equals).every(
    ([name, value]) => Object.hasOwn(attributes, name) && attributes[name] === value,
  );
  return equal && lacks.every((name) => !Object.hasOwn(attributes, name));
}
