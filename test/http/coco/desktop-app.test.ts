import { expect, test } from 'vitest';
import { createStaticApiKeys } from '#http/table/api-keys.ts';
import { type Api, createApi } from '../api-fixture.ts';
import { syncedApi } from './synced-api.ts';

/** The body that comes with every search of the app, to the byte. */
const body = `{"aggs":{"category":{"terms":{"field":"category"}},"lang":{"terms":{"field":"lang"}},
 "source.id":{"terms":{"field":"source.id"},"aggs":{"top":{"top_hits":{"size":1,"_source":["source.name"]}}}},"type":{"terms":{"field":"type"}}}}`;
const headers = { 'content-type': 'application/json' };

const keys = ['a/1.pdf', 'a/2.pdf', 'a/b/3.pdf', 'c.txt', 'd/'];

const search = (api: Api, query: string) => api.call('POST', `/query/_search?${query}`, { body, headers });
const idsOf = ({ json }: Awaited<ReturnType<typeof search>>): string[] =>
  json.hits.hits.map(({ _source }: { _source: { metadata: { key: string } } }) => _source.metadata.key);

test('given a search of the app, the answer has each field that the app reads, and facets that count its hits', async () => {
  const api = await syncedApi(keys);
  const { status, json } = await search(api, 'from=0&size=20&query=pdf');
  expect(status).toBe(200);
  expect(json).toEqual({
    took: 0,
    timed_out: false,
    _shards: { total: 1, successful: 1, skipped: 0, failed: 0 },
    hits: { total: { value: 3, relation: 'eq' }, max_score: null, hits: expect.any(Array) },
    aggregations: {
      category: {
        doc_count_error_upper_bound: 0,
        sum_other_doc_count: 0,
        buckets: [
          { key: '/a/', doc_count: 2 },
          { key: '/a/b/', doc_count: 1 },
        ],
      },
      lang: { doc_count_error_upper_bound: 0, sum_other_doc_count: 0, buckets: [] },
      'source.id': {
        doc_count_error_upper_bound: 0,
        sum_other_doc_count: 0,
        buckets: [{ key: 'docs', doc_count: 3, top: expect.any(Object) }],
      },
      type: { doc_count_error_upper_bound: 0, sum_other_doc_count: 0, buckets: [{ key: 'file', doc_count: 3 }] },
    },
  });
  const [source] = json.aggregations['source.id'].buckets;
  const [first] = json.hits.hits;
  expect(source.top.hits).toEqual({
    total: { value: 3, relation: 'eq' },
    max_score: null,
    hits: [
      {
        _index: 'document',
        _id: first._id,
        _score: null,
        _source: { id: first._id, source: { name: 'My S3 Documents' } },
      },
    ],
  });
  expect(first).toMatchObject({ _index: 'document', _score: null, _source: { id: first._id, title: '1.pdf' } });
});

test.each<[string, string[]]>([
  ['query=pdf&querysource=search&fuzziness=3&datasource=docs', ['a/1.pdf', 'a/2.pdf', 'a/b/3.pdf']],
  ['query=&datasource=docs', keys],
  ['query=pdf&datasource=other', []],
  ['query=pdf&filter=lang:any(en)', []],
  ['query=pdf&filter=-lang:any(en)', ['a/1.pdf', 'a/2.pdf', 'a/b/3.pdf']],
  ['query=pdf&filter=tag:any(red,blue)', []],
  ['query=pdf&filter=subcategory:any(x)', []],
  ['query=pdf&filter=exists(subcategory)', []],
  ['query=pdf&filter=!exists(subcategory)', ['a/1.pdf', 'a/2.pdf', 'a/b/3.pdf']],
  ['query=&filter=type:any(folder)', ['d/']],
  ['query=&filter=category:any(/a/,/a/b/)', ['a/1.pdf', 'a/2.pdf', 'a/b/3.pdf']],
  ['query=&filter=source.id:any(docs)&filter=type:any(file)', ['a/1.pdf', 'a/2.pdf', 'a/b/3.pdf', 'c.txt']],
  ['query=pdf&filter=updated%3E=2026-01-02T00:00:00.000Z&filter=updated%3C=2026-01-03T00:00:00.000Z', keys.slice(0, 3)],
  ['query=pdf&filter=created%3E=2026-01-03', []],
  ['query=pdf&subcategory=x', []],
  ['query=pdf&rich_category=x', []],
])('given the parameters %s, the app finds %j', async (query, expected) => {
  const answer = await search(await syncedApi(keys), `from=0&size=20&${query}`);
  expect([answer.status, idsOf(answer)]).toEqual([200, expected]);
  expect(answer.json.hits.total).toEqual({ value: expected.length, relation: 'eq' });
  const types: { doc_count: number }[] = answer.json.aggregations.type.buckets;
  expect(types.reduce((sum, { doc_count }) => sum + doc_count, 0)).toBe(expected.length);
});

test('given a page behind the first, its facets are still those of all hits', async () => {
  const api = await syncedApi(keys);
  const [first, second] = [await search(api, 'from=0&size=2&query=pdf'), await search(api, 'from=2&size=2&query=pdf')];
  expect([idsOf(first).length, idsOf(second).length]).toEqual([2, 1]);
  expect(second.json.aggregations.category).toEqual(first.json.aggregations.category);
});

test('given a tag that somebody wrote, the app finds the document by it and counts it', async () => {
  const api = await syncedApi(keys);
  const [hit] = (await search(api, 'query=c.txt')).json.hits.hits;
  await api.call('PUT', `/document/${hit._id}`, { body: { tags: ['red'] } });
  expect(idsOf(await search(api, 'query=&filter=tag:any(red)'))).toEqual(['c.txt']);
  const tags = { aggs: { tags: { terms: { field: 'tags' } } } };
  const counted = await api.call('POST', '/query/_search', { body: tags });
  expect(counted.json.aggregations.tags.buckets).toEqual([{ key: 'red', doc_count: 1 }]);
});

test('given a search without facets, the answer is as it always was', async () => {
  const { json } = await (await syncedApi(keys)).call('GET', '/query/_search?query=pdf&fuzziness=3');
  expect(Object.keys(json).toSorted()).toEqual(['hits', 'timed_out', 'took']);
});

test('given a server that is added, it says what the app reads of it', async () => {
  const { status, json } = await createApi().call('GET', '/provider/_info', { headers: { host: 'localhost:9000' } });
  expect(status).toBe(200);
  expect(json).toEqual({
    name: 'Stocktake',
    endpoint: 'http://localhost:9000',
    provider: {
      name: 'Stocktake',
      description: expect.stringMatching(/S3/),
      ...{ icon: '', website: '', eula: '', privacy_policy: '', banner: '' },
    },
    version: { number: expect.stringMatching(/^\d+\.\d+\.\d+/) },
    updated: '2026-03-01T10:00:00.000Z',
    public: true,
    auth_provider: { sso: { url: '' } },
  });
});

test.each([
  [
    { host: 'x1.execute-api.eu-west-1.amazonaws.com', 'x-forwarded-proto': 'https' },
    'https://x1.execute-api.eu-west-1.amazonaws.com',
  ],
  [{ host: '[::1]:9000' }, 'http://[::1]:9000'],
  [{ host: 'a b"><script>' }, ''],
  [{}, ''],
])('given the headers %j, its address is %j', async (sent, endpoint) => {
  const { json } = await createApi().call('GET', '/provider/_info/', { headers: sent });
  expect(json.endpoint).toBe(endpoint);
});

test('given a server with keys, it is not public, and says so to those who have one', async () => {
  const apiKeys = createStaticApiKeys([{ key: 'read-key-0123456789', scope: 'read' }]);
  const api = createApi({ apiKeys });
  expect((await api.call('GET', '/provider/_info')).status).toBe(401);
  const { json } = await api.call('GET', '/provider/_info', { headers: { 'x-api-token': 'read-key-0123456789' } });
  expect(json.public).toBe(false);
});

test('given the lists of the app, they are answered', async () => {
  const api = await syncedApi();
  const connectors = await api.call('GET', '/connector/_search?size=10000');
  expect(connectors.json.hits.hits.map(({ _id }: { _id: string }) => _id)).toEqual(['s3']);
  const icon = '/assets/icons/connector/s3/icon.png';
  const assets = { icons: { default: icon, pdf: '/assets/icons/connector/s3/pdf.svg', robot: 'font_robot' } };
  await api.call('POST', '/connector/', { body: { id: 'own', name: 'Own', icon, assets } });
  const icons = await api.call('GET', '/icons/list');
  expect([icons.status, icons.json]).toEqual([
    200,
    [
      { name: 'icon', path: icon, category: 's3', source: 'icons' },
      { name: 'pdf', path: '/assets/icons/connector/s3/pdf.svg', category: 's3', source: 'icons' },
      { name: 'font_robot', path: 'font_robot', category: '', source: 'fonts' },
    ],
  ]);
});
