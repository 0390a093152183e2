import { openSqliteTable } from '#adapters/sqlite/sqlite-table.ts';
import { firstKey, type RangeRow, rangeItem } from '#core/catalogue/range-map.ts';
import { readRecord, recordOf, recordPartition, recordPartitionPrefix, tombstoneOf } from '#core/catalogue/record.ts';
import { compareKeys } from '#core/keys/byte-order.ts';
import type { Item, Query, Table } from '#core/model/ports/table.ts';
import type { DatasourceRow } from '#core/registry/datasource.ts';
import { insertDatasource } from '#core/registry/datasource-store.ts';
import { targetOf } from '#core/registry/effective-config.ts';
import { somebody } from '#support/somebody.ts';

export const lastModified = '2026-03-01T12:00:00.000Z';
export const writtenAt = '2026-03-02T00:00:00.000Z';

export type Seed = {
  readonly id: string;
  readonly keys: readonly string[];
  /** Keys that stand as tombstones only. */
  readonly gone?: readonly string[];
  /** Where the key space is cut into ranges. */
  readonly cuts?: readonly string[];
  readonly sizeOf?: (key: string) => number;
  readonly row?: Partial<DatasourceRow>;
};

/** A table in memory that holds these datasources with their records, and counts what is read of it. */
export async function seedCatalogue(...seeds: readonly Seed[]) {
  const sqlite = openSqliteTable(':memory:');
  for (const seed of seeds) await seedDatasource(sqlite, seed);
  const reads = { items: 0, queries: 0, mostAsked: 0 };
  async function* counted(query: Query): AsyncIterable<Item> {
    reads.queries += 1;
    if (query.pk.startsWith(recordPartitionPrefix)) {
      reads.mostAsked = Math.max(reads.mostAsked, query.limit ?? Number.POSITIVE_INFINITY);
    }
    for await (const item of sqlite.query(query)) {
      reads.items += 1;
      yield item;
    }
  }
  const table: Table = { ...sqlite, query: counted };
  return { table, reads, close: sqlite.close };
}

/** The connector config that a seeded datasource has unless its row says otherwise. */
export const seededConfig = {
  bucket: 'papers',
  endpoint: 's3.example.com',
  access_key_id: 'AKEXAMPLE',
};

async function seedDatasource(table: Table, seed: Seed): Promise<void> {
  const uid = `uid-${seed.id}`;
  await insertDatasource({ ...somebody, table }, seed.id, {
    v: 1,
    uid,
    owner: `owner-${seed.id}`,
    target: targetOf(seededConfig),
    config_version: 1,
    type: 'connector',
    name: `Name of ${seed.id}`,
    connector: { id: 's3', config: seededConfig },
    secrets: { secret_access_key: 'sealed' },
    sync: { enabled: true, strategy: 'manual', changed_by: 'api', anchor: 0 },
    enabled: true,
    created: writtenAt,
    updated: writtenAt,
    ...seed.row,
  });
  const sizeOf = seed.sizeOf ?? ((key: string) => key.length);
  for (const range of rangesOf(seed.cuts ?? [])) {
    const inRange = (key: string) =>
      compareKeys(key, range.lo) > 0 && (range.hi === undefined || compareKeys(key, range.hi) <= 0);
    const live = seed.keys.filter(inRange);
    const pk = recordPartition(uid, range.id);
    const stamp = { run: 'run-1', seq: 1, at: writtenAt, quiet: false };
    const item = (key: string) => {
      const object = { key, size: sizeOf(key), etag: `etag-${key.length}`, lastModified, storageClass: 'STANDARD' };
      return recordOf(pk, object, stamp, true);
    };
    const gone = (seed.gone ?? []).filter(inRange).map((key) => tombstoneOf(readRecord(item(key)), stamp, 'deleted'));
    await table.batchWrite([...live.map(item), ...gone].map((put) => ({ put })));
    const bytes = live.reduce((sum, key) => sum + sizeOf(key), 0);
    await table.put(rangeItem(uid, { ...range, objects: live.length, bytes }));
  }
}

function rangesOf(cuts: readonly string[]): RangeRow[] {
  const bounds = [...new Set(cuts)].sort(compareKeys);
  return [firstKey, ...bounds].map((lo, i) => ({
    v: 1,
    version: 1,
    id: `r${i}`,
    lo,
    hi: bounds[i],
    objects: 0,
    bytes: 0,
    edits: 0,
  }));
}
