import { readRanges } from '#core/catalogue/range-map.ts';
import { walkRecords } from '#core/catalogue/walk-records.ts';
import type { ListedObject } from '#core/model/ports/listing.ts';
import type { Table } from '#core/model/ports/table.ts';
import type { BucketModel } from './bucket-model.ts';

/** What must be equal of an object and its record, by key. */
export type Facts = ReadonlyMap<string, string>;

/** The scope of a datasource, in the few forms that the models use. */
export type ModelScope = { readonly prefix?: string; readonly extensions?: readonly string[] };

/** What the catalogue must hold at a quiet moment: the objects of the bucket that match. */
export function expectedFacts(bucket: BucketModel, scope: ModelScope = {}): Facts {
  return factsOf(bucket.objects().filter((object) => isInScope(object.key, scope)));
}

/** What the catalogue holds: the live records, as every reader of it walks over them. */
export async function catalogueFacts(table: Table, uid: string): Promise<Facts> {
  const facts = new Map<string, string>();
  const ranges = await readRanges(table, uid);
  const meter = { items: 0, records: 0, jumps: 0 };
  for await (const { record } of walkRecords({ table, uid, ranges, span: {}, direction: 'ascending', meter })) {
    if (record === undefined) continue;
    if (facts.has(record.sk)) throw new Error(`two live records of ${JSON.stringify(record.sk)}`);
    facts.set(record.sk, textOf(record.etag, record.size, record.last_modified, record.storage_class));
  }
  return facts;
}

/** Up to five differences in words; none where both are equal. */
export function differences(actual: Facts, expected: Facts): string[] {
  const found: string[] = [];
  for (const [key, facts] of expected) {
    const stored = actual.get(key);
    if (stored === undefined) found.push(`${JSON.stringify(key)} is missing from the catalogue`);
    else if (stored !== facts)
      found.push(`${JSON.stringify(key)} is ${stored} in the catalogue, ${facts} in the bucket`);
    if (found.length === 5) return found;
  }
  for (const key of actual.keys()) {
    if (!expected.has(key)) found.push(`${JSON.stringify(key)} is in the catalogue and should not be`);
    if (found.length === 5) return found;
  }
  return found;
}

export function factsOf(objects: readonly ListedObject[]): Facts {
  return new Map(
    objects.map((object) => [object.key, textOf(object.etag, object.size, object.lastModified, object.storageClass)]),
  );
}

export function isInScope(key: string, { prefix = '', extensions = [] }: ModelScope): boolean {
  if (!key.startsWith(prefix)) return false;
  return extensions.length === 0 || extensions.some((extension) => key.toLowerCase().endsWith(`.${extension}`));
}

function textOf(...fields: (string | number)[]): string {
  return fields.join(' ');
}
