import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import type { Item, Key } from '#core/model/ports/table.ts';
import { inTodaysForm } from '#core/table/stored-form.ts';

/** An item as DynamoDB's API writes it. */
export type Attributes = Record<string, AttributeValue>;

/** Writes an item whose values `checkItem` has let through: JSON values, finite numbers. */
export function toAttributes(values: Readonly<Record<string, unknown>>): Attributes {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, toAttributeValue(value)]));
}

/** The key alone, whatever else the object carries. */
export function toKeyAttributes(key: Key): Attributes {
  return { pk: { S: key.pk }, sk: { S: key.sk } };
}

function toAttributeValue(value: unknown): AttributeValue {
  if (typeof value === 'string') return { S: value };
  if (typeof value === 'number') return { N: String(value) };
  if (typeof value === 'boolean') return { BOOL: value };
  if (value === null) return { NULL: true };
  if (Array.isArray(value)) return { L: value.map(toAttributeValue) };
  if (typeof value === 'object') return { M: toAttributes({ ...value }) };
  throw new Error(`a table cannot store a value of type ${typeof value}`);
}

/** Reads an item, from the API or from a stream record's image; throws on types that Stocktake never writes, and Failure
 *  `other_form` on an item that another version wrote. */
export function toItem(attributes: Readonly<Attributes>): Item {
  const { pk, sk, ...others } = fromAttributes(attributes);
  if (typeof pk !== 'string' || typeof sk !== 'string') throw new Error('an item without text keys pk and sk');
  return inTodaysForm({ pk, sk, ...others });
}

function fromAttributes(attributes: Readonly<Attributes>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(attributes).map(([name, value]) => [name, fromAttributeValue(value)]));
}

function fromAttributeValue(value: AttributeValue): unknown {
  if (value.S !== undefined) return value.S;
  if (value.N !== undefined) return Number(value.N);
  if (value.BOOL !== undefined) return value.BOOL;
  if (value.NULL !== undefined) return null;
  if (value.L !== undefined) return value.L.map(fromAttributeValue);
  if (value.M !== undefined) return fromAttributes(value.M);
  throw new Error(`an attribute of a type that Stocktake does not write: ${Object.keys(value).join()}`);
}
