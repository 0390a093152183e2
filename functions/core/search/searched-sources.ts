import { type RangeRow, readRanges } from '../catalogue/range-map.ts';
import { type ObjectPlace, readPlace } from '../documents/object-place.ts';
import { compareKeys } from '../keys/byte-order.ts';
import { identifier } from '../model/identifier.ts';
import type { Table } from '../model/ports/table.ts';
import type { DatasourceRow } from '../registry/datasource.ts';
import { listDatasources, readDatasource } from '../registry/datasource-store.ts';
import type { DocumentSearch } from './document-search.ts';
import { compileMatch } from './search-match.ts';

/** A datasource that is searched, and what a search needs of it, read when first asked for. */
export type SearchedSource = {
  readonly row: DatasourceRow;
  readonly ranges: () => Promise<RangeRow[]>;
  readonly place: () => Promise<ObjectPlace>;
};

/** Reads that are under way at once, where one is needed of each datasource. */
const atOnce = 16;

/** The datasources that a search is about, by id. Disabled ones are among them: what was catalogued stays readable. */
export async function searchedSources(table: Table, search: DocumentSearch): Promise<SearchedSource[]> {
  const inSearch = sourceFilter(search);
  const sources: SearchedSource[] = [];
  for await (const row of rowsOf(table, search.datasources)) {
    if (!inSearch(row)) continue;
    sources.push({
      row,
      ranges: once(() => readRanges(table, row.uid)),
      place: once(() => readPlace(table, row)),
    });
  }
  return sources;
}

async function* rowsOf(table: Table, ids: readonly string[] | undefined): AsyncIterable<DatasourceRow> {
  if (ids === undefined) {
    yield* listDatasources(table);
    return;
  }
  const distinct = [...new Set(ids)].filter((id) => identifier.safeParse(id).success).sort(compareKeys);
  for (let start = 0; start < distinct.length; start += atOnce) {
    const rows = await Promise.all(distinct.slice(start, start + atOnce).map((id) => readDatasource(table, id)));
    yield* rows.filter((row) => row !== undefined);
  }
}

/** Filters by `source.id` choose datasources, so that nothing of the others is read. */
function sourceFilter(search: DocumentSearch): (row: DatasourceRow) => boolean {
  const filters = search.query.filters.filter(({ field }) => field === 'source.id');
  const matches = compileMatch({ ...search.query, query: '', filters });
  return (row) => matches({ source: { id: row.id } });
}

function once<T>(read: () => Promise<T>): () => Promise<T> {
  let reading: Promise<T> | undefined;
  return () => {
    reading ??= read();
    return reading;
  };
}
