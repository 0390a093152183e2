import * as z from 'zod';
import { objectDetails } from '../catalogue/object-details.ts';
import { utf8Length } from '../keys/byte-order.ts';
import type { Item, Key, Table } from '../model/ports/table.ts';
import { fromItem, toItem } from '../table/stored-item.ts';
import { TABLE_LIMITS } from '../table/table-limits.ts';

/**
 * The record of an object that a job was asked for and no datasource catalogues, at rest under its connector; `sk` is
 * the bare object key. It stands in a partition of its own, which no sync, purge or count of a datasource knows, and
 * says itself which bucket it is of (`target` is that bucket's hash): the connector may have another one since.
 */
const keptRow = z.object({
  sk: z.string(),
  v: z.literal(1),
  version: z.number().int(),
  target: z.string(),
  bucket: z.string(),
  size: z.number(),
  etag: z.string(),
  last_modified: z.string(),
  storage_class: z.string(),
  details: objectDetails,
  processing_count: z.number().int(),
});
export type KeptRow = z.output<typeof keptRow>;

/** Where the documents of a connector stand, by its owner: whoever is given its id later has others. */
export function keptPartition(owner: string): string {
  return `kept#${owner}`;
}

export async function readKept(table: Table, owner: string, key: string): Promise<KeptRow | undefined> {
  const item = await table.get({ pk: keptPartition(owner), sk: key });
  return item && fromItem(keptRow, item);
}

export function keptItem(owner: string, row: KeptRow): Item {
  return toItem({ pk: keptPartition(owner), sk: row.sk }, row);
}

/** All of a connector in key order, or those behind a key. */
export async function* walkKept(table: Table, owner: string, after?: string): AsyncIterable<KeptRow> {
  for await (const item of table.query({ pk: keptPartition(owner), after })) yield fromItem(keptRow, item);
}

const keepersPartition = 'kept-by';

const keeperRow = z.object({ sk: z.string(), connector: z.string() });

/** Says that a connector may have such documents, so that not each has to be asked. */
export function keeperItem(owner: string, connector: string): Item {
  return { ...keeperKey(owner), v: 1, connector };
}

export function keeperKey(owner: string): Key {
  return { pk: keepersPartition, sk: owner };
}

/** Those connectors: their owners and ids. */
export async function readKeepers(table: Table): Promise<{ readonly owner: string; readonly connector: string }[]> {
  const keepers: { owner: string; connector: string }[] = [];
  for await (const item of table.query({ pk: keepersPartition })) {
    const { sk: owner, connector } = keeperRow.parse(item);
    keepers.push({ owner, connector });
  }
  return keepers;
}

/** The public id of such a document: `_<connector number>.<base64url of the key>`. No datasource's id begins so. */
export function keptDocumentId(connector: number, key: string): string {
  return `_${connector}.${Buffer.from(key, 'utf8').toString('base64url')}`;
}

/** What such an id says; undefined for a text that keptDocumentId never makes. */
export function parseKeptDocumentId(id: string): { readonly connector: number; readonly key: string } | undefined {
  const [, number = '', encoded = ''] = /^_(\d{1,16})\.([A-Za-z0-9_-]+)$/.exec(id) ?? [];
  const connector = Number(number);
  const key = Buffer.from(encoded, 'base64url').toString('utf8');
  if (key === '' || utf8Length(key) > TABLE_LIMITS.sortKeyBytes) return undefined;
  return keptDocumentId(connector, key) === id ? { connector, key } : undefined;
}
