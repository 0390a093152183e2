import { openBucket } from '../datasources/open-bucket.ts';
import { readScope } from '../datasources/read-scope.ts';
import type { Buckets, Opener, Table } from '../ports.ts';
import { parseDocumentId } from './document-id.ts';
import { findRecord, noDocument } from './find-record.ts';

/**
 * A URL that reads a document's object without further keys, valid for so many seconds (at most 7 days, S3's limit).
 * Throws Failure: `not_found` for the document or its datasource, `invalid_request` for settings that are incomplete,
 * and what opening a bucket throws. The bucket is not asked: the object may be gone since the last sync.
 */
export async function documentUrl(
  deps: { readonly table: Table; readonly buckets: Buckets; readonly opener: Opener },
  id: string,
  expiresInSeconds: number,
): Promise<string> {
  const place = parseDocumentId(id);
  if (place === undefined) throw noDocument(id);
  const { row, config } = await readScope(deps.table, place.datasource);
  if ((await findRecord(deps.table, row.uid, place.key)) === undefined) throw noDocument(id);
  const bucket = await openBucket(deps, config);
  try {
    return await bucket.presign(place.key, expiresInSeconds);
  } finally {
    bucket.close();
  }
}
