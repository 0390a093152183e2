import { walkFolder } from '../catalogue/folder-listing.ts';
import { intersect, type KeyPosition, spanBeyond } from '../catalogue/key-span.ts';
import { type Walk, type WalkStep, walkRecords } from '../catalogue/walk-records.ts';
import { documentView, folderView, searchedView } from '../documents/document.ts';
import { compareKeys } from '../keys/byte-order.ts';
import type { Table } from '../model/ports/table.ts';
import type { DocumentSearch } from './document-search.ts';
import { compileMatch } from './search-match.ts';
import type { SearchedSource } from './searched-sources.ts';

/** One step through what is searched: what was found there, if anything, and the place to go on from. */
export type SearchStep = {
  readonly datasource: string;
  readonly position: KeyPosition;
  readonly view?: Record<string, unknown>;
};

/** Walks through all that is searched, in the order of datasource ids and then of keys; the direction is that of the
 *  keys. What does not match is a step with nothing found, so that the caller can stop anywhere. */
export async function* matchingDocuments(
  table: Table,
  search: DocumentSearch,
  sources: readonly SearchedSource[],
  reading: Pick<Walk, 'direction' | 'meter' | 'pageItems'>,
): AsyncIterable<SearchStep> {
  const viewOf = compileViews(search);
  const { cursor, level } = search;
  for (const source of sources) {
    const { id, uid } = source.row;
    if (cursor !== undefined && compareKeys(id, cursor.datasource) < 0) continue;
    const span =
      cursor?.datasource === id ? intersect(search.span, spanBeyond(cursor, reading.direction)) : search.span;
    const walk = { ...reading, table, uid, ranges: await source.ranges(), span };
    const steps = level === undefined ? walkRecords(walk) : walkFolder(walk, level.prefix);
    for await (const step of steps) yield { datasource: id, position: step, view: await viewOf(source, step) };
  }
}

/** True if every document in the searched datasources is a hit. */
export function isUnfiltered(search: DocumentSearch): boolean {
  return (
    search.level === undefined &&
    search.hasExtension === undefined &&
    search.span.lower === undefined &&
    search.span.upper === undefined &&
    !looksInside(search)
  );
}

/** Filters by `source.id` have chosen the datasources already. */
function looksInside({ query }: DocumentSearch): boolean {
  return query.query.trim() !== '' || query.filters.some(({ field }) => field !== 'source.id');
}

type ViewOf = (source: SearchedSource, step: WalkStep) => Promise<Record<string, unknown> | undefined>;

/** What a step shows if it matches. The cheap questions come first: a view takes longer to make than to reject. */
function compileViews(search: DocumentSearch): ViewOf {
  const matches = looksInside(search) ? compileMatch(search.query) : () => true;
  const { hasExtension, level } = search;
  return async (source, { key, whole, record }) => {
    if (record === undefined && !(whole && level?.folders)) return undefined;
    if (hasExtension !== undefined && !hasExtension(key)) return undefined;
    const place = await source.place();
    const view = record ? documentView(source.row, place, record) : folderView(source.row, place, key);
    return matches(searchedView(view, key)) ? view : undefined;
  };
}
