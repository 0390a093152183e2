import * as z from 'zod';
import type { Item, Table } from '../model/ports/table.ts';
import { fromItem } from '../table/stored-item.ts';
import type { Leaf } from './leaf.ts';

/** Neighbouring leaves in one item. They cover the keys after `from`, up to and with the `to` of the last. */
export type LeafPack = { readonly from: string; readonly leaves: readonly Leaf[] };

/** Each leaf is [to, objects, bytes, sum as 32 hex digits]. */
const packRow = z.object({
  v: z.literal(1),
  fence: z.number().int(),
  leaves: z.array(z.tuple([z.string(), z.number().int(), z.number(), z.string()])),
});

/** Where the leaves of one range stand, by what they begin after. */
export function leafPartition(uid: string, range: string): string {
  return `leaf#${uid}#${range}`;
}

export function packItem(pk: string, pack: LeafPack, fence: number): Item {
  const leaves = pack.leaves.map(({ to, objects, bytes, sum }) => [to, objects, bytes, sum.toString(16)]);
  return { pk, sk: pack.from, v: 1, fence, leaves };
}

function readPack(item: Item): LeafPack {
  const { leaves } = fromItem(packRow, item);
  return {
    from: item.sk,
    leaves: leaves.map(([to, objects, bytes, sum]) => ({ to, objects, bytes, sum: BigInt(`0x${sum}`) })),
  };
}

/** The packs of a range in key order, beginning with the one that a key after `position` would be in. Those of a part
 *  that was moved away, and not yet cleared, stand beyond `hi`. */
export async function* readPacks(
  table: Table,
  pk: string,
  { lo, hi }: { readonly lo: string; readonly hi?: string },
  position: string,
): AsyncIterable<LeafPack> {
  const pack = position === lo ? undefined : await packAt(table, pk, position);
  if (pack !== undefined) yield pack;
  const rest = pack === undefined ? {} : { after: position };
  for await (const item of table.query({ pk, ...rest, before: hi })) yield readPack(item);
}

/** All packs of a range in key order. */
export async function* listPacks(table: Table, pk: string): AsyncIterable<LeafPack> {
  for await (const item of table.query({ pk })) yield readPack(item);
}

/** The pack that begins at or before a position. */
async function packAt(table: Table, pk: string, position: string): Promise<LeafPack | undefined> {
  for await (const item of table.query({ pk, through: position, direction: 'descending', limit: 1 })) {
    return readPack(item);
  }
  return undefined;
}

/** The pack that begins before a key: the only one that the key can be in. */
export async function packBefore(table: Table, pk: string, key: string): Promise<LeafPack | undefined> {
  for await (const item of table.query({ pk, before: key, direction: 'descending', limit: 1 })) return readPack(item);
  return undefined;
}
