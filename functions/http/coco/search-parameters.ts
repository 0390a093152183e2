import * as z from 'zod';
import { Failure } from '#core/model/errors.ts';
import { parseInput } from '#core/model/parse-input.ts';
import type { SearchPage } from '#core/search/search-page.ts';
import type { ApiDeps } from '../table/deps.ts';
import type { QueryParameter, QueryValues, Reply, RequestContext, RouteOf } from '../table/route.ts';
import type { CocoAnswer } from './answer-schemas.ts';
import { searchAnswer } from './answers.ts';

const text = z.string('must be a text');
const list = z.array(z.string('must be a text'));
const textOrList = z.union([text, list], 'must be a text or a list of texts');
const number = z.union([z.number(), text], 'must be a number').transform(String);
const joined = textOrList.transform((given) => (typeof given === 'string' ? given : given.join(',')));

/** What a search may be asked, and how each is written in a POST's body. What they mean is the core's to judge. */
const known = {
  query: { form: text, description: 'words to look for' },
  from: { form: number, description: 'how many hits to skip, 0 by default' },
  size: { form: number, description: 'how many hits to give, 10 by default, at most 1,000' },
  sort: { form: joined, description: 'field:asc,field2:desc' },
  filter: {
    form: textOrList,
    description: 'f:v, f=v, f:any(a,b), f>=n, f<=n, f>n, f<n or exists(f); a leading - or ! negates',
    repeatable: true,
  },
  cursor: { form: text, description: 'next_cursor of the answer before: goes on beyond 10,000 hits' },
  datasource: { form: joined, description: 'ids of datasources, joined by commas or repeated', repeatable: true },
  category: { form: text, description: 'folder, such as /a/b/' },
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
export const commonSearchNames = ['query', 'from', 'size', 'sort', 'filter'] as const;

type Search = (context: RequestContext<ApiDeps>, params: QueryValues) => Promise<SearchPage>;

/** The two routes of a search: GET with its parameters in the query string, POST with them in the body as well. */
export function searchRoutes(
  path: string,
  index: 'connector' | 'datasource' | 'document',
  names: readonly SearchName[],
  search: Search,
): RouteOf<'api', CocoAnswer>[] {
  const route = { path, scope: 'read', fn: 'api', answer: 'search' } as const;
  const query = names.map(parameterOf);
  const schema = z.strictObject(Object.fromEntries(names.map((name) => [name, known[name].form.optional()])));
  const answer = async (context: RequestContext<ApiDeps>, params: QueryValues): Promise<Reply> => {
    const beganAt = context.deps.clock.now();
    const page = await search(context, params);
    return searchAnswer(index, page, context.deps.clock.now() - beganAt);
  };
  return [
    {
      ...route,
      method: 'GET',
      summary: `Search in ${path}`,
      query,
      handle: (context) => answer(context, context.query),
    },
    {
      ...route,
      method: 'POST',
      summary: `Search in ${path}, the parameters in the body`,
      query,
      request: { schemas: [schema], optional: true },
      handle: (context) => {
        const body = parseInput(schema, context.body ?? {}, 'the search');
        return answer(context, merge(context.query, body));
      },
    },
  ];
}

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
