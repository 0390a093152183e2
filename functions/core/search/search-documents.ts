import type { Direction } from '../catalogue/key-span.ts';
import type { ReadMeter } from '../catalogue/walk-records.ts';
import { searchedView } from '../documents/document.ts';
import type { Failure } from '../model/errors.ts';
import type { Ids } from '../model/ports/host.ts';
import type { Table } from '../model/ports/table.ts';
import { collectHits, mostHeldCharacters } from './collect-hits.ts';
import { countFacets, type FacetCount } from './count-facets.ts';
import { countRecords, type RecordCount } from './count-records.ts';
import { documentFields } from './document-fields.ts';
import { type DocumentSearch, keyFields, readDocumentSearch } from './document-search.ts';
import { checkFacets, type FacetRequests } from './facet-request.ts';
import { isUnfiltered, matchingDocuments } from './matching-documents.ts';
import { openCursors, type SearchPosition } from './search-cursor.ts';
import { compareBySort } from './search-match.ts';
import type { Facets, SearchPage } from './search-page.ts';
import type { SearchParameters } from './search-query.ts';
import { searchRefusal } from './search-refusal.ts';
import { type SearchedSource, searchedSources } from './searched-sources.ts';

/** What one search may cost. The first two are those of the wire contract; the others bound the time it takes. */
export type SearchLimits = {
  /** Live records that a search looks at, unless nothing is asked of them. */
  readonly records: number;
  /** Documents that are sorted by anything but the key. */
  readonly candidates: number;
  /** Stored items of any kind: tombstones too take time to read. */
  readonly items: number;
  /** Queries to step over folders in a folder listing, to fill the page; a few milliseconds each on DynamoDB. */
  readonly jumps: number;
  /** The same, to count what lies behind the page. */
  readonly countingJumps: number;
  /** The hits of one page, written as JSON. */
  readonly characters: number;
};

const ordinaryLimits: SearchLimits = {
  records: 20_000,
  candidates: 10_000,
  items: 100_000,
  jumps: 1000,
  countingJumps: 200,
  characters: mostHeldCharacters,
};

type Searching = {
  readonly table: Table;
  readonly ids: Ids;
  readonly limits: SearchLimits;
  readonly search: DocumentSearch;
  readonly sources: readonly SearchedSource[];
  readonly facets?: FacetRequests;
};

/**
 * Searches the catalogue; for the parameters see readDocumentSearch. The order is that of datasource ids and then of
 * keys in UTF-8 bytes; in a folder listing a folder stands at the place of its own key, with its slash.
 *
 * The total of a search that asks nothing of its documents is exact, and `gte` while a run writes there, unless all was
 * read. Others read on behind the page to count, and where they come to a limit the relation is `gte`. No total is below
 * what the page shows and what is known to follow. A page can then be short, or empty: nextCursor leads on from where the
 * reading stopped. Documents of disabled datasources are found too. Throws Failure `invalid_request`.
 *
 * Facets are counted over all hits, or left out: where a limit stopped the reading, and behind a cursor, whose page
 * begins in the middle. For them an unfiltered search reads as many records as a filtered one may, if no more are there.
 */
export async function searchDocuments(
  deps: { readonly table: Table; readonly ids: Ids; readonly limits?: Partial<SearchLimits> },
  parameters: SearchParameters,
  facets?: FacetRequests,
): Promise<SearchPage> {
  if (facets !== undefined) checkFacets(facets, documentFields);
  const search = readDocumentSearch(parameters);
  const sources = await searchedSources(deps.table, search);
  const limits = { ...ordinaryLimits, ...deps.limits };
  const searching = { table: deps.table, ids: deps.ids, limits, search, sources, facets };
  const direction = keyDirection(search, sources.length);
  if (direction === undefined) return sortedPage(searching);
  return pageInKeyOrder({ ...searching, search: await atCursor(deps, search) }, direction);
}

async function atCursor(deps: Parameters<typeof openCursors>[0], search: DocumentSearch): Promise<DocumentSearch> {
  const { cursor } = search.query;
  if (cursor === undefined) return search;
  return { ...search, cursor: (await openCursors(deps, search.asked)).read(cursor) };
}

/** The direction to read in, if that alone gives the order asked for; undefined if all hits must be sorted. */
function keyDirection({ query }: DocumentSearch, sources: number): Direction | undefined {
  const [first] = query.sort;
  if (first === undefined) return 'ascending';
  if (!keyFields.includes(first.field) || sources > 1) return undefined;
  return first.direction === 'desc' ? 'descending' : 'ascending';
}

async function pageInKeyOrder(searching: Searching, direction: Direction): Promise<SearchPage> {
  const { table, limits, search, sources } = searching;
  const { from, size } = search.query;
  const known = isUnfiltered(search) ? await countRecords(table, sources) : undefined;
  const meter: ReadMeter = { items: 0, records: 0, jumps: 0 };
  const facets = facetCount(searching, known?.objects);
  // Where nothing is counted, what lies behind the page need not be read.
  const counting = known === undefined || facets !== undefined;
  const pageItems = counting ? undefined : from + size + 1;
  const before = search.cursor?.hits ?? 0;
  const page = collectHits(search.query.shown, limits.characters);
  let found = 0;
  let stopped = false;
  let follows = false;
  let position: SearchPosition | undefined;
  for await (const step of matchingDocuments(table, search, sources, { direction, meter, pageItems })) {
    const { key, whole } = step.position;
    const full = found >= from + size;
    // The first step is always taken, so that each cursor leads further than the one before.
    stopped = position !== undefined && mustStop(limits, meter, full, !counting);
    if (stopped) {
      follows = step.view !== undefined;
      break;
    }
    if (step.view !== undefined) {
      found += 1;
      if (found > from && !full) page.add(step.view);
      facets?.add(step.view, searchedView(step.view, key));
    }
    if (!full || position === undefined) position = { datasource: step.datasource, key, whole, hits: before + found };
  }
  const goesOn = size > 0 && (stopped || found > from + size);
  return {
    total:
      known === undefined
        ? totalOf(before + found, stopped)
        : totalOfAll(known, {
            all: search.cursor === undefined && !stopped,
            before,
            found: found + (follows ? 1 : 0),
          }),
    hits: page.hits,
    ...(goesOn && position ? { nextCursor: (await openCursors(searching, search.asked)).write(position) } : {}),
    ...(facets === undefined || stopped ? {} : { facets: facets.result() }),
  };
}

/** Undefined if nothing is to be counted, or more than may be read. */
function facetCount({ facets, limits, search }: Searching, known: number | undefined): FacetCount | undefined {
  if (facets === undefined || search.cursor !== undefined) return undefined;
  return known !== undefined && known > limits.records ? undefined : countFacets(facets);
}

/** The step at hand was read, but may not be looked at if this says so. */
function mustStop(limits: SearchLimits, meter: ReadMeter, full: boolean, onlyPage: boolean): boolean {
  if (meter.items > limits.items || meter.jumps > limits.jumps) return true;
  if (onlyPage) return full;
  return meter.records > limits.records || (full && meter.jumps > limits.countingJumps);
}

type Found = { readonly view: Record<string, unknown>; readonly searched: Record<string, unknown> };

async function sortedPage({ table, limits, search, sources, facets }: Searching): Promise<SearchPage> {
  const { sort, from, size } = search.query;
  const by = sort.map(({ field }) => field).join(',');
  if (search.query.cursor !== undefined) {
    throw searchRefusal('cursor', `goes on in the order of keys, not in that of ${by}: leave one of them out`);
  }
  const known = isUnfiltered(search) ? await countRecords(table, sources) : undefined;
  if (known !== undefined && known.objects > limits.candidates) throw tooMany(by, limits);
  const meter: ReadMeter = { items: 0, records: 0, jumps: 0 };
  const found: Found[] = [];
  for await (const step of matchingDocuments(table, search, sources, { direction: 'ascending', meter })) {
    if (mustStop(limits, meter, false, false)) throw tooMany(by, limits);
    if (step.view === undefined) continue;
    found.push({ view: step.view, searched: searchedView(step.view, step.position.key) });
    if (found.length > limits.candidates) throw tooMany(by, limits);
  }
  const compare = compareBySort(sort);
  found.sort((a, b) => compare(a.searched, b.searched));
  const page = collectHits(search.query.shown, limits.characters);
  for (const { view } of found.slice(from, from + size)) page.add(view);
  return {
    total: totalOf(found.length, false),
    hits: page.hits,
    ...(facets === undefined ? {} : { facets: facetsOf(facets, found) }),
  };
}

/** The total where every document is a hit: `found` here, `before` on earlier pages. Where all was read, that counts. */
function totalOfAll(
  known: RecordCount,
  { all, before, found }: { readonly all: boolean; readonly before: number; readonly found: number },
): SearchPage['total'] {
  if (all) return totalOf(found, false);
  // Without a run nothing is catalogued in between, but what an earlier page showed may have been deleted since.
  const seen = known.exact ? found : before + found;
  return totalOf(Math.max(known.objects, seen), !known.exact || seen > known.objects);
}

function facetsOf(requests: FacetRequests, found: readonly Found[]): Facets {
  const count = countFacets(requests);
  for (const { view, searched } of found) count.add(view, searched);
  return count.result();
}

function totalOf(value: number, more: boolean): SearchPage['total'] {
  return { value, relation: more ? 'gte' : 'eq' };
}

function tooMany(by: string, limits: SearchLimits): Failure {
  const [most, among] = [limits.candidates, limits.records].map((limit) => limit.toLocaleString('en'));
  return searchRefusal(
    'sort',
    `sorting by ${by} takes at most ${most} documents, found among at most ${among}; narrow the search with datasource, path, prefix or filter, or sort one datasource by key`,
  );
}
