import { type RangeRow, rangeOf } from '../catalogue/range-map.ts';
import { describesSame, type RecordRow, readRecord, recordPartition } from '../catalogue/record.ts';
import { compareKeys } from '../keys/byte-order.ts';
import { compileFilter } from '../keys/key-filter.ts';
import type { Bucket } from '../model/ports/bucket.ts';
import type { ListedObject } from '../model/ports/listing.ts';
import type { Key, Table } from '../model/ports/table.ts';
import type { EffectiveConfig } from '../registry/effective-config.ts';
import { type OpenDeps, openBucket } from '../registry/open-bucket.ts';
import { readScope } from '../registry/read-scope.ts';
import { isForeign } from '../source/foreign-server.ts';
import { askPage, type ProvenStep } from '../source/page-proof.ts';

/** So many keys of each kind are named. */
const shownKeys = 20;

/** The limit of S3's listing. */
const largestPage = 1000;

/**
 * Looks at the first `keys` objects of a datasource's scope and says what a sync would do with them; writes nothing.
 * What is missing from the bucket cannot be told from its first pages: a dry run does that. Throws Failure.
 */
export async function previewDatasource(
  deps: OpenDeps & { readonly table: Table },
  id: string,
  keys: number,
): Promise<Record<string, unknown>> {
  const { row, config } = await readScope(deps.table, id);
  const bucket = await openBucket(deps, config);
  try {
    const { objects, complete } = await listFirst(bucket, config, keys);
    const matches = compileFilter(config);
    const matched = objects.filter((object) => matches(object.key));
    const stored = await storedRecords(deps.table, row.uid, matched);
    const added = matched.filter((object) => !stored.has(object.key));
    const modified = matched.filter((object) => {
      const record = stored.get(object.key);
      return record !== undefined && !describesSame(record, object);
    });
    return {
      complete,
      listed: objects.length,
      matched: matched.length,
      would_add: added.length,
      would_modify: modified.length,
      unchanged: matched.length - added.length - modified.length,
      bytes: matched.reduce((sum, object) => sum + object.size, 0),
      sample: {
        matched: matched.slice(0, shownKeys).map((object) => object.key),
        filtered_out: objects
          .filter((object) => !matches(object.key))
          .slice(0, shownKeys)
          .map((object) => object.key),
      },
    };
  } finally {
    bucket.close();
  }
}

async function listFirst(
  bucket: Bucket,
  { bucket: name, prefix, endpoint }: EffectiveConfig,
  keys: number,
): Promise<{ objects: ListedObject[]; complete: boolean }> {
  const objects: ListedObject[] = [];
  const foreign = isForeign(endpoint);
  let previous: ProvenStep | undefined;
  do {
    const maxKeys = Math.min(largestPage, keys - objects.length);
    const proven = await askPage(bucket, { bucket: name, prefix, maxKeys, foreign, previous });
    objects.push(...proven.objects);
    previous = proven.next;
  } while (previous !== undefined && objects.length < keys);
  return { objects, complete: previous === undefined };
}

async function storedRecords(
  table: Table,
  uid: string,
  objects: readonly ListedObject[],
): Promise<Map<string, RecordRow>> {
  const keys: Key[] = [];
  let range: RangeRow | undefined;
  for (const { key } of objects) {
    const inside = range !== undefined && (range.hi === undefined || compareKeys(key, range.hi) <= 0);
    if (!inside) range = await rangeOf(table, uid, key);
    if (range === undefined) return new Map();
    keys.push({ pk: recordPartition(uid, range.id), sk: key });
  }
  const items = await table.batchGet(keys);
  const live = items.map(readRecord).filter((record) => record.gone === undefined);
  return new Map(live.map((record) => [record.sk, record]));
}
