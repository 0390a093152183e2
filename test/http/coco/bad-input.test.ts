import { describe, expect, test } from 'vitest';
import { documentId } from '#core/catalogue/document-id.ts';
import { dialectOf } from '#http/dialects.ts';
import { routes } from '#http/routes.ts';
import type { Route } from '#http/table/route.ts';
import { type Api, datasourceBody } from '../api-fixture.ts';
import { syncedApi } from './synced-api.ts';

const own = routes.filter(({ path }) => dialectOf(path) === 'coco');
const document = documentId('docs', 'c.txt');

/** A path that leads to something, so that nothing but what is asked can be wrong. */
function pathOf({ path }: Route): string {
  const places: Readonly<Record<string, string>> = {
    ...{ id: 'docs', run: 'r1', doc_id: document, hint: 'c.txt', key: '000000000000' },
  };
  return path.replace('/connector/{id}', '/connector/s3').replace(/\{(\w+)\}/g, (_, name) => places[name] ?? '');
}

/** The routes that a test runs over, each with its name before it. */
function eachOf(some: readonly Route[]): [string, Route][] {
  return some.map((route) => [`${route.method} ${route.path}`, route]);
}

/** What there is, told in full: a refused request must leave it as it was. */
async function everything(api: Api): Promise<string> {
  const paths = ['/connector/_search', '/datasource/docs', '/datasource/docs/_runs', '/document/_search'];
  const answers = await Promise.all(paths.map((path) => api.call('GET', path)));
  return answers.map(({ text }) => text).join('\n');
}

async function expectRefused(route: Route, query: string, body: unknown, reason: RegExp): Promise<void> {
  const api = await syncedApi();
  const before = await everything(api);
  const { status, json, text } = await api.call(route.method, `${pathOf(route)}${query}`, { body });
  expect([status, json.status, json.error?.code, json.request_id]).toEqual([400, 400, 'invalid_request', 'request-1']);
  expect(json.error.reason).toMatch(reason);
  expect(text.length).toBeLessThan(3000);
  expect(await everything(api)).toBe(before);
}

/** For each parameter of a query string, what it may not be and what is said then. */
const parameters: Readonly<Record<string, readonly [text: string, reason: RegExp][]>> = {
  query: [['x'.repeat(1025), /query: must be at most 1024/]],
  from: [
    ['-1', /from: must be a whole number from 0/],
    ['10000', /from: from \+ size must be at most 10000/],
  ],
  size: [
    ['10001', /size: must be a whole number from |from 1 to 100/],
    ['-1', /size: must be a whole number from /],
    ['x', /size: must be a whole number from /],
  ],
  sort: [['colour:asc', /sort: cannot sort by "colour"/]],
  filter: [
    ['langg:en', /filter: names the unknown field "langg"/],
    ['size', /filter: /],
  ],
  default_operator: [['XOR', /default_operator: must be AND or OR/]],
  _source_includes: [['a*b*c*d*', /_source_includes: must be at most 10 names with \*/]],
  _source_excludes: [['x'.repeat(257), /_source_excludes: must be names of at most 256/]],
  fuzziness: [
    ['6', /fuzziness: must be a whole number from 0 to 5/],
    ['AUTO', /fuzziness: must be a whole number from 0 to 5/],
  ],
  search_type: [['vector', /search_type: must be keyword, semantic or hybrid/]],
  querysource: [['x'.repeat(257), /querysource: must be at most 256/]],
  cursor: [['nonsense', /cursor: is not one that this search gave/]],
  datasource: [[Array.from({ length: 1001 }, (_, i) => i).join(','), /datasource: must be at most 1000/]],
  category: [['x'.repeat(1025), /category: must be at most 1,024 bytes/]],
  subcategory: [['a&subcategory=b', /subcategory: is given more than once/]],
  rich_category: [['a&rich_category=b', /rich_category: is given more than once/]],
  path: [['a/b', /path: must be a JSON array/]],
  view: [['list&view=list', /view: is given more than once/]],
  prefix: [['x'.repeat(1025), /prefix: must be at most 1,024 bytes/]],
  extension: [['a/b', /extension: must be extensions/]],
  replace: [['yes', /replace: must be true or false/]],
  keys: [['0', /keys: must be a whole number from 1/]],
  before: [['!', /before must be the next/]],
  revoked: [['yes', /revoked: must be true or false/]],
  after: [['!', /after must be the next/]],
};

/** The same of the audit, whose parameters have names of others and another meaning. */
const ofAudit: typeof parameters = {
  cursor: [['nonsense', /cursor: must be the next_cursor of the answer before/]],
  kind: [['lease', /kind: must be one of connector, datasource/]],
  id: [['x'.repeat(1501), /id: must be at most 1,500 characters/]],
  actor: [['', /actor: must not be empty/]],
  from: [['yesterday', /from: must be a day such as/]],
  to: [
    ['2026-13-01', /to: must be a day such as/],
    ['2026-11-30&from=2026-11-30', /to: must be after from/],
  ],
};

describe('the query string', () => {
  test.each(eachOf(own))('given %s with a parameter that it does not know, it is 400', async (_name, route) => {
    const body = route.request?.list ? [document] : route.method === 'GET' ? undefined : {};
    await expectRefused(route, '?colour=red', body, /colour: is not known/);
  });

  const queried = own.flatMap((route) =>
    (route.query ?? []).map(({ name }): [string, string, Route] => [name, `${route.method} ${route.path}`, route]),
  );
  test.each(queried)('given a bad %s, %s says so', async (name, _route, route) => {
    const rows = (route.path === '/_audit' ? ofAudit : parameters)[name] ?? parameters[name] ?? [];
    expect(rows.length).toBeGreaterThan(0);
    for (const [text, reason] of rows) {
      const body = route.path === '/connector/{id}' ? { name: 'x' } : {};
      await expectRefused(route, `?${name}=${text.replaceAll(' ', '%20')}`, body, reason);
    }
  });
});

const top = (over: object) => ({
  x: { terms: { field: 'id' }, aggs: { top: { top_hits: { _source: ['id'], ...over } } } },
});
const manyFacets = Object.fromEntries(Array.from({ length: 11 }, (_, i) => [`f${i}`, { terms: { field: 'id' } }]));

const facets: readonly [body: unknown, reason: RegExp][] = [
  [{ aggs: [] }, /aggs: /],
  [{ aggs: 'x' }, /aggs: /],
  [{ aggs: { x: {} } }, /aggs\.x\.terms: is required/],
  [{ aggs: { x: { avg: { field: 'size' } } } }, /aggs\.x\.terms: is required/],
  [{ aggs: { x: { terms: {} } } }, /aggs\.x\.terms\.field: is required/],
  [{ aggs: { x: { terms: { field: 7 } } } }, /aggs\.x\.terms\.field: must be the name of a field/],
  [{ aggs: { x: { terms: { field: 'colour' } } } }, /aggs\.x\.terms\.field: cannot be counted by; possible are .*id/],
  [{ aggs: { x: { terms: { field: 'created' } } } }, /aggs\.x\.terms\.field: cannot be counted by/],
  [{ aggs: { x: { terms: { field: 'id', size: 0 } } } }, /terms\.size: must be a whole number from 1 to 1,000/],
  [{ aggs: { x: { terms: { field: 'id', size: 1001 } } } }, /terms\.size: must be a whole number from 1 to 1,000/],
  [{ aggs: { x: { terms: { field: 'id', size: '5' } } } }, /terms\.size: must be a whole number/],
  [{ aggs: { x: { terms: { field: 'id', order: {} } } } }, /terms\.order: is not a known field/],
  [{ aggs: { x: { terms: { field: 'id' }, aggs: { y: { terms: { field: 'id' } } } } } }, /y\.top_hits: is required/],
  [{ aggs: top({ size: 11 }) }, /top_hits\.size: must be a whole number from 1 to 10/],
  [{ aggs: top({ _source: undefined }) }, /top_hits\._source: is required/],
  [{ aggs: top({ _source: ['*'] }) }, /top_hits\._source.*without \*/],
  [{ aggs: top({ sort: [] }) }, /top_hits\.sort: is not a known field/],
  [{ aggs: { x: { ...top({ size: 10 }).x, terms: { field: 'id', size: 101 } } } }, /at most 1,000 hits in all/],
  [{ aggs: manyFacets }, /aggs: must be at most 10/],
  [{ aggs: { ['n'.repeat(129)]: { terms: { field: 'id' } } } }, /at most 128 characters/],
  [{ aggs: { ['n'.repeat(100_000)]: 1 } }, /aggs\.n{77}…: /],
  [{ agg: {} }, /agg: is not a known field/],
  [{ query: { match_all: {} } }, /query: must be a text/],
  [{ size: null }, /size: must be a number/],
];

/** For each route that takes a body, what it may not be. */
const bodies: Readonly<Record<string, readonly [body: unknown, reason: RegExp][]>> = {
  'POST /connector': [[{ name: 7 }, /name: must be a text/]],
  'PUT /connector/{id}': [[{ name: 'x', colour: 'red' }, /colour: is not a known field/]],
  'POST /connector/_search': facets,
  'POST /datasource': [[datasourceBody({ colour: 'red' }), /colour: is not a known field/]],
  'PUT /datasource/{id}': [[{ name: '' }, /name: must not be empty/]],
  'POST /datasource/_search': facets,
  'POST /_keys': [
    [{ name: 'x' }, /scope: /],
    [{ name: 'x', scope: 'read', expires_in: '1 fortnight' }, /expires_in: must be a duration/],
    [{ name: 'x', scope: 'read', hash: 'x' }, /hash: is not a known field/],
  ],
  'POST /_keys/{key}/_revoke': [[{ now: true }, /now: is not a known field/]],
  'POST /datasource/{id}/_reset_sync': [[{ now: true }, /now: is not a known field/]],
  'POST /datasource/{id}/_sync': [[{ now: true }, /now: is not a known field/]],
  'POST /datasource/{id}/_runs/{run}/_cancel': [[{ now: true }, /now: is not a known field/]],
  'POST /datasource/{id}/_runs/{run}/_approve': [[{ now: true }, /now: is not a known field/]],
  'POST /datasource/{id}/_test': [[{ now: true }, /now: is not a known field/]],
  'POST /datasource/{id}/_preview': [[{ now: true }, /now: is not a known field/]],
  'POST /document/_search': facets,
  'POST /query/_search': facets,
  'PUT /document/{doc_id}': [
    [undefined, /the body is empty; send a JSON object/],
    [[], /must be a JSON object/],
    [{ tags: 'red' }, /tags: /],
    [{ tags: [''] }, /tags\.0: must not be empty/],
    [{ summary: 1 }, /summary: /],
    [{ tag: ['red'] }, /tag: is not a known field/],
    ['{"tags":["\\ud800"]}', /tags\.0: must be valid Unicode/],
  ],
  'DELETE /document': [
    [undefined, /the body is empty; send a JSON array/],
    [{}, /must be a JSON array/],
    [`"${document}"`, /must be a JSON array/],
    [[], /must name at least one document/],
    [[document, 7], /1: must be the id of a document/],
    [[document, 'docs'], /1: must be the id of a document, as a search shows it/],
    [Array.from({ length: 1001 }, () => document), /at most 1,000 ids/],
    [`["${document}"`, /it ends where it should not/],
  ],
};

describe('bodies', () => {
  const taking = own.filter(({ request }) => request !== undefined);
  test.each(eachOf(taking))('given %s with a body that cannot be, it is 400', async (name, route) => {
    const rows = bodies[name] ?? [];
    expect(rows.length).toBeGreaterThan(0);
    for (const [body, reason] of rows) await expectRefused(route, '', body, reason);
  });

  test('given a list of documents that is too large, it is 413', async () => {
    const api = await syncedApi();
    const { status, json } = await api.call('DELETE', '/document', { body: `["${'x'.repeat(1024 * 1024)}"]` });
    expect([status, json.error.code]).toEqual([413, 'too_large']);
  });

  test('given fifty thousand mistakes, the first hundred are told, and how many there are', async () => {
    const api = await syncedApi();
    const aggs = Object.fromEntries(Array.from({ length: 50_000 }, (_, i) => [`f${i}`, 1]));
    const { status, json, text } = await api.call('POST', '/query/_search', { body: { aggs } });
    expect([status, json.error.details.length, text.length < 20_000]).toEqual([400, 100, true]);
    expect(json.error.reason).toContain('(and 49999 more');
  });

  test('given what is written as a map of the prototype, it is refused, not dropped, and nothing is polluted', async () => {
    const api = await syncedApi();
    const asked = (name: string) => ({ body: `{"aggs":{"${name}":{"terms":{"field":"type"}}}}` });
    const { json } = await api.call('POST', '/query/_search', asked('constructor'));
    expect(Object.keys(json.aggregations)).toEqual(['constructor']);
    const refused = await api.call('POST', '/query/_search', asked('__proto__'));
    expect([refused.status, refused.json.error.reason]).toEqual([400, expect.stringMatching(/called __proto__/)]);
    expect(Reflect.get({}, 'terms')).toBeUndefined();
  });
});

describe('paths', () => {
  test.each([
    ['GET', '/document', 405],
    ['POST', '/document/', 405],
    ['POST', '/provider/_info', 405],
    ['GET', '/provider', 404],
    ['GET', '/icons', 404],
    ['PUT', '/icons/list', 405],
  ])('given %s %s, it is %i', async (method, path, status) => {
    expect((await (await syncedApi()).call(method, path)).status).toBe(status);
  });
});
