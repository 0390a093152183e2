import { parseDocumentId } from '../catalogue/document-id.ts';
import { findRecord, noDocument } from '../catalogue/find-record.ts';
import { Failure } from '../model/errors.ts';
import type { Bucket } from '../model/ports/bucket.ts';
import type { Table } from '../model/ports/table.ts';
import { type OpenDeps, openBucket } from '../registry/open-bucket.ts';
import { readScope } from '../registry/read-scope.ts';

/**
 * A URL that reads a document's object without further keys, valid for so many seconds (at most 7 days, S3's limit).
 * Throws Failure: `not_found` for the document or its datasource, `invalid_request` for settings that are incomplete,
 * `object_archived`, `object_unlinkable`, and what opening a bucket throws. The bucket is asked only about objects in classes that archive:
 * any other may be gone since the last sync.
 */
export async function documentUrl(
  deps: OpenDeps & { readonly table: Table },
  id: string,
  expiresInSeconds: number,
): Promise<string> {
  const place = parseDocumentId(id);
  if (place === undefined) throw noDocument(id);
  const { row, config } = await readScope(deps.table, place.datasource);
  const record = await findRecord(deps.table, row.uid, place.key);
  if (record === undefined) throw noDocument(id);
  demandLinkable(place.key);
  const bucket = await openBucket(deps, config);
  try {
    if (archivingClasses.has(record.storage_class)) await demandReadable(bucket, place.key);
    return await bucket.presign(place.key, expiresInSeconds);
  } finally {
    bucket.close();
  }
}

/**
 * Whoever follows a link takes segments `.` and `..` out of its path, also percent-encoded ones, and asks for another
 * object. https://url.spec.whatwg.org/#double-dot-path-segment
 */
function demandLinkable(key: string): void {
  if (!key.split('/').some((segment) => segment === '.' || segment === '..')) return;
  throw new Failure(
    'object_unlinkable',
    'no link can lead to this object: its key has "." or ".." between slashes, which every browser takes out of a link; read it with an S3 client',
  );
}

/** Glacier's classes, and the one whose archive tiers a listing does not tell. GLACIER_IR answers at once. */
const archivingClasses = new Set(['GLACIER', 'DEEP_ARCHIVE', 'INTELLIGENT_TIERING']);

/** Whether an archived object was restored is known to the bucket alone; where it does not tell, the URL will. */
async function demandReadable(bucket: Bucket, key: string): Promise<void> {
  const found = await bucket.head(key);
  if (found.status !== 'found' || found.archived !== true) return;
  throw new Failure(
    'object_archived',
    'the object lies in an archive (GLACIER, DEEP_ARCHIVE or an archive tier) and cannot be read as it is; restore it in S3 first',
  );
}
