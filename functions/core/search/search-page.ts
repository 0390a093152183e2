/** What a search found. `gte` says that there may be more than `value`: not everything was looked at. */
export type SearchPage = {
  readonly total: { readonly value: number; readonly relation: 'eq' | 'gte' };
  readonly hits: readonly SearchHit[];
  /** What to send as `cursor` to go on behind this page; absent where nothing follows, or only `from` leads on. */
  readonly nextCursor?: string;
};

export type SearchHit = { readonly id: string; readonly source: Record<string, unknown> };
