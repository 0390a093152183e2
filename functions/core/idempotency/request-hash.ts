import { createHmac } from 'node:crypto';
import * as z from 'zod';
import { canonicalJson } from '../model/canonical-json.ts';
import { ConditionFailed } from '../model/errors.ts';
import type { Ids } from '../model/ports/host.ts';
import type { Key, Table } from '../model/ports/table.ts';

/** Hashes JSON values under the key of this installation, as 64 hex digits. The order of an object's fields is nothing. */
export type RequestHash = (value: unknown) => string;

const place: Key = { pk: 'idempotency', sk: 'hash-key' };

const keyItem = z.object({ key: z.string() });

/**
 * Opens the hash that requests are compared by. Bodies of creates hold secrets, and a plain hash of one could be looked
 * up or compared between installations. The api function can seal secrets but never open one, so its key cannot be a
 * sealed one: it is made at random once and stands in the table, which nobody reads but our functions.
 */
export async function openRequestHash(deps: { readonly table: Table; readonly ids: Ids }): Promise<RequestHash> {
  const key = (await readKey(deps.table)) ?? (await makeKey(deps));
  return (value) => createHmac('sha256', key).update(canonicalJson(value)).digest('hex');
}

async function readKey(table: Table): Promise<string | undefined> {
  const item = await table.get(place);
  return item && keyItem.parse(item).key;
}

async function makeKey({ table, ids }: { readonly table: Table; readonly ids: Ids }): Promise<string> {
  const key = ids.unique() + ids.unique();
  try {
    await table.put({ ...place, v: 1, key }, { type: 'absent' });
    return key;
  } catch (error) {
    const others = error instanceof ConditionFailed ? await readKey(table) : undefined;
    if (others === undefined) throw error;
    return others;
  }
}
