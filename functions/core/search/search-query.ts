import { Failure, type FailureDetail } from '../model/errors.ts';
import { FilterProblem, type FilterTerm, parseFilter, type SearchFields } from './search-filter.ts';
import { type GivenParameters, readLanguage, type SearchLanguage } from './search-language.ts';

export type SortKey = { readonly field: string; readonly direction: 'asc' | 'desc' };

/**
 * What is asked of one field, read together: one of `anyOf` holds (if there are any), all of `allOf` hold, none of
 * `noneOf` does. So `f:a` and `f:b` are alternatives, `f>=1` and `f<=9` are a range, and each negated term excludes.
 */
export type FieldFilter = {
  readonly field: string;
  readonly anyOf: readonly FilterTerm[];
  readonly allOf: readonly FilterTerm[];
  readonly noneOf: readonly FilterTerm[];
};

export type SearchQuery = SearchLanguage & {
  /** Words that must occur in `textFields`; '' asks for nothing. */
  readonly query: string;
  readonly textFields: readonly string[];
  readonly from: number;
  readonly size: number;
  /** Opaque: what an earlier answer gave as `next_cursor`. */
  readonly cursor?: string;
  readonly sort: readonly SortKey[];
  /** One for each field; all must hold. */
  readonly filters: readonly FieldFilter[];
};

export type SearchOptions = {
  readonly fields: SearchFields;
  /** Fields that `sort` may name. */
  readonly sortable: readonly string[];
  /** Where `query` looks; all fields of type text when absent. */
  readonly textFields?: readonly string[];
};

export type SearchParameters = GivenParameters;

const DEFAULT_SIZE = 10;
/** wire: Coco's console asks for 10,000 at once, and `from + size` ≤ 10,000; beyond that a cursor, which costs the same
 *  at any depth. What is too large for an answer is refused where it is written. */
const LARGEST_SIZE = 10_000;
const DEEPEST = 10_000;
/** Ours: a search has to be read before it is answered. */
const LONGEST_QUERY = 1024;
const MOST_FILTERS = 100;
const MOST_SORT_KEYS = 5;
const LONGEST_CURSOR = 8192;

type Name = 'query' | 'from' | 'size' | 'sort' | 'filter' | 'cursor';

/**
 * Reads the search parameters of a URL: query, from, size, sort, filter (repeated), cursor and those of readLanguage;
 * others are the caller's. Throws Failure `invalid_request` with everything that is wrong.
 */
export function parseSearch(parameters: SearchParameters, options: SearchOptions): SearchQuery {
  const details: FailureDetail[] = [];
  const refuse = (path: string, reason: string) => void details.push({ path, reason });
  const single = (name: Name) => readSingle(parameters[name], name, refuse);
  const query = single('query') ?? '';
  if (query.length > LONGEST_QUERY) refuse('query', `must be at most ${LONGEST_QUERY} characters`);
  const cursor = single('cursor') || undefined;
  if (cursor !== undefined && cursor.length > LONGEST_CURSOR) refuse('cursor', 'is not one of ours');
  const page = readPage(single('from'), single('size'), cursor, refuse);
  const sort = readSort(single('sort'), options.sortable, refuse);
  const filters = readFilters(listOf(parameters.filter), options.fields, refuse);
  const language = readLanguage(parameters, refuse);
  if (details.length > 0) throw notReadable(details);
  const textFields =
    options.textFields ?? Object.keys(options.fields).filter((field) => options.fields[field] === 'text');
  return { query, textFields, ...page, ...(cursor === undefined ? {} : { cursor }), sort, filters, ...language };
}

type Refuse = (path: string, reason: string) => void;

function readSingle(value: string | readonly string[] | undefined, name: Name, refuse: Refuse): string | undefined {
  if (value === undefined || typeof value === 'string') return value;
  if (value.length > 1) refuse(name, 'is given more than once');
  return value[0];
}

function listOf(value: string | readonly string[] | undefined): readonly string[] {
  return value === undefined ? [] : typeof value === 'string' ? [value] : value;
}

function readPage(
  fromText: string | undefined,
  sizeText: string | undefined,
  cursor: string | undefined,
  refuse: Refuse,
): { from: number; size: number } {
  const from = readWhole(fromText) ?? 0;
  const size = readWhole(sizeText) ?? DEFAULT_SIZE;
  const sized = size >= 0 && size <= LARGEST_SIZE;
  if (!sized) refuse('size', `must be a whole number from 0 to ${LARGEST_SIZE}`);
  if (!(from >= 0)) refuse('from', 'must be a whole number from 0');
  else if (cursor !== undefined && from > 0) refuse('from', 'cannot be given together with a cursor: leave it out');
  else if (sized && from + size > DEEPEST) {
    refuse('from', `from + size must be at most ${DEEPEST}: go on with cursor, the next_cursor of the last answer`);
  }
  return { from, size };
}

/** NaN for what is no whole number, undefined for nothing. */
function readWhole(text: string | undefined): number | undefined {
  if (text === undefined || text === '') return undefined;
  return /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
}

function readSort(text: string | undefined, sortable: readonly string[], refuse: Refuse): SortKey[] {
  if (text === undefined || text.trim() === '') return [];
  const parts = text.split(',');
  if (parts.length > MOST_SORT_KEYS) refuse('sort', `must name at most ${MOST_SORT_KEYS} fields`);
  const keys = parts.slice(0, MOST_SORT_KEYS).map((part): SortKey => {
    const [field = '', direction = 'asc', ...rest] = part.trim().split(':');
    const order = direction.toLowerCase();
    if (!sortable.includes(field))
      refuse('sort', `cannot sort by "${field.slice(0, 80)}"; possible are ${sortable.join(', ')}`);
    if ((order !== 'asc' && order !== 'desc') || rest.length > 0)
      refuse('sort', 'must be written as field:asc or field:desc');
    return { field, direction: order === 'desc' ? 'desc' : 'asc' };
  });
  if (new Set(keys.map(({ field }) => field)).size < keys.length) refuse('sort', 'names a field twice');
  return keys;
}

function readFilters(texts: readonly string[], fields: SearchFields, refuse: Refuse): FieldFilter[] {
  if (texts.length > MOST_FILTERS) refuse('filter', `must be at most ${MOST_FILTERS} filters`);
  const terms = texts.slice(0, MOST_FILTERS).flatMap((text, i) => {
    try {
      return text === '' ? [] : [parseFilter(text, fields)];
    } catch (error) {
      if (!(error instanceof FilterProblem)) throw error;
      refuse(texts.length === 1 ? 'filter' : `filter.${i}`, error.message);
      return [];
    }
  });
  return [...Map.groupBy(terms, ({ field }) => field)].map(([field, own]) => ({
    field,
    anyOf: own.filter(({ negated, operator }) => !negated && (operator === 'any' || operator === 'exists')),
    allOf: own.filter(({ negated, operator }) => !negated && operator !== 'any' && operator !== 'exists'),
    noneOf: own.filter(({ negated }) => negated),
  }));
}

function notReadable(details: FailureDetail[]): Failure {
  const [first] = details;
  const more = details.length > 1 ? ` (and ${details.length - 1} more, see details)` : '';
  const where = first?.path ? `${first.path}: ` : '';
  return new Failure('invalid_request', `the search is not valid: ${where}${first?.reason}${more}`, { details });
}
