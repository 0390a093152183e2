import fc from 'fast-check';
import type * as z from 'zod';
import { openSqliteTable } from '#adapters/sqlite/sqlite-table.ts';
import { documentId } from '#core/catalogue/document-id.ts';
import { routes } from '#http/routes.ts';
import type { Route } from '#http/table/route.ts';
import { type CountingTable, countWrites } from '#support/counting-table.ts';
import { bodyOf, type Knowledge } from '#support/generated-body.ts';
import { type SentBody, spoil } from '#support/spoilt-body.ts';
import { createRandomSource, type RandomSource } from '../simulation/random-source.ts';
import { type Api, createApi, datasourceBody, eventOf } from './api-fixture.ts';
import { connectorBody } from './flexorch/strict-client.ts';
import { connectorOtherwise, documentOtherwise, isFields, readsOtherwise, scheduleOtherwise } from './reads-back.ts';
import { fitSchedule, knowledge } from './valid-bodies.ts';

/** What became of the requests to one route. */
export type Asked = {
  readonly route: string;
  readonly sent: number;
  readonly taken: number;
  readonly wrong: readonly string[];
};

const document = documentId('ds', 'c.txt');

/** What stands in the places of a path. A parameter that is not here is answered as one that names nothing. */
const places: Readonly<Record<string, string>> = {
  id: 'ds',
  doc_id: document,
  connector: '2',
  schedule: '2',
  webhook: '1',
};

/** Words that these routes alone need. */
const schedules: Knowledge = {
  words: { ...knowledge.words, connector_id: fc.constantFrom(2, '2') },
  mends: { ...knowledge.mends, '': fitSchedule },
};
const jobs: Knowledge = {
  words: {
    ...knowledge.words,
    'source.connector_id': fc.constantFrom(2, '2'),
    'source.keys': fc.uniqueArray(fc.constantFrom('a/1.pdf', 'c.txt', 'ü/%', '\u0001'), { minLength: 1 }),
    pipeline_config: fc.constantFrom({ processor: [{ s3_head: {} }] }, undefined),
  },
  mends: {},
};
const hooks: Knowledge = {
  words: {
    url: fc.constantFrom('https://hooks.example.com/a', 'https://hooks.example.com/b?c=d'),
    secret: fc.constantFrom('a-secret-of-sixteen'),
  },
  mends: {},
};

function knowledgeOf({ path }: Route): Knowledge {
  if (path.includes('schedule')) return schedules;
  if (path.includes('data-process')) return jobs;
  return path.includes('webhook') ? hooks : knowledge;
}

type World = { readonly api: Api; readonly table: CountingTable };

/** Where keys are needed, any text is one that may do all: what is tried is what else comes in. */
const keyed = {
  configured: true,
  hasOwnManagingKey: true,
  find: async () => ({ id: 'somebody', scope: 'manage' as const }),
};
const withKey = { 'x-api-key': 'any' };

/** Keys are made only where they count. */
function forKeys({ path }: Route): boolean {
  return path.startsWith('/_keys');
}

async function prepare(route: Route): Promise<World> {
  const table = countWrites(openSqliteTable(':memory:'));
  if (forKeys(route)) return { api: createApi({ apiKeys: keyed, deps: { table } }), table };
  const api = createApi({ deps: { table } });
  await api.call('POST', '/datasource/', { body: datasourceBody({ id: 'ds' }, { extensions: [] }) });
  await api.call('POST', '/datasource/ds/_sync');
  await api.work();
  await api.call('POST', '/connector', { body: { id: 'ds', name: 'of the same id' } });
  await api.call('POST', '/v1/connectors', { body: connectorBody({}, { prefix: 'a/' }) });
  await api.call('POST', '/v1/connectors/2/schedules', { body: { interval: '6h' } });
  return { api, table };
}

/** The routes that read a body to write by it, from the table, and with `?replace=true` those that take it. */
export function writeRoutes(): { readonly route: Route; readonly query: string }[] {
  const writing = routes.filter(({ request, path }) => request !== undefined && !path.endsWith('_search'));
  return writing.flatMap((route) => {
    const replaces = route.query?.some(({ name }) => name === 'replace');
    return [{ route, query: '' }, ...(replaces ? [{ route, query: '?replace=true' }] : [])];
  });
}

/** So many good bodies are made of a schema; each is spoilt again and again. */
const goodBodies = 300;

/** Sends so many spoilt bodies to a route, and reads back what was taken. Whatever is random follows from the seed. */
export async function sendBodies(
  { route, query }: ReturnType<typeof writeRoutes>[number],
  bodies: number,
  seed: number,
): Promise<Asked> {
  const { api, table } = await prepare(route);
  const random = createRandomSource(seed);
  const good = goodOf(route, query, Math.min(bodies, goodBodies), seed);
  const path = route.path.replace(/\{(\w+)\}/g, (_all, name: string) => places[name] ?? '1');
  const wrong: string[] = [];
  let taken = 0;
  for (let index = 0; index < bodies; index += 1) {
    const body = spoil(random, good[index % good.length]);
    api.time.now += 1000;
    table.reset();
    const { status, text } = await send(api, route.method, `${path}${query}`, body);
    const told = (what: string): void =>
      void wrong.push(`body ${index}: ${what}: ${body.bytes.toString().slice(0, 300)}`);
    if (status >= 500 || status < 200) told(`${status} ${text.slice(0, 200)}`);
    else if (status >= 400 && table.writes > 0) told(`refused with ${status}, and ${table.writes} were written`);
    else if (status < 300) {
      taken += 1;
      for (const otherwise of await readBack(api, route, path, body.says, JSON.parse(text || '{}'))) told(otherwise);
    }
  }
  for (const line of api.log.lines.filter(({ level }) => level === 'error'))
    wrong.push(JSON.stringify(line).slice(0, 300));
  return { route: `${route.method} ${route.path}${query}`, sent: bodies, taken, wrong };
}

/** With `?replace=true` a body is the last of a route's shapes, else the first. */
function goodOf(route: Route, query: string, count: number, seed: number): unknown[] {
  const shapes: readonly z.ZodType[] = route.request?.schemas ?? [];
  const schema = query === '' ? shapes[0] : shapes.at(-1);
  if (schema === undefined) throw new Error(`${route.path} reads no body`);
  if (route.request?.list) return [[document], [documentId('ds', 'a/1.pdf'), documentId('ds', 'none')]];
  return fc.sample(bodyOf(schema, knowledgeOf(route)), { numRuns: count, seed });
}

async function send(api: Api, method: string, path: string, { bytes, contentType }: SentBody) {
  const headers = { 'content-type': contentType, ...withKey };
  const event = { ...eventOf(method, path, { headers }), body: bytes.toString('base64'), isBase64Encoded: true };
  const route = routes.find((each) => each.method === method && fits(each.path, path));
  const { statusCode = 0, body = '' } = await api.handlers[route?.fn ?? 'api'](event);
  return { status: statusCode, text: body };
}

function fits(pattern: string, path: string): boolean {
  return new RegExp(`^${pattern.replace(/\{\w+\}/g, '[^/]+')}$`).test(path.split('?')[0] ?? '');
}

/** Reads what a route took, says what of it reads otherwise, and removes what was made, so that lists stay short. */
async function readBack(
  api: Api,
  route: Route,
  path: string,
  says: unknown,
  answer: Record<string, never>,
): Promise<string[]> {
  const sent = isFields(says) ? says : {};
  if (forKeys(route)) return readKeyBack(api, sent, answer);
  if (route.path.startsWith('/v1')) return readBackUnderV1(api, route, path, sent, answer);
  if (route.request?.list || route.path.startsWith('/datasource/{id}/')) return [];
  const at = route.method === 'POST' ? `${path}/${answer._id}` : path;
  const { json } = await api.call('GET', at);
  if (json?._source === undefined) return [`${at} cannot be read`];
  if (route.method === 'POST') await api.call('DELETE', at);
  return route.path.startsWith('/document')
    ? documentOtherwise(sent, json._source)
    : readsOtherwise(sent, json._source);
}

async function readKeyBack(
  api: Api,
  { name, scope }: Readonly<Record<string, unknown>>,
  { _id: id }: Record<string, never>,
): Promise<string[]> {
  const { json } = await api.call('GET', `/_keys/${id}`, { headers: withKey });
  await api.call('POST', `/_keys/${id}/_revoke`, { headers: withKey });
  return readsOtherwise({ name, scope }, json?._source ?? {});
}

async function readBackUnderV1(
  api: Api,
  { method, path: pattern }: Route,
  path: string,
  sent: Readonly<Record<string, unknown>>,
  answer: Record<string, never>,
): Promise<string[]> {
  const { id } = (answer.data ?? {}) as { id?: number };
  if (id === undefined || pattern.includes('trigger') || pattern.includes('/test')) return [];
  const made = method === 'POST';
  const at = made ? `${pattern.includes('schedule') ? '/v1/scheduler/schedules' : path}/${id}` : path;
  const { json } = pattern.includes('webhook') ? { json: { data: answer.data } } : await api.call('GET', at);
  if (made) await api.call('DELETE', at);
  if (pattern.includes('schedule')) return scheduleOtherwise(sent, json.data);
  return pattern.includes('webhook') ? readsOtherwise(sent, json.data) : connectorOtherwise(sent, json.data);
}

/** Values of parameters that were never meant. */
const oddValues = [
  ...[
    '',
    ' ',
    '0',
    '-1',
    '1',
    '10',
    '10000',
    '10001',
    '1e3',
    '1.5',
    '99999999999999999999',
    'NaN',
    'null',
    'true',
    '%00',
    '%ff',
    '%zz',
  ],
  ...[
    '%F0%9F%98%80',
    '%ED%A0%80',
    '*',
    '**',
    '(',
    '[',
    '["a"',
    '["a",1]',
    '[]',
    '["a","b"]',
    '{}',
    '__proto__',
    'constructor',
    '..%2F..',
  ],
  ...[
    'size:asc',
    'size:',
    ':asc',
    'name:asc,name:desc',
    'x:asc',
    'created:desc',
    'metadata.key:asc',
    'size:asc,title:desc',
  ],
  ...[
    'size%3E=3',
    'size%3E=x',
    'name:any(a,b)',
    'name:any(',
    'name:any()',
    'exists(name)',
    'exists(',
    '-exists(x)',
    '!name:x',
    '--name:x',
    'name:x:y',
    'created%3E2026',
    'f',
    ':',
    '=',
  ],
  ...[
    'eyJhdCI6bnVsbH0',
    'eyJhIjoxfQ.x',
    'a'.repeat(3000),
    'ds',
    'ds,none',
    'ds.YQ',
    ',',
    ',,,',
    'list',
    'tree',
    '/a/b/',
    '/',
    'a/',
    'pdf',
    '.pdf',
    'tar.gz',
  ],
  ...[
    'AND',
    'OR',
    'and',
    'keyword',
    'hybrid',
    'id,name',
    '_source.*',
    '-id',
    'a*b*c*d',
    'any',
    '"a b"',
    '\u0130',
    '%C4%B0',
  ],
];

export function searchRoutesOf(): Route[] {
  return routes.filter(({ path }) => path.endsWith('_search'));
}

/** Asks a search so many odd questions, in its URL and, where it takes one, in its body. */
export async function sendQueries(route: Route, queries: number, seed: number): Promise<Asked> {
  const { api } = await prepare(route);
  const random = createRandomSource(seed);
  const names = [...(route.query ?? []).map(({ name }) => name), 'nonsense', '__proto__', 'aggs'];
  const wrong: string[] = [];
  let taken = 0;
  for (let index = 0; index < queries; index += 1) {
    const query = Array.from({ length: random.below(4) }, () => `${random.pick(names)}=${oddValue(random)}`).join('&');
    const body =
      route.method === 'POST'
        ? spoil(random, searchBody(random, names))
        : { bytes: Buffer.alloc(0), contentType: '', says: undefined };
    const { status, text } = await send(api, route.method, `${route.path}?${query}`, body);
    if (status < 300) taken += 1;
    if (status >= 500 || status < 200)
      wrong.push(`query ${index}: ${status} ${query} ${body.bytes.toString().slice(0, 300)}: ${text.slice(0, 200)}`);
  }
  for (const line of api.log.lines.filter(({ level }) => level === 'error'))
    wrong.push(JSON.stringify(line).slice(0, 300));
  return { route: `${route.method} ${route.path}`, sent: queries, taken, wrong };
}

function oddValue(random: RandomSource): string {
  return random.chance(0.8)
    ? random.pick(oddValues).replace(/[?#&]/g, '')
    : encodeURIComponent(String(random.below(1e6)));
}

function searchBody(random: RandomSource, names: readonly string[]): Record<string, unknown> {
  const fields = ['category', 'type', 'source.id', 'tags', 'size', '__proto__', 'metadata.key', 'x'];
  const top = { top_hits: { size: random.below(5), _source: random.pick(['id', ['id', 'title'], '*', []]) } };
  const aggs = {
    a: {
      terms: { field: random.pick(fields), size: random.below(50) },
      ...(random.chance(0.5) ? { aggs: { top } } : {}),
    },
  };
  const given = Array.from({ length: random.below(3) }, () => [random.pick(names), decoded(random.pick(oddValues))]);
  return { ...Object.fromEntries(given), ...(random.chance(0.5) ? { aggs } : {}) };
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
