import type { Item, PlainWrite, Table } from '../model/ports/table.ts';
import type { WriteBatch } from '../table/write-all.ts';

/** No more keys of a datasource are remembered: with more, a run fails, for its listing is not to be relied on. */
export const mostContradicted = 1000;

/** A key that no run contradicts any more is forgotten after this time, and noted anew in the last half of it. */
const keepSeconds = 60 * 86_400;

/** Where the keys of a datasource stand that its server has and its listing lacks. */
export function contradictedPartition(uid: string): string {
  return `contradicted#${uid}`;
}

/** The keys that earlier runs found contradicted, in key order. */
export async function listContradicted(table: Table, uid: string): Promise<string[]> {
  return (await readItems(table, uid)).map(({ sk }) => sk);
}

/**
 * Makes these keys, the first thousand of them, all that is remembered. `now` in epoch milliseconds. Not under a fence:
 * whatever stands there only has a run ask for a key that it would ask for anyway, or sample.
 */
export async function rememberContradicted(
  { table, write }: { readonly table: Table; readonly write: WriteBatch },
  uid: string,
  keys: Iterable<string>,
  now: number,
): Promise<void> {
  const pk = contradictedPartition(uid);
  const left = new Set([...keys].slice(0, mostContradicted));
  const seconds = Math.floor(now / 1000);
  const writes: PlainWrite[] = [];
  for (const { sk, ttl } of await readItems(table, uid)) {
    if (!left.has(sk)) writes.push({ delete: { pk, sk } });
    else if (Number(ttl) - seconds > keepSeconds / 2) left.delete(sk);
  }
  for (const sk of left) writes.push({ put: { pk, sk, v: 1, ttl: seconds + keepSeconds } });
  if (writes.length > 0) await write(writes);
}

async function readItems(table: Table, uid: string): Promise<Item[]> {
  const items: Item[] = [];
  for await (const item of table.query({ pk: contradictedPartition(uid) })) items.push(item);
  return items;
}
