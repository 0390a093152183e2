import { parseDocumentId } from '../catalogue/document-id.ts';
import { findRecord } from '../catalogue/find-record.ts';
import type { Table } from '../model/ports/table.ts';
import { readDatasource } from '../registry/datasource-store.ts';
import { documentView } from './document.ts';
import { documentTag } from './document-tag.ts';
import { readPlace } from './object-place.ts';

type TaggedDocument = { readonly view: Record<string, unknown>; readonly tag: string };

/** A document as the API shows it; undefined if there is none under this id. Folders without a marker object are
 *  derived by searches only, so they have none. */
export async function readDocument(
  deps: { readonly table: Table },
  id: string,
): Promise<Record<string, unknown> | undefined> {
  const tagged = await readTaggedDocument(deps, id);
  return tagged?.view;
}

/** The same together with its tag. */
export async function readTaggedDocument(
  deps: { readonly table: Table },
  id: string,
): Promise<TaggedDocument | undefined> {
  const place = parseDocumentId(id);
  const datasource = place && (await readDatasource(deps.table, place.datasource));
  if (place === undefined || datasource === undefined) return undefined;
  const record = await findRecord(deps.table, datasource.uid, place.key);
  if (record === undefined) return undefined;
  return { view: documentView(datasource, await readPlace(deps.table, datasource), record), tag: documentTag(record) };
}
