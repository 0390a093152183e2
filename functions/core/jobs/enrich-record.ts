import type { ObjectDetails } from '../catalogue/object-details.ts';
import { rangeOf } from '../catalogue/range-map.ts';
import { type RecordRow, readRecord, recordPartition } from '../catalogue/record.ts';
import { asItWas } from '../catalogue/record-condition.ts';
import { ConditionFailed } from '../model/errors.ts';
import type { Item, Table } from '../model/ports/table.ts';
import { toItem } from '../table/stored-item.ts';
import type { RecordOutcome } from './job.ts';

/**
 * Puts details on the record of a key, if there is one and it tells of the version `etag` (any, if undefined). Never
 * makes a record, and never overwrites what a sync or a deletion wrote meanwhile: the write demands the very record
 * that was read. It is quiet, for the object did not change: the feed tells nobody. Counts how often this was done.
 */
export async function enrichRecord(
  table: Table,
  uid: string,
  key: string,
  etag: string | undefined,
  details: ObjectDetails,
): Promise<RecordOutcome> {
  for (;;) {
    const found = await readStanding(table, uid, key);
    if (found === undefined) return 'not_catalogued';
    const { item, record } = found;
    if (etag !== undefined && record.etag !== etag) return 'changed_meanwhile';
    try {
      const processing_count = (record.processing_count ?? 0) + 1;
      await table.put(toItem(item, { ...item, details, processing_count, quiet: true }), asItWas(record));
      return 'updated';
    } catch (error) {
      // Somebody wrote it in between: looked at again, it may still be of the same version.
      if (!(error instanceof ConditionFailed)) throw error;
    }
  }
}

async function readStanding(table: Table, uid: string, key: string): Promise<Standing | undefined> {
  const range = await rangeOf(table, uid, key);
  const item = range && (await table.get({ pk: recordPartition(uid, range.id), sk: key }));
  if (item === undefined || item.gone !== undefined) return undefined;
  return { item, record: readRecord(item) };
}

type Standing = { readonly item: Item; readonly record: RecordRow };
