import { describe, expect, test } from 'vitest';
import { documentId } from '#core/catalogue/document-id.ts';
import { createApi, listed } from '../api-fixture.ts';
import { syncAgain, syncedApi } from './synced-api.ts';

const categories = '{"aggs":{"categories":{"terms":{"field":"category","size":100}}},"size":0}';
const idOf = (key: string) => documentId('docs', key);

describe('lists', () => {
  test('given connectors asked for by id, only the named fields are shown', async () => {
    const api = createApi();
    const assets = { icons: { default: '/icon.png' } };
    await api.call('POST', '/connector/', { body: { id: 'own', name: 'Own', icon: '/own.png', assets, tags: ['x'] } });
    const path = '/connector/_search?filter=id:any(s3,own,none)&_source_includes=id,name,icon,assets&size=3';
    const { status, json } = await api.call('GET', path);
    expect(status).toBe(200);
    expect(json).toEqual({
      took: 0,
      timed_out: false,
      hits: {
        total: { value: 2, relation: 'eq' },
        max_score: null,
        hits: [
          {
            ...{ _index: 'connector', _id: 'own', _score: null },
            _source: { id: 'own', name: 'Own', icon: '/own.png', assets },
          },
          {
            ...{ _index: 'connector', _id: 's3', _score: null },
            _source: { id: 's3', name: 'S3', icon: '/assets/icons/connector/s3/icon.png' },
          },
        ],
      },
    });
  });

  test('given categories to choose from, connectors are counted by theirs and none is shown', async () => {
    const api = createApi();
    for (const [id, category] of Object.entries({ a: 'mail', b: 'mail', c: undefined })) {
      await api.call('POST', '/connector/', { body: { id, name: id, category } });
    }
    const { status, json } = await api.call('POST', '/connector/_search', { body: categories });
    expect(status).toBe(200);
    expect(json.hits).toEqual({ total: { value: 4, relation: 'eq' }, max_score: null, hits: [] });
    expect(json.aggregations).toEqual({
      categories: {
        doc_count_error_upper_bound: 0,
        sum_other_doc_count: 0,
        buckets: [
          { key: 'mail', doc_count: 2 },
          { key: 'cloud_storage', doc_count: 1 },
        ],
      },
    });
  });

  test('given datasources, they are counted by category and by whether they are on', async () => {
    const api = await syncedApi();
    await api.call('PUT', '/datasource/docs', { body: { category: 'papers' } });
    const { status, json } = await api.call('POST', '/datasource/_search', { body: categories });
    expect([status, json.aggregations.categories.buckets]).toEqual([200, [{ key: 'papers', doc_count: 1 }]]);
    const on = { aggs: { on: { terms: { field: 'enabled' } } } };
    const counted = await api.call('POST', '/datasource/_search', { body: on });
    expect(counted.json.aggregations.on.buckets).toEqual([{ key: 1, key_as_string: 'true', doc_count: 1 }]);
  });

  test('given fields to leave out, datasources are shown without them, looked-up ones too', async () => {
    const api = await syncedApi();
    const { json } = await api.call('GET', '/datasource/_search?_source_excludes=connector.config,last_run,sync.*');
    const [{ _source }] = json.hits.hits;
    expect(_source).toMatchObject({ id: 'docs', connector: { id: 's3' }, health: { status: 'healthy' } });
    expect(_source.connector).not.toHaveProperty('config');
    for (const name of ['last_run', 'sync']) expect(_source).not.toHaveProperty(name);
    const only = await api.call('GET', '/datasource/_search?_source_includes=name&size=10000');
    expect(only.json.hits.hits[0]._source).toEqual({ id: 'docs', name: 'My S3 Documents' });
  });

  test('given ten thousand documents at once, they are given, or refused as too many for one answer', async () => {
    const keys = Array.from({ length: 10_000 }, (_, index) => `folder/${10_000 + index}.pdf`);
    const api = await syncedApi(keys);
    const all = await api.call('GET', '/document/_search?datasource=docs&size=10000&_source_includes=title');
    expect([all.status, all.json.hits.hits.length]).toEqual([200, 10_000]);
    expect(all.json.hits.hits[0]._source).toEqual({ id: idOf('folder/10000.pdf'), title: '10000.pdf' });
    const whole = await api.call('GET', '/document/_search?datasource=docs&size=10000');
    expect(whole).toMatchObject({
      status: 400,
      json: { error: { reason: expect.stringMatching(/^the answer would have \d+\.\d MB, of at most 6/) } },
    });
  });
});

describe('PUT /document/:id', () => {
  test('given tags and a summary beside what the console sends back, they are kept and the rest is not touched', async () => {
    const api = await syncedApi();
    const id = idOf('a/1.pdf');
    const before = (await api.call('GET', `/document/${id}`)).json._source;
    const sent = {
      ...before,
      ...{ title: 'another', lang: 'en', subcategory: 'x', disabled: true, owner: { username: 'me' }, _index: 'd' },
      tags: ['red', 'blue', 'red'],
      summary: 'What it says.',
    };
    const put = await api.call('PUT', `/document/${id}/`, { body: sent });
    expect([put.status, put.json]).toEqual([200, { _id: id, result: 'updated' }]);
    const after = (await api.call('GET', `/document/${id}`)).json._source;
    expect(after).toEqual({ ...before, tags: ['red', 'blue'], summary: 'What it says.' });
  });

  test('given one of both, the other stays; given nothing in it, it is cleared', async () => {
    const api = await syncedApi();
    const path = `/document/${idOf('c.txt')}`;
    const shown = async () => {
      const { tags, summary } = (await api.call('GET', path)).json._source;
      return { tags, summary };
    };
    await api.call('PUT', path, { body: { tags: ['a'], summary: 's' } });
    await api.call('PUT', path, { body: { tags: ['b'] } });
    expect(await shown()).toEqual({ tags: ['b'], summary: 's' });
    await api.call('PUT', path, { body: { tags: [], title: 'x' } });
    expect(await shown()).toEqual({ tags: undefined, summary: 's' });
    await api.call('PUT', path, { body: { summary: null } });
    expect(await shown()).toEqual({ tags: undefined, summary: undefined });
  });

  test('given a sync, tags stay on an object that did not change and go with one that did', async () => {
    const api = await syncedApi();
    for (const key of ['a/1.pdf', 'c.txt']) {
      await api.call('PUT', `/document/${idOf(key)}`, { body: { tags: [key] } });
    }
    api.objects[2] = { ...listed('c.txt'), etag: 'another' };
    await syncAgain(api);
    const { json } = await api.call('GET', '/document/_search?filter=exists(tags)');
    expect(json.hits.hits.map(({ _source }: { _source: { tags: string[] } }) => _source.tags)).toEqual([['a/1.pdf']]);
  });

  test('given words that stand in tags or summary, the search finds the document by them', async () => {
    const api = await syncedApi();
    await api.call('PUT', `/document/${idOf('c.txt')}`, { body: { tags: ['Invoice'], summary: 'Rent of March' } });
    for (const [words, found] of Object.entries({ invoice: 1, 'march rent': 1, 'march april': 0 })) {
      const { json } = await api.call('GET', `/query/_search?query=${encodeURIComponent(words)}`);
      expect([words, json.hits.total.value]).toEqual([words, found]);
    }
    const either = await api.call('GET', '/query/_search?query=april%20march&default_operator=OR');
    expect(either.json.hits.total.value).toBe(1);
  });

  test.each([idOf('nothing'), idOf('a/'), 'other.eA'])('given %s, which is no document, it is 404', async (id) => {
    const { status, json } = await (await syncedApi()).call('PUT', `/document/${id}`, { body: { tags: ['x'] } });
    expect([status, json]).toEqual([404, { _id: id, result: 'not_found' }]);
  });
});

describe('DELETE /document/', () => {
  const total = async (api: Awaited<ReturnType<typeof syncedApi>>) =>
    (await api.call('GET', '/document/_search')).json.hits.total.value;

  test('given ids, all of them are deleted and acknowledged', async () => {
    const api = await syncedApi();
    const { status, json } = await api.call('DELETE', '/document/', { body: [idOf('a/1.pdf'), idOf('c.txt')] });
    expect([status, json]).toEqual([200, { acknowledged: true }]);
    expect(await total(api)).toBe(1);
    expect((await api.call('GET', `/document/${idOf('c.txt')}`)).status).toBe(404);
  });

  test('given some that are not there, the others are deleted and these are named', async () => {
    const api = await syncedApi();
    const body = [idOf('none'), idOf('c.txt'), 'other.eA', idOf('c.txt')];
    const { status, json } = await api.call('DELETE', '/document', { body });
    expect([status, json]).toEqual([200, { acknowledged: true, not_found: [idOf('none'), 'other.eA'] }]);
    expect(await total(api)).toBe(2);
  });

  test('given an id that can be none, nothing is deleted', async () => {
    const api = await syncedApi();
    const { status, json } = await api.call('DELETE', '/document/', { body: [idOf('c.txt'), 'docs.!'] });
    expect([status, json.error.details]).toEqual([
      400,
      [{ path: '1', reason: 'must be the id of a document, as a search shows it' }],
    ]);
    expect(await total(api)).toBe(3);
  });
});
