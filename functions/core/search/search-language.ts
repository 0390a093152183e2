/** The parameters of a URL or a body, as they came. */
export type GivenParameters = Readonly<Record<string, string | readonly string[] | undefined>>;

/** What the language of `_search` has beside words, filters and pages. Only what changes the answer is kept. */
export type SearchLanguage = {
  /** Whether one of the words of `query` is enough; all must occur when absent. */
  readonly operator?: 'or';
  /** Which fields the hits show; all when absent. */
  readonly shown?: ShownFields;
};

/** Dotted paths, in which `*` stands for any characters; each with all that is below it. */
export type ShownFields = { readonly includes: readonly string[]; readonly excludes: readonly string[] };

/** What Coco's clients say of a search, and what it may be. It changes nothing here: words are looked for as they are. */
const ignored: Readonly<Record<string, { readonly accepts: RegExp; readonly reason: string }>> = {
  fuzziness: { accepts: /^[0-5]$/, reason: 'must be a whole number from 0 to 5' },
  search_type: { accepts: /^(?:keyword|semantic|hybrid)$/, reason: 'must be keyword, semantic or hybrid' },
  querysource: { accepts: /^.{0,256}$/su, reason: 'must be at most 256 characters' },
};

/** Ours: a name with `*` is tried on each field of each hit. */
const mostFields = 100;
const longestField = 256;
const mostPatterns = 10;
const mostStars = 3;

type Refuse = (path: string, reason: string) => void;

/** Reads `fuzziness`, `search_type`, `querysource`, `default_operator`, `_source_includes` and `_source_excludes`. An
 *  empty text counts as absent. */
export function readLanguage(parameters: GivenParameters, refuse: Refuse): SearchLanguage {
  for (const [name, { accepts, reason }] of Object.entries(ignored)) {
    const text = readText(parameters, name, refuse);
    if (text !== '' && !accepts.test(text)) refuse(name, reason);
  }
  const operator = readText(parameters, 'default_operator', refuse).toLowerCase();
  if (!['', 'and', 'or'].includes(operator)) refuse('default_operator', 'must be AND or OR');
  const shown = readShown(parameters, refuse);
  return {
    ...(operator === 'or' ? { operator } : {}),
    ...(shown === undefined ? {} : { shown }),
  };
}

/** The part of it that says what hits show; undefined for everything. */
export function readShown(parameters: GivenParameters, refuse: Refuse = () => undefined): ShownFields | undefined {
  const includes = readFields(parameters, '_source_includes', refuse);
  const excludes = readFields(parameters, '_source_excludes', refuse);
  return includes.length + excludes.length > 0 ? { includes, excludes } : undefined;
}

function readText(parameters: GivenParameters, name: string, refuse: Refuse): string {
  const [text = '', ...others] = [parameters[name] ?? []].flat();
  if (others.length > 0) refuse(name, 'is given more than once');
  return text;
}

function readFields(parameters: GivenParameters, name: string, refuse: Refuse): string[] {
  const fields = [parameters[name] ?? []]
    .flat()
    .flatMap((text) => text.split(','))
    .map((field) => field.trim())
    .filter((field) => field !== '');
  if (fields.length > mostFields) refuse(name, `must be at most ${mostFields} fields`);
  if (fields.some((field) => field.length > longestField)) {
    refuse(name, `must be names of at most ${longestField} characters`);
  }
  const patterns = fields.filter((field) => field.includes('*'));
  if (patterns.length > mostPatterns || patterns.some((pattern) => pattern.split('*').length - 1 > mostStars)) {
    refuse(name, `must be at most ${mostPatterns} names with *, and at most ${mostStars} * in each`);
  }
  return fields;
}
