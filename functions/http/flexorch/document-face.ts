import { readDocument } from '#core/documents/read-document.ts';
import { findKeptDocument, type KeptDocument } from '#core/jobs/kept-documents.ts';
import { baseName, extensionOf } from '#core/keys/file-name.ts';
import type { Table } from '#core/model/ports/table.ts';
import { ResourceNotFound } from './not-found.ts';

type Shown = {
  readonly id: unknown;
  readonly title: unknown;
  readonly created: unknown;
  readonly bucket: string;
  readonly key: string;
  readonly processing_count?: number;
};

/** A document as this dialect shows it. The store knows an object by what a listing tells: its creation is its last
 *  modification. */
function face({ id, title, created, bucket, key, processing_count = 0 }: Shown): Record<string, unknown> {
  return {
    id,
    filename: title,
    file_ext: extensionOf(key) ?? null,
    status: 'available',
    storage_path: `s3://${bucket}/${key}`,
    created_at: created,
    processing_count,
  };
}

/** A datasource's record. `document` is what the core shows of it. */
export function documentFace(document: Record<string, unknown>): Record<string, unknown> {
  const metadata = document.metadata as Pick<Shown, 'bucket' | 'key' | 'processing_count'>;
  return face({ id: document.id, title: document.title, created: document.created, ...metadata });
}

/** What a job kept under a connector. */
export function keptFace({ key, last_modified, ...kept }: KeptDocument): Record<string, unknown> {
  return face({ ...kept, key, title: baseName(key), created: last_modified });
}

/** The document with this id, whether a datasource has it or a connector. Throws ResourceNotFound. */
export async function demandDocument(deps: { readonly table: Table }, id: string): Promise<Record<string, unknown>> {
  const kept = await findKeptDocument(deps.table, id);
  if (kept !== undefined && !('cataloguedAs' in kept)) return keptFace(kept);
  const document = await readDocument(deps, kept?.cataloguedAs ?? id);
  if (document === undefined) throw new ResourceNotFound('document', id);
  return documentFace(document);
}
