import { parseDocumentId } from '../catalogue/document-id.ts';
import { findRecord } from '../catalogue/find-record.ts';
import type { Table } from '../model/ports/table.ts';
import { readDatasource } from '../registry/datasource-store.ts';
import { documentView } from './document.ts';
import { readPlace } from './object-place.ts';

/** A document as the API shows it; undefined if there is none under this id. Folders without a marker object are
 *  derived by searches only, so they have none. */
export async function readDocument(
  deps: { readonly table: Table },
  id: string,
): Promise<Record<string, unknown> | undefined> {
  const place = parseDocumentId(id);
  const datasource = place && (await readDatasource(deps.table, place.datasource));
  if (place === undefined || datasource === undefined) return undefined;
  const record = await findRecord(deps.table, datasource.uid, place.key);
  return record && documentView(datasource, await readPlace(deps.table, datasource), record);
}
