import type * as z from 'zod';
import type { Item, Key } from '../model/ports/table.ts';

/** Lays a row at its place. Optional fields that are undefined are left out: the Table port takes JSON values only. */
export function toItem({ pk, sk }: Key, row: object): Item {
  const fields = Object.entries(row).filter(([, value]) => value !== undefined);
  return { ...JSON.parse(JSON.stringify(Object.fromEntries(fields))), pk, sk };
}

/** Reads a row back. Throws (a defect, not a user's error) if what is stored is not of the expected shape. */
export function fromItem<Schema extends z.ZodType>(schema: Schema, item: Item): z.output<Schema> {
  return schema.parse(item);
}
