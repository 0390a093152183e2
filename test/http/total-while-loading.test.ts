import { expect, test } from 'vitest';
import type { Buckets } from '#core/model/ports/bucket.ts';
import { createBucketModel, createModelBuckets } from '../simulation/bucket-model.ts';
import { type Api, createApi, datasourceBody } from './api-fixture.ts';

const objects = 1000;
const pageSize = 100;

/** The API over a bucket of a thousand objects, which calls back before each page that is listed of it. */
function apiOnBucket(beforePage: (page: number, api: Api) => Promise<void>): Api {
  const bucket = createBucketModel('your-bucket', () => Date.parse('2026-02-01T00:00:00Z'));
  for (let index = 0; index < objects; index += 1) bucket.put(`file-${String(index).padStart(4, '0')}.pdf`);
  const inner = createModelBuckets([bucket]);
  let pages = 0;
  const buckets: Buckets = {
    open(target) {
      const opened = inner.open(target);
      return {
        ...opened,
        async list(request) {
          pages += 1;
          await beforePage(pages, api);
          return opened.list(request);
        },
      };
    },
  };
  const api = createApi({ deps: { buckets } });
  return api;
}

const get = async (api: Api, path: string) => {
  const answer = await api.call('GET', path);
  expect([path, answer.status]).toEqual([path, 200]);
  return answer.json;
};

/** What a client of each dialect reads of all documents: the totals, and how many it gets by turning pages. */
async function read(api: Api) {
  const { hits } = await get(api, '/document/_search?size=1000');
  const { hits: few } = await get(api, '/document/_search?size=10');
  const { data } = await get(api, '/v1/documents?page_size=200');
  const turned: string[] = [];
  for (let page = 1; page <= Math.ceil(data.total / data.page_size); page += 1) {
    const { items } = (await get(api, `/v1/documents?page_size=200&page=${page}`)).data;
    turned.push(...items.map((item: { id: string }) => item.id));
  }
  const ids = hits.hits.map((hit: { _id: string }) => hit._id);
  expect(turned).toEqual(ids);
  const { total, total_relation: relation = 'eq' } = data;
  return { shown: ids.length, coco: few.total, flexorch: { value: total, relation } };
}

test('given a first load at each of its pages, then neither dialect tells a total that its pages contradict', async () => {
  const seen: Awaited<ReturnType<typeof read>>[] = [];
  const thrown: unknown[] = [];
  const api = apiOnBucket(async (_page, loading) => {
    await read(loading).then(
      (one) => seen.push(one),
      (error) => thrown.push(error),
    );
  });
  const body = datasourceBody({ id: 'docs', sync: { page_size: pageSize } }, { extensions: [] });
  expect((await api.call('POST', '/datasource/', { body })).status).toBe(200);
  expect((await api.call('POST', '/datasource/docs/_sync')).status).toBe(200);
  await api.work();

  expect(thrown).toEqual([]);
  expect(seen[0]).toEqual({ shown: 0, coco: { value: 0, relation: 'eq' }, flexorch: { value: 0, relation: 'eq' } });
  const expected = Array.from({ length: objects / pageSize - 1 }, (_, page) => (page + 1) * pageSize);
  expect(seen.slice(1).map(({ shown }) => shown)).toEqual(expected);
  expect(seen.slice(1).map(({ coco }) => coco)).toEqual(expected.map((value) => ({ value, relation: 'gte' })));
  // To show the newest first all are read, and counted by that.
  const onPage = (value: number) => ({ value, relation: 'eq' });
  expect(seen.slice(1).map(({ flexorch: { value } }) => value)).toEqual(expected);
  expect(seen.at(1)?.flexorch).toEqual(onPage(100));
  expect(seen.at(5)?.flexorch).toEqual(onPage(500));
  const done = { value: objects, relation: 'eq' };
  expect(await read(api)).toEqual({ shown: objects, coco: done, flexorch: done });
});
