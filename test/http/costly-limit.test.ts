import { createHash } from 'node:crypto';
import { beforeEach, describe, expect, test } from 'vitest';
import { costlyPerMinute } from '#core/limits/count-request.ts';
import { dialectOf } from '#http/dialects.ts';
import { routes } from '#http/routes.ts';
import { createStaticApiKeys } from '#http/table/api-keys.ts';
import { type Api, createApi, datasourceBody } from './api-fixture.ts';

const one = { 'x-api-key': 'one-key-0123456789' };
const other = { 'x-api-key': 'other-key-0123456789' };
const apiKeys = createStaticApiKeys([one, other].map((headers) => ({ key: headers['x-api-key'], scope: 'manage' })));
const costly = routes.filter((route) => route.costly);
const bodyOf = (path: string) => (path.endsWith('/async') ? { source: { connector_id: 1, keys: ['a'] } } : {});

let api: Api;
beforeEach(async () => {
  api = createApi({ apiKeys });
  const body = datasourceBody({ id: 'd' }, { extensions: [] });
  await api.call('POST', '/datasource/', { body, headers: one });
});

/** Uses up what a key may in this minute, by every second spelling of a path. */
async function useUp(headers: Readonly<Record<string, string>>): Promise<void> {
  const spellings = ['/datasource/d/_test', '/datasource/d/_test/'];
  for (let asked = 0; asked < costlyPerMinute; asked += 1) {
    const { status } = await api.call('POST', spellings[asked % 2] ?? '', { headers });
    expect([asked, status]).toEqual([asked, 200]);
  }
}

describe('costly routes', () => {
  test('are those that list a foreign bucket or begin work, and no other', () => {
    expect(costly.map(({ method, path }) => `${method} ${path}`).sort()).toEqual([
      'GET /datasource/{id}/_preview',
      'POST /datasource/{id}/_preview',
      'POST /datasource/{id}/_reset_sync',
      'POST /datasource/{id}/_runs/{run}/_approve',
      'POST /datasource/{id}/_sync',
      'POST /datasource/{id}/_test',
      'POST /v1/connectors/{connector}/schedules/{schedule}/trigger',
      'POST /v1/connectors/{connector}/test',
      'POST /v1/data-process/async',
      'POST /v1/scheduler/schedules/{schedule}/trigger',
    ]);
  });

  test('given a key that used up its minute, each of them is 429 in its dialect, in both forms, and says when again', async () => {
    await useUp(one);
    api.time.now += 15_000;
    for (const { method, path } of costly) {
      for (const slash of ['', '/']) {
        const asked =
          path
            .replace('{run}', 'r1')
            .replace('{id}', 'd')
            .replace(/\{\w+\}/g, '1') + slash;
        const query = method === 'GET' ? '?keys=1' : '';
        const sent = { headers: one, ...(method === 'GET' ? {} : { body: bodyOf(path) }) };
        const { status, json, headers } = await api.call(method, `${asked}${query}`, sent);
        expect([asked, status, headers['retry-after']]).toEqual([asked, 429, '45']);
        const reason = expect.stringMatching(/^a key may begin 300 .* a minute; try again in 45 s$/);
        expect(json).toMatchObject(
          dialectOf(path) === 'coco'
            ? { status: 429, error: { code: 'rate_limit_exceeded', reason } }
            : { status: 'error', data: null, error: { code: 'RATE_LIMIT_EXCEEDED', message: reason } },
        );
      }
    }
    expect(api.log.lines.filter(({ level }) => level === 'error')).toEqual([]);
    expect(api.messages).toEqual([]);
    // A HEAD of a preview lists as a GET does
    expect((await api.call('HEAD', '/datasource/d/_preview?keys=1', { headers: one })).status).toBe(429);
  });

  test('given one key that used up its minute, other routes, other keys and the next minute are as before', async () => {
    await useUp(one);
    expect((await api.call('GET', '/datasource/d', { headers: one })).status).toBe(200);
    const { json } = await api.call('GET', '/document/_search', { headers: one });
    expect(json.hits.total.value).toBe(0);
    expect((await api.call('POST', '/datasource/d/_test', { headers: other })).status).toBe(200);
    expect((await api.call('POST', '/datasource/d/_test', { headers: one })).status).toBe(429);
    api.time.now += 60_000;
    expect((await api.call('POST', '/datasource/d/_test', { headers: one })).status).toBe(200);
  });

  test('given one key in three headers, it is counted as one', async () => {
    const key = one['x-api-key'];
    await useUp(one);
    const others: Record<string, string>[] = [{ 'x-api-token': key }, { authorization: `Bearer ${key}` }];
    for (const headers of others) {
      expect((await api.call('POST', '/datasource/d/_test', { headers })).status).toBe(429);
    }
  });

  test('given what is refused for itself, it uses up nothing', async () => {
    const wrong = ['/datasource/d/_test?x=1', '/datasource/-/_test', '/v1/connectors/none/test'];
    for (let asked = 0; asked <= costlyPerMinute; asked += 1) {
      const { status } = await api.call('POST', wrong[asked % 3] ?? '', { headers: one });
      expect(status).toBeLessThan(429);
    }
    expect((await api.call('POST', '/datasource/d/_test', { headers: one })).status).toBe(200);
  });

  test('given a page with more images than that, the content of documents is led to each time', async () => {
    await api.call('POST', '/datasource/d/_sync', { headers: one });
    await api.work();
    const { json } = await api.call('GET', '/document/_search?size=1', { headers: one });
    const path = `/document/${json.hits.hits[0]._id}/raw_content/x`;
    for (let asked = 0; asked <= costlyPerMinute; asked += 1) {
      expect((await api.call('GET', path, { headers: one })).status).toBe(302);
    }
  });

  test('given a server without keys, there is nobody to count for', async () => {
    const open = createApi();
    await open.call('POST', '/datasource/', { body: datasourceBody({ id: 'd' }, { extensions: [] }) });
    for (let asked = 0; asked <= costlyPerMinute; asked += 1) {
      expect((await open.call('POST', '/datasource/d/_test')).status).toBe(200);
    }
  });

  test('given what is stored of it, the key is not in there, nor enough of its hash to find it by', async () => {
    await api.call('POST', '/datasource/d/_test', { headers: one });
    const hash = createHash('sha256').update(one['x-api-key']).digest('hex');
    const stored = [];
    for await (const item of api.table.query({ pk: `costly#${hash.slice(0, 8)}` })) stored.push(item);
    expect(stored).toHaveLength(1);
    expect(JSON.stringify(stored)).not.toContain(hash.slice(0, 9));
    expect(JSON.stringify(stored)).not.toContain(one['x-api-key']);
  });
});
