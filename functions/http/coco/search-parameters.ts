import * as z from 'zod';
import { Failure } from '#core/model/errors.ts';
import { parseInput } from '#core/model/parse-input.ts';
import { type FacetRequests, facetRequests } from '#core/search/facet-request.ts';
import type { SearchPage } from '#core/search/search-page.ts';
import type { ApiDeps } from '../table/deps.ts';
import type { QueryParameter, QueryValues, Reply, RequestContext, RouteOf } from '../table/route.ts';
import type { CocoAnswer } from './answer-schemas.ts';
import { facetedAnswer, searchAnswer } from './answers.ts';

const text = z.string('must be a text');
const list = z.array(z.string('must be a text'));
const textOrList = z.union([text, list], 'must be a text or a list of texts');
const number = z.union([z.number(), text], 'must be a number').transform(String);
const joined = textOrList.transform((given) => (typeof given === 'string' ? given : given.join(',')));

/** What a search may be asked, and how each is written in a POST's body. What they mean is the core's to judge. */
const known = {
  query: { form: text, description: 'words to look for' },
  from: { form: number, description: 'how many hits to skip, 0 by default' },
  size: { form: number, description: 'how many hits to give, 10 by default, at most 10,000 with from' },
  sort: { form: joined, description: 'field:asc,field2:desc' },
  filter: {
    form: textOrList,
    description: 'f:v, f=v, f:any(a,b), f>=n, f<=n, f>n, f<n or exists(f); a leading - or ! negates',
    repeatable: true,
  },
  default_operator: { form: text, description: 'AND (by default): all words of query must occur; OR: one is enough' },
  _source_includes: {
    form: joined,
    description: 'only these fields of the hits, joined by commas; each with all below it, * for any characters',
    repeatable: true,
  },
  _source_excludes: {
    form: joined,
    description: 'all fields of the hits but these, in the same form',
    repeatable: true,
  },
  fuzziness: { form: number, description: '0–5; taken and not used: words are looked for as they are written' },
  search_type: { form: text, description: 'keyword, semantic or hybrid; taken and not used' },
  querysource: { form: text, description: 'who asks, in at most 256 characters; taken and not used' },
  cursor: { form: text, description: 'next_cursor of the answer before: goes on beyond 10,000 hits' },
  datasource: { form: joined, description: 'ids of datasources, joined by commas or repeated', repeatable: true },
  category: { form: text, description: 'folder, such as /a/b/' },
  subcategory: { form: text, description: 'of Coco: no document here has one, so nothing is found' },
  rich_category: { form: text, description: 'of Coco: no document here has one, so nothing is found' },
  path: {
    form: z.union([text, list.transform((parts) => JSON.stringify(parts))], 'must be a list of folder names'),
    description: 'one folder level, as a JSON array such as ["a","b"]',
  },
  view: { form: text, description: 'list: documents at any depth, no folders' },
  prefix: { form: text, description: 'only keys that begin with this' },
  extension: {
    form: joined,
    description: 'only these file extensions, such as pdf or tar.gz, joined by commas or repeated; * is every file',
    repeatable: true,
  },
} as const;

export type SearchName = keyof typeof known;

/** What every search takes. */
export const commonSearchNames = [
  ...(['query', 'from', 'size', 'sort', 'filter', 'default_operator', '_source_includes', '_source_excludes'] as const),
  ...(['fuzziness', 'search_type', 'querysource'] as const),
] as const;

type Asked<Result> = (
  context: RequestContext<ApiDeps>,
  params: QueryValues,
  facets: FacetRequests | undefined,
) => Promise<Result>;

/** The two routes of a search: GET with its parameters in the query string, POST with them in the body as well. */
export function searchRoutes(
  path: string,
  index: 'connector' | 'datasource' | 'document',
  names: readonly SearchName[],
  search: Asked<SearchPage>,
): RouteOf<'api', CocoAnswer>[] {
  const route = { path, scope: 'read', fn: 'api', answer: 'search' } as const;
  const query = names.map(parameterOf);
  const forms = names.map((name) => [name, known[name].form.optional()]);
  // Those that this search does not take are not among them, and so refused.
  const body = z.strictObject({ ...(Object.fromEntries(forms) as Forms), aggs: facetRequests.optional() });
  const answer: Asked<Reply> = async (context, params, facets) => {
    const beganAt = context.deps.clock.now();
    const page = await search(context, params, facets);
    const took = context.deps.clock.now() - beganAt;
    return facets === undefined ? searchAnswer(index, page, took) : facetedAnswer(index, page, took);
  };
  return [
    {
      ...route,
      method: 'GET',
      summary: `Search in ${path}`,
      query,
      handle: (context) => answer(context, context.query, undefined),
    },
    {
      ...route,
      method: 'POST',
      summary: `Search in ${path}, the parameters in the body; aggs counts the hits by the values of a field`,
      query,
      request: { schemas: [body], optional: true },
      handle: (context) => {
        const { aggs, ...given } = parseInput(body, context.body ?? {}, 'the search');
        return answer(context, merge(context.query, given), aggs);
      },
    },
  ];
}

type Forms = Readonly<Record<SearchName, z.ZodOptional<(typeof known)[SearchName]['form']>>>;

function parameterOf(name: SearchName): QueryParameter {
  const { form: _form, ...described } = known[name];
  return { name, ...described };
}

function merge(query: QueryValues, body: QueryValues): QueryValues {
  const twice = Object.keys(body).filter((name) => body[name] !== undefined && query[name] !== undefined);
  if (twice.length === 0) return { ...query, ...body };
  const details = twice.map((path) => ({ path, reason: 'is given in the URL and in the body' }));
  throw new Failure('invalid_request', `the search is not valid: ${twice[0]}: ${details[0]?.reason}`, { details });
}
