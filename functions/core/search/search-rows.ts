import { countFacets } from './count-facets.ts';
import { checkFacets, type FacetRequests } from './facet-request.ts';
import type { SearchFields } from './search-filter.ts';
import { compareBySort, compileMatch } from './search-match.ts';
import type { SearchPage } from './search-page.ts';
import { parseSearch, type SearchParameters } from './search-query.ts';
import { searchRefusal } from './search-refusal.ts';
import { compileShown } from './shown-fields.ts';

/**
 * Searches rows that are all in memory: connectors and datasources. Every field may be sorted by; words are looked for
 * in all fields of type text; without `sort` the rows keep their order. Total and facets are exact. Throws Failure
 * `invalid_request`, also for a cursor: this search gives none.
 */
export function searchRows(
  views: readonly Record<string, unknown>[],
  parameters: SearchParameters,
  fields: SearchFields,
  facets?: FacetRequests,
): SearchPage {
  if (facets !== undefined) checkFacets(facets, fields);
  const query = parseSearch(parameters, { fields, sortable: Object.keys(fields) });
  if (query.cursor !== undefined) {
    throw searchRefusal('cursor', 'is not one of ours: this search is paged with from and size');
  }
  const found = views.filter(compileMatch(query));
  const sorted = query.sort.length > 0 ? found.sort(compareBySort(query.sort)) : found;
  const show = compileShown(query.shown);
  const hits = sorted
    .slice(query.from, query.from + query.size)
    .map((source) => ({ id: String(source.id), source: show({ ...source, id: String(source.id) }) }));
  const page: SearchPage = { total: { value: found.length, relation: 'eq' }, hits };
  if (facets === undefined) return page;
  const count = countFacets(facets);
  for (const source of found) count.add(source, source);
  return { ...page, facets: count.result() };
}
