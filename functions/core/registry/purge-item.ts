import * as z from 'zod';
import type { Item, Table } from '../model/ports/table.ts';
import { fromItem, toItem } from '../table/stored-item.ts';

/** What marks the data of a uid, or what is kept under the owner of a connector, for purging; it stays until the purge is done, so a lost message loses nothing. */
export const purgePartition = 'purge';

/** `again_at` (epoch ms): everything was removed once, and is to be removed once more then. */
const purgeMark = z.object({ v: z.literal(1), datasource: z.string(), again_at: z.number().int().optional() });
export type PurgeMark = z.output<typeof purgeMark>;

export function purgeItem(uid: string, datasource: string, againAt?: number): Item {
  return toItem({ pk: purgePartition, sk: uid }, { v: 1, datasource, again_at: againAt });
}

export async function readPurgeMark(table: Table, uid: string): Promise<PurgeMark | undefined> {
  const item = await table.get({ pk: purgePartition, sk: uid });
  return item && fromItem(purgeMark, item);
}
