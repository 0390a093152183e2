import { parseDocumentId } from '../catalogue/document-id.ts';
import { noDocument } from '../catalogue/find-record.ts';
import { rangeItem, rangeOf } from '../catalogue/range-map.ts';
import { readRecord, recordPartition, tombstoneOf } from '../catalogue/record.ts';
import { ConditionFailed } from '../model/errors.ts';
import type { Clock } from '../model/ports/host.ts';
import type { Table } from '../model/ports/table.ts';
import { readDatasource } from '../registry/datasource-store.ts';

/**
 * Takes a document out of the catalogue and tells so downstream (`removed_by_request`); the object in the bucket is not
 * touched. While it exists and is in scope, the next sync adds the document again. Throws Failure `not_found`.
 *
 * Record and counts change in one transaction, conditional on the range's version: of two deletes at once one finds
 * the tombstone of the other when it tries again. Against a running sync the last writer wins, for sync puts records
 * without conditions: the object was there a moment ago, so a record that comes back is right, and the count that is
 * then one off is set right when the next run completes.
 */
export async function deleteDocument(
  deps: { readonly table: Table; readonly clock: Clock },
  id: string,
): Promise<void> {
  const place = parseDocumentId(id);
  const datasource = place && (await readDatasource(deps.table, place.datasource));
  if (place === undefined || datasource === undefined) throw noDocument(id);
  let removed: boolean | undefined;
  while (removed !== true) {
    removed = await tryToRemove(deps, datasource.uid, place.key);
    if (removed === undefined) throw noDocument(id);
  }
}

/** Undefined if there is no live record; false if the range changed meanwhile, so that all must be read again. */
async function tryToRemove(
  deps: { readonly table: Table; readonly clock: Clock },
  uid: string,
  key: string,
): Promise<boolean | undefined> {
  // The range first: a tombstone put by another request after this read fails the condition below.
  const range = await rangeOf(deps.table, uid, key);
  const item = range && (await deps.table.get({ pk: recordPartition(uid, range.id), sk: key }));
  if (range === undefined || item === undefined || item.gone !== undefined) return undefined;
  const record = readRecord(item);
  const at = new Date(deps.clock.now()).toISOString();
  // Each removal is a change of its own, with an event id of its own.
  const run = `request-${deps.clock.now().toString(36)}-${range.version}`;
  const tombstone = tombstoneOf(record, { run, seq: record.seq, at, quiet: false }, 'removed_by_request');
  const counted = {
    ...range,
    version: range.version + 1,
    objects: range.objects - 1,
    bytes: range.bytes - record.size,
    edits: range.edits + 1,
    // The digests still tell of the record: the next run reads what is stored instead.
    doubted: true,
  };
  try {
    await deps.table.transact([
      { put: rangeItem(uid, counted), condition: { type: 'version', equals: range.version } },
      { put: tombstone },
    ]);
    return true;
  } catch (error) {
    if (error instanceof ConditionFailed) return false;
    throw error;
  }
}
