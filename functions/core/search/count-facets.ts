import { compareKeys } from '../keys/byte-order.ts';
import type { FacetRequest, FacetRequests } from './facet-request.ts';
import { type Source, valuesAt } from './search-match.ts';
import type { Facet, Facets, SearchHit } from './search-page.ts';
import { compileShown } from './shown-fields.ts';

/** Counts facets over the hits of a search, one by one. */
export type FacetCount = {
  /** `searched` is the source with the fields that are searched and not shown. */
  add(source: Record<string, unknown>, searched: Source): void;
  result(): Facets;
};

export function countFacets(requests: FacetRequests): FacetCount {
  const counts = Object.entries(requests).map(([name, request]) => ({ name, count: countFacet(request) }));
  return {
    add: (source, searched) => {
      for (const { count } of counts) count.add(source, searched);
    },
    result: () => Object.fromEntries(counts.map(({ name, count }) => [name, count.result()])),
  };
}

type Tally = { readonly key: string | boolean; count: number; readonly tops: Readonly<Record<string, SearchHit[]>> };

/** A source with several values counts once for each of them. */
function countFacet({ terms, aggs }: FacetRequest) {
  const path = terms.field.split('.');
  const tops = Object.entries(aggs).map(([name, { top_hits }]) => {
    const show = compileShown({ includes: top_hits._source, excludes: [] });
    return { name, most: top_hits.size, show };
  });
  const tallies = new Map<string | boolean, Tally>();
  const tallyOf = (key: string | boolean): Tally => {
    const known = tallies.get(key);
    if (known !== undefined) return known;
    const fresh = { key, count: 0, tops: Object.fromEntries(tops.map(({ name }) => [name, []])) };
    tallies.set(key, fresh);
    return fresh;
  };
  const add = (source: Record<string, unknown>, searched: Source): void => {
    for (const key of new Set(valuesAt(searched, path))) {
      if (typeof key !== 'string' && typeof key !== 'boolean') continue;
      const tally = tallyOf(key);
      tally.count += 1;
      for (const { name, most, show } of tops) {
        const hits = tally.tops[name] ?? [];
        if (hits.length < most) hits.push({ id: String(source.id), source: show(source) });
      }
    }
  };
  return { add, result: () => facetOf([...tallies.values()], terms.size) };
}

/** The most frequent first, then in the order of their bytes. */
function facetOf(tallies: readonly Tally[], size: number): Facet {
  const ordered = tallies.toSorted((one, other) => {
    return other.count - one.count || compareKeys(String(one.key), String(other.key));
  });
  const others = ordered.slice(size).reduce((sum, { count }) => sum + count, 0);
  return { values: ordered.slice(0, size), others };
}
