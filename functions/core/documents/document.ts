import { documentId } from '../catalogue/document-id.ts';
import type { RecordRow } from '../catalogue/record.ts';
import { baseName, categoryOf, extensionOf, isFolder, parentFolders } from '../keys/file-name.ts';
import type { DatasourceRow } from '../registry/datasource.ts';
import { type ObjectPlace, objectUrl } from './object-place.ts';

/** What the API shows of a record. `icon` is the type, `file` or `folder`: clients that have more pictures choose by
 *  the title. Both dates are the object's last modification, the only one that S3 tells. Tags and
 *  summary are what somebody wrote about the object as it is. What jobs and enrichment gathered stands in the
 *  metadata. */
export function documentView(
  datasource: DatasourceRow,
  place: ObjectPlace,
  record: RecordRow,
): Record<string, unknown> {
  const url = objectUrl(place, record.sk);
  return {
    ...commonView(datasource, record.sk),
    ...(record.summary === undefined ? {} : { summary: record.summary }),
    ...(record.tags === undefined ? {} : { tags: record.tags }),
    ...(url === undefined ? {} : { url }),
    size: record.size,
    created: record.last_modified,
    updated: record.last_modified,
    metadata: {
      bucket: place.bucket,
      key: record.sk,
      etag: record.etag,
      storage_class: record.storage_class,
      last_modified: record.last_modified,
      ...record.details,
      ...(record.processing_count === undefined ? {} : { processing_count: record.processing_count }),
    },
  };
}

/**
 * What the API shows of a folder that only the keys of others tell of. `prefix` is its key, with the slash at its end.
 * It has no dates, for nothing is stored of it, and no document can be read under its id.
 */
export function folderView(datasource: DatasourceRow, place: ObjectPlace, prefix: string): Record<string, unknown> {
  return { ...commonView(datasource, prefix), size: 0, metadata: { bucket: place.bucket, key: prefix } };
}

function commonView(datasource: DatasourceRow, key: string): Record<string, unknown> {
  const type = isFolder(key) ? 'folder' : 'file';
  return {
    id: documentId(datasource.id, key),
    source: { type: 'connector', id: datasource.id, name: datasource.name },
    type,
    title: baseName(key),
    icon: type,
    category: categoryOf(key),
    categories: parentFolders(key),
  };
}

/** A view together with the fields that searches know and answers do not show. */
export function searchedView(view: Record<string, unknown>, key: string): Record<string, unknown> {
  return { ...view, key, extension: extensionOf(key), tag: view.tags };
}
