import { utf8Length } from '../keys/byte-order.ts';
import type { Item, Key, Query, TransactWrite } from '../model/ports/table.ts';

/**
 * The limits of the Table port. They are DynamoDB's
 * (https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html), kept by every adapter, so that
 * what works on one machine works in AWS. Breaking one is a defect of the caller: plain Errors, which name no values.
 */
export const TABLE_LIMITS = {
  partitionKeyBytes: 2048,
  sortKeyBytes: 1024,
  itemBytes: 400 * 1024,
  attributeNameBytes: 65_535,
  nestingDepth: 32,
  transactionWrites: 100,
  transactionBytes: 4 * 1024 * 1024,
} as const;

/** Numbers that DynamoDB can hold: 38 digits are more than a double has, but its range is narrower. */
const LARGEST_NUMBER = 9.99e125;
const SMALLEST_NUMBER = 1e-130;

/** Throws unless both parts have an allowed length and no lone surrogates. */
export function checkKey(key: Key): void {
  checkKeyPart('pk', key.pk, TABLE_LIMITS.partitionKeyBytes);
  checkKeyPart('sk', key.sk, TABLE_LIMITS.sortKeyBytes);
}

function checkKeyPart(name: 'pk' | 'sk', text: string, limit: number): void {
  if (typeof text !== 'string' || text === '') throw new Error(`${name} must be a text of 1 to ${limit} bytes`);
  // A UTF-16 unit takes at most three bytes, so short keys need no counting.
  if (text.length * 3 > limit && utf8Length(text) > limit) {
    throw new Error(`${name} takes ${utf8Length(text)} bytes in UTF-8; at most ${limit} are allowed`);
  }
  if (!text.isWellFormed()) throw new Error(`${name} has a lone surrogate, which UTF-8 cannot hold`);
}

/** Throws unless the item can be stored; returns its size in bytes, never less than DynamoDB would count. */
export function checkItem(item: Item): number {
  checkKey(item);
  let bytes = 0;
  for (const name of Object.keys(item)) {
    bytes += attributeNameBytes(name, name) + valueBytes(item[name], name, 1);
  }
  if (bytes > TABLE_LIMITS.itemBytes) {
    throw new Error(`the item takes ${bytes} bytes; at most ${TABLE_LIMITS.itemBytes} are allowed`);
  }
  return bytes;
}

function attributeNameBytes(name: string, attribute: string): number {
  // The AWS SDK reads a map with this name back as one with another prototype.
  if (name === '__proto__') throw refused(attribute, 'something named __proto__');
  const bytes = utf8Length(name);
  if (bytes === 0 || bytes > TABLE_LIMITS.attributeNameBytes || !name.isWellFormed()) {
    throw new Error(`attribute ${JSON.stringify(attribute)} has a name that is empty, too long or not well formed`);
  }
  return bytes;
}

function valueBytes(value: unknown, attribute: string, depth: number): number {
  if (typeof value === 'string') {
    if (!value.isWellFormed()) throw refused(attribute, 'a lone surrogate');
    return utf8Length(value);
  }
  if (typeof value === 'number') return numberBytes(value, attribute);
  if (value === null || typeof value === 'boolean') return 1;
  if (typeof value !== 'object') throw refused(attribute, `a value of type ${typeof value}`);
  if (depth >= TABLE_LIMITS.nestingDepth) throw refused(attribute, 'too many levels');
  return Array.isArray(value) ? listBytes(value, attribute, depth) : mapBytes(value, attribute, depth);
}

function numberBytes(value: number, attribute: string): number {
  const magnitude = Math.abs(value);
  const held = value === 0 || (magnitude <= LARGEST_NUMBER && magnitude >= SMALLEST_NUMBER);
  if (!held) throw refused(attribute, `the number ${value}`);
  return Math.ceil(String(value).length / 2) + 2;
}

/** Lists and maps cost three bytes, and one more for each element. */
function listBytes(list: readonly unknown[], attribute: string, depth: number): number {
  let bytes = 3 + list.length;
  for (const element of list) bytes += valueBytes(element, attribute, depth + 1);
  return bytes;
}

function mapBytes(map: object, attribute: string, depth: number): number {
  const prototype = Object.getPrototypeOf(map);
  if (prototype !== Object.prototype && prototype !== null) throw refused(attribute, 'an object that is not plain');
  let bytes = 3;
  for (const [name, value] of Object.entries(map)) {
    bytes += 1 + attributeNameBytes(name, attribute) + valueBytes(value, attribute, depth + 1);
  }
  return bytes;
}

function refused(attribute: string, what: string): Error {
  return new Error(`attribute ${JSON.stringify(attribute)} holds ${what}, which a table cannot store`);
}

/** Throws unless these writes may go into one transaction: at most 100, 4 MB, and no key twice. */
export function checkTransaction(writes: readonly TransactWrite[]): void {
  if (writes.length > TABLE_LIMITS.transactionWrites) {
    throw new Error(`a transaction has at most ${TABLE_LIMITS.transactionWrites} writes, not ${writes.length}`);
  }
  const seen = new Set<string>();
  let bytes = 0;
  for (const write of writes) {
    const key = keyOfWrite(write);
    if ('put' in write) bytes += checkItem(write.put);
    else checkKey(key);
    seen.add(keyIdentity(key));
  }
  if (seen.size < writes.length) throw new Error('a transaction names a key twice');
  if (bytes > TABLE_LIMITS.transactionBytes) {
    throw new Error(`the transaction takes ${bytes} bytes; at most ${TABLE_LIMITS.transactionBytes} are allowed`);
  }
}

/** Throws unless the query has at most one bound on each side, bounds a sort key could have, and a whole limit. */
export function checkQuery(query: Query): void {
  checkKeyPart('pk', query.pk, TABLE_LIMITS.partitionKeyBytes);
  if (query.from !== undefined && query.after !== undefined) throw new Error('give from or after, not both');
  if (query.through !== undefined && query.before !== undefined) throw new Error('give through or before, not both');
  for (const bound of [query.from, query.after, query.through, query.before]) {
    if (bound) checkKeyPart('sk', bound, TABLE_LIMITS.sortKeyBytes);
  }
  if (query.limit !== undefined && !(Number.isSafeInteger(query.limit) && query.limit >= 0)) {
    throw new Error('limit must be a whole number, zero or more');
  }
}

/** One text for one key, unambiguous whatever characters the key has: for maps and sets. */
export function keyIdentity(key: Key): string {
  return `${key.pk.length}:${key.pk}${key.sk}`;
}

/** The key that a write is about. */
export function keyOfWrite(write: TransactWrite): Key {
  if ('put' in write) return write.put;
  return 'delete' in write ? write.delete : write.check;
}
