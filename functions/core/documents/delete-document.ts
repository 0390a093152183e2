import * as z from 'zod';
import { type AuditDeps, auditWrite, type Deed, oneEntry } from '../audit/audit-write.ts';
import { parseDocumentId } from '../catalogue/document-id.ts';
import { noDocument } from '../catalogue/find-record.ts';
import type { Table } from '../model/ports/table.ts';
import type { Demand } from '../model/row-tag.ts';
import { readDatasource } from '../registry/datasource-store.ts';
import { removeRecords } from './remove-records.ts';

type DeleteDeps = AuditDeps & { readonly table: Table };

/** Ours: 1,000 documents take some 40 transactions, about a second. */
export const mostDeletions = 1000;

/** The body of DELETE /document. */
export const documentIds = z
  .array(
    z
      .string('must be the id of a document')
      .refine((id) => parseDocumentId(id) !== undefined, 'must be the id of a document, as a search shows it'),
    'must be a list of ids of documents',
  )
  .min(1, 'must name at least one document')
  .max(mostDeletions, `must be at most ${mostDeletions.toLocaleString('en')} ids; send the others after them`);

/**
 * Takes a document out of the catalogue and tells so downstream (`removed_by_request`); the object in the bucket is not
 * touched. While it exists and is in scope, the next sync adds the document again. Throws Failure `not_found` or
 * `precondition_failed`.
 */
export async function deleteDocument(deps: DeleteDeps, id: string, demand?: Demand): Promise<void> {
  const absent = await deleteDocuments(deps, [id], demand);
  if (absent.length > 0) throw noDocument(id);
}

/**
 * The same for many. Returns the ids that name no document; all others are deleted then. May be repeated. The audit has one
 * entry for all of them, which grows with each transaction: wherever this ends, it tells how many are gone.
 */
export async function deleteDocuments(deps: DeleteDeps, ids: readonly string[], demand?: Demand): Promise<string[]> {
  const absent = new Set<string>();
  const entry = oneEntry(deps);
  let gone = 0;
  const named = [...new Set(ids)].map((id) => ({ id, ...parseDocumentId(id) }));
  for (const [datasource, some] of Map.groupBy(named, (each) => each.datasource)) {
    const row = datasource === undefined ? undefined : await readDatasource(deps.table, datasource);
    const keys = some.map(({ key }) => key ?? '');
    const before = gone;
    const alongside = (removed: number) => [auditWrite(entry, deletion(ids, before + removed))];
    const none = row === undefined ? keys : await removeRecords(deps, row.uid, keys, { alongside, demand });
    const without = new Set(none);
    gone += keys.length - without.size;
    for (const { id, key } of some) if (without.has(key ?? '')) absent.add(id);
  }
  return named.flatMap(({ id }) => (absent.has(id) ? [id] : []));
}

/** Of many the first one stands for all. */
function deletion(ids: readonly string[], gone: number): Deed {
  const [id = ''] = ids;
  const many = ids.length === 1 ? {} : { before: { documents: gone, asked: ids.length } };
  return { action: 'deleted', kind: 'document', id, ...many };
}
