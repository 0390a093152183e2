import { type RunRow, runView } from '#core/runs/run.ts';
import type { Facet, FacetValue, SearchHit, SearchPage } from '#core/search/search-page.ts';
import { etagHeader } from '../steps/if-match.ts';
import type { Reply } from '../table/route.ts';

/** Coco's clients take nothing but 200 for success. */
function ok(body: unknown): Reply {
  return { status: 200, body };
}

/** `tag` is that of what stands there now. */
export function written(id: string, result: 'created' | 'updated' | 'deleted', tag?: string): Reply {
  return tagged(ok({ _id: id, result }), tag);
}

export function found(id: string, source: Readonly<Record<string, unknown>>, tag?: string): Reply {
  return tagged(ok({ found: true, _id: id, _source: source }), tag);
}

function tagged(reply: Reply, tag: string | undefined): Reply {
  return tag === undefined ? reply : { ...reply, headers: etagHeader(tag) };
}

export function acknowledged(): Reply {
  return ok({ acknowledged: true });
}

/** Of many, those that were not there are named. */
export function removedMany(notFound: readonly string[]): Reply {
  return ok({ acknowledged: true, ...(notFound.length === 0 ? {} : { not_found: notFound }) });
}

/** A run that was asked for, or the one that is on already: `result` says how it stands. */
export function runAccepted(run: RunRow, result: string = run.status): Reply {
  return ok({ acknowledged: true, _id: run.id, result, run: runView(run) });
}

/** Any other object, as it is. */
export function plain(body: object): Reply {
  return ok(body);
}

/** Any list, as it is. */
export function list(items: readonly object[]): Reply {
  return ok(items);
}

/** The one shape of every search. `took` in milliseconds. */
export function searchAnswer(index: string, page: SearchPage, took: number): Reply {
  return ok(searchBody(index, page, took));
}

/** The same for a search that asked for facets: with `_shards`, as its clients have it from Elasticsearch, and without
 *  `aggregations` where they could not be counted over all hits. */
export function facetedAnswer(index: string, page: SearchPage, took: number): Reply {
  const { facets } = page;
  const counted = facets && Object.entries(facets).map(([name, facet]) => [name, aggregation(index, facet)]);
  return ok({
    ...searchBody(index, page, took),
    _shards: { total: 1, successful: 1, skipped: 0, failed: 0 },
    ...(counted === undefined ? {} : { aggregations: Object.fromEntries(counted) }),
  });
}

function searchBody(index: string, { total, hits, nextCursor }: SearchPage, took: number) {
  return {
    took,
    timed_out: false,
    hits: { total, max_score: null, hits: hits.map((hit) => shownHit(index, hit)) },
    ...(nextCursor === undefined ? {} : { next_cursor: nextCursor }),
  };
}

function shownHit(index: string, { id, source }: SearchHit) {
  return { _index: index, _id: id, _score: null, _source: source };
}

function aggregation(index: string, { values, others }: Facet) {
  return {
    doc_count_error_upper_bound: 0,
    sum_other_doc_count: others,
    buckets: values.map(({ key, count, tops }) => ({ ...keyOf(key), doc_count: count, ...topsOf(index, count, tops) })),
  };
}

/** Elasticsearch tells true and false as 1 and 0, and as text beside. */
function keyOf(key: string | boolean) {
  return typeof key === 'string' ? { key } : { key: Number(key), key_as_string: String(key) };
}

function topsOf(index: string, count: number, tops: FacetValue['tops']) {
  const shown = Object.entries(tops).map(([name, hits]) => {
    const inner = hits.map((hit) => shownHit(index, hit));
    return [name, { hits: { total: { value: count, relation: 'eq' }, max_score: null, hits: inner } }] as const;
  });
  return Object.fromEntries(shown);
}
