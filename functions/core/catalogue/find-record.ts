import { Failure } from '../model/errors.ts';
import type { Table } from '../model/ports/table.ts';
import { rangeOf } from './range-map.ts';
import { type RecordRow, readRecord, recordPartition } from './record.ts';

/** The live record of a key (1–1,024 bytes): one query of the map and one get. */
export async function findRecord(table: Table, uid: string, key: string): Promise<RecordRow | undefined> {
  const range = await rangeOf(table, uid, key);
  if (range === undefined) return undefined;
  const item = await table.get({ pk: recordPartition(uid, range.id), sk: key });
  const record = item && readRecord(item);
  return record?.gone === undefined ? record : undefined;
}

/** The Failure for a document id that names nothing. */
export function noDocument(id: string): Failure {
  return new Failure('not_found', `there is no document ${id.slice(0, 200)}`);
}
