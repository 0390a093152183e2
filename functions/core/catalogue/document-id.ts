import { utf8Length } from '../keys/byte-order.ts';
import { identifier } from '../model/identifier.ts';
import { TABLE_LIMITS } from '../table/table-limits.ts';

/** The public id of a document: `<datasource id>.<base64url of the key's UTF-8 bytes>`. It is reversible, so no index
 *  from ids to records is needed. */
export function documentId(datasourceId: string, key: string): string {
  return `${datasourceId}.${Buffer.from(key, 'utf8').toString('base64url')}`;
}

/**
 * What a document id says; undefined for a text that documentId never makes. Only one text names one document: other
 * spellings of the same bytes (padding, stray bits, the other base64 alphabet) are not ids.
 */
export function parseDocumentId(id: string): { readonly datasource: string; readonly key: string } | undefined {
  const dot = id.lastIndexOf('.');
  const datasource = id.slice(0, Math.max(dot, 0));
  if (!identifier.safeParse(datasource).success) return undefined;
  const key = Buffer.from(id.slice(dot + 1), 'base64url').toString('utf8');
  if (key === '' || utf8Length(key) > TABLE_LIMITS.sortKeyBytes || documentId(datasource, key) !== id) return undefined;
  return { datasource, key };
}
