import { keptDocumentId, parseKeptDocumentId } from '#core/jobs/kept-document.ts';
import type { KeptPosition } from '#core/jobs/kept-documents.ts';
import { Failure } from '#core/model/errors.ts';

/** How far a list of documents was read: by their dates, or by key, at the datasources' documents or the connectors'. */
export type DocumentCursor =
  | { readonly order: 'newest'; readonly from: number }
  | { readonly order: 'key'; readonly search?: string | undefined; readonly kept?: KeptPosition };

/** So many are sorted by their dates: the core's limit, held for datasources and connectors together. */
export const mostSorted = 10_000;

/** Before the first connector's documents. */
const beginning = 'kept';

/** As a text that is opaque to clients. The core's own cursor has no dot in it. */
export function writeDocumentCursor(cursor: DocumentCursor): string {
  if (cursor.order === 'newest') return `newest.${cursor.from}`;
  if (cursor.search !== undefined) return cursor.search;
  const { connector = 0, key = '' } = cursor.kept ?? {};
  return key === '' ? `${beginning}.` : `${beginning}.${keptDocumentId(connector, key)}`;
}

/** Throws Failure `invalid_request` for one of its own that it never wrote; the core's is for the core to judge. */
export function readDocumentCursor(text: string): DocumentCursor {
  if (!text.includes('.')) return { order: 'key', search: text };
  const [, from] = /^newest\.(\d{1,5})$/.exec(text) ?? [];
  if (from !== undefined && Number(from) <= mostSorted) return { order: 'newest', from: Number(from) };
  if (text === `${beginning}.`) return { order: 'key', kept: { connector: 0, key: '' } };
  const kept = text.startsWith(`${beginning}.`) ? parseKeptDocumentId(text.slice(beginning.length + 1)) : undefined;
  if (kept !== undefined) return { order: 'key', kept };
  const reason = 'is not one of ours: send the next_cursor of the last answer unchanged, or none to begin anew';
  throw new Failure('invalid_request', `cursor ${reason}`, { details: [{ path: 'cursor', reason }] });
}
