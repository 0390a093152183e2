/** What a search found. `gte` says that there may be more than `value`: not everything was looked at. */
export type SearchPage = {
  readonly total: { readonly value: number; readonly relation: 'eq' | 'gte' };
  readonly hits: readonly SearchHit[];
  /** What to send as `cursor` to go on behind this page; absent where nothing follows, or only `from` leads on. */
  readonly nextCursor?: string;
  /** Exact counts over all hits; absent where not all were looked at, or nothing was asked to be counted. */
  readonly facets?: Facets;
};

export type SearchHit = { readonly id: string; readonly source: Record<string, unknown> };

export type Facets = Readonly<Record<string, Facet>>;

/** The most frequent values of a field, and how often hits have any of the others. */
export type Facet = { readonly values: readonly FacetValue[]; readonly others: number };

export type FacetValue = {
  readonly key: string | boolean;
  readonly count: number;
  /** Some of the hits that have it, under the names that they were asked for by. */
  readonly tops: Readonly<Record<string, readonly SearchHit[]>>;
};
