import * as z from 'zod';
import { ownFields, type SearchFields } from './search-filter.ts';
import { searchRefusal } from './search-refusal.ts';

/** Ours: what one search may count, and show of each value. */
const mostFacets = 10;
const mostValues = 1000;
const mostTops = 3;
const mostHits = 10;
const mostHitsInAll = 1000;

const field = z.string('must be the name of a field').max(256, 'must be the name of a field');
const plainField = field.refine((text) => !text.includes('*'), 'must be the name of a field, without *');
const fieldList = z.array(plainField).max(20, 'must be at most 20 fields');

function count(most: number) {
  const reason = `must be a whole number from 1 to ${most.toLocaleString('en')}`;
  return z.number(reason).int(reason).min(1, reason).max(most, reason);
}

function few<Each extends z.ZodType>(each: Each, most: number) {
  return z
    .record(z.string(), each)
    .refine((all) => Object.keys(all).length <= most, `must be at most ${most}`)
    .refine((all) => Object.keys(all).every(isName), 'must have names of at most 128 characters');
}

function isName(name: string): boolean {
  return name.length <= 128 && name.isWellFormed();
}

/** The only part that a value can have beside its count: some of the hits that have it. */
const topHits = z.strictObject({
  size: count(mostHits).default(3),
  _source: z.union([plainField.transform((one) => [one]), fieldList], 'must be a list of fields'),
});
const terms = z.strictObject({ field, size: count(mostValues).default(10) });
const facet = z.strictObject({ terms, aggs: few(z.strictObject({ top_hits: topHits }), mostTops).default({}) });

/** `aggs` of a search: how many of its hits have each value of a field. */
export const facetRequests = few(facet, mostFacets).refine(
  (all) => hitsOf(Object.values(all)) <= mostHitsInAll,
  `must ask for at most ${mostHitsInAll.toLocaleString('en')} hits in all: sizes of terms times sizes of top_hits`,
);
export type FacetRequests = z.output<typeof facetRequests>;
export type FacetRequest = z.output<typeof facet>;

function hitsOf(facets: readonly FacetRequest[]): number {
  return facets.reduce((sum, each) => sum + each.terms.size * keptOf(each), 0);
}

/** How many hits of each value are shown. */
export function keptOf({ aggs }: FacetRequest): number {
  return Object.values(aggs).reduce((sum, { top_hits }) => sum + top_hits.size, 0);
}

/** Throws Failure `invalid_request` where a field is unknown, or holds what is not counted by its values. */
export function checkFacets(facets: FacetRequests, fields: SearchFields): void {
  for (const [called, { terms }] of Object.entries(facets)) {
    const type = Object.hasOwn(fields, terms.field) ? fields[terms.field] : undefined;
    if (type === 'text' || type === 'boolean' || type === 'absent') continue;
    const countable = ownFields(fields).filter((each) => fields[each] === 'text' || fields[each] === 'boolean');
    throw searchRefusal(`aggs.${called}.terms.field`, `cannot be counted by; possible are ${countable.join(', ')}`);
  }
}
