import { createHash } from 'node:crypto';
import { beforeEach, describe, expect, test } from 'vitest';
import { costlyPerMinute } from '#core/limits/count-request.ts';
import { dialectOf } from '#http/dialects.ts';
import { routes } from '#http/routes.ts';
import { createStaticApiKeys } from '#http/table/api-keys.ts';
import { type Api, createApi, datasourceBody } from './api-fixture.ts';

const one = { 'x-api-key': 'one-key-0123456789' };
const other = { 'x-api-key': 'other-key-0123456789' };
/** Sets up what the others ask for. */
const third = { 'x-api-key': 'third-key-0123456789' };
const apiKeys = createStaticApiKeys(
  [one, other, third].map((headers) => ({ key: headers['x-api-key'], scope: 'manage' })),
);
const costly = routes.filter((route) => route.costly);
const nameOf = ({ method, path }: { method: string; path: string }) => `${method} ${path}`;

const endsWork = 'it ends work and begins none at a foreign server; what it leaves is removed in the background';
const ownRows = 'it writes a few rows of ours and asks nobody else';
const reads = 'it reads the store alone';

/** Why a route that changes something, or reads with POST, is not costly. GET reads the store, but for what is costly. */
const notCostly: Readonly<Record<string, string>> = {
  'POST /connector': 'no datasource is on a new connector yet',
  'POST /v1/connectors': 'no schedule is on a new connector yet',
  'POST /connector/_search': reads,
  'POST /datasource/_search': reads,
  'POST /document/_search': reads,
  'POST /query/_search': reads,
  'GET /document/{doc_id}/raw_content/{hint}':
    'one HEAD at the most, and a page with a thousand images asks a thousand times',
  'PUT /document/{doc_id}': ownRows,
  'POST /v1/documents/{document}/reprocess': 'it is always refused',
  'POST /_keys': ownRows,
  'POST /_keys/{key}/_revoke': ownRows,
  'POST /v1/webhooks': 'deliveries have limits of their own, a receiver each',
  'POST /datasource/{id}/_runs/{run}/_cancel': endsWork,
  'DELETE /connector/{id}': endsWork,
  'DELETE /datasource/{id}': endsWork,
  'DELETE /document': ownRows,
  'DELETE /document/{doc_id}': ownRows,
  'DELETE /v1/connectors/{connector}': endsWork,
  'DELETE /v1/connectors/{connector}/schedules/{schedule}': endsWork,
  'DELETE /v1/scheduler/schedules/{schedule}': endsWork,
  'DELETE /v1/webhooks/{webhook}': endsWork,
};
const reasonFor = (name: string): string | undefined =>
  notCostly[name] ?? (name.startsWith('GET ') ? reads : undefined);

const bodyOf = (path: string) => (path.endsWith('/async') ? { source: { connector_id: 1, keys: ['a'] } } : {});

let api: Api;
beforeEach(async () => {
  api = createApi({ apiKeys });
  const body = datasourceBody({ id: 'd' }, { extensions: [] });
  await api.call('POST', '/datasource/', { body, headers: third });
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
  test('are those that list a foreign bucket or begin work, now or by a schedule; of each other route there is a reason', () => {
    const others = routes.filter((route) => !route.costly).map(nameOf);
    expect(others.filter((name) => reasonFor(name) === undefined)).toEqual([]);
    expect(Object.keys(notCostly).filter((name) => !others.includes(name))).toEqual([]);
    expect(costly.map(nameOf).sort()).toEqual([
      'GET /datasource/{id}/_preview',
      'PATCH /v1/connectors/{connector}/schedules/{schedule}',
      'PATCH /v1/scheduler/schedules/{schedule}',
      'POST /datasource',
      'POST /datasource/{id}/_preview',
      'POST /datasource/{id}/_reset_sync',
      'POST /datasource/{id}/_runs/{run}/_approve',
      'POST /datasource/{id}/_sync',
      'POST /datasource/{id}/_test',
      'POST /v1/connectors/{connector}/schedules',
      'POST /v1/connectors/{connector}/schedules/{schedule}/trigger',
      'POST /v1/connectors/{connector}/test',
      'POST /v1/data-process/async',
      'POST /v1/scheduler/schedules',
      'POST /v1/scheduler/schedules/{schedule}/trigger',
      'PUT /connector/{id}',
      'PUT /datasource/{id}',
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

  test('given a client that adds more datasources than that at once, and comes back when it is told to, all are added', async () => {
    const waits: number[] = [];
    for (let index = 0; index < costlyPerMinute + 50; index += 1) {
      const sent = { body: datasourceBody({ id: `new-${index}` }, { extensions: [] }), headers: one };
      let answer = await api.call('POST', '/datasource/', sent);
      if (answer.status === 429) {
        waits.push(Number(answer.headers['retry-after']));
        api.time.now += Number(answer.headers['retry-after']) * 1000;
        answer = await api.call('POST', '/datasource/', sent);
      }
      expect([index, answer.status]).toEqual([index, 200]);
    }
    expect(waits).toEqual([60]);
    const { json } = await api.call('GET', '/datasource/_search?size=0', { headers: third });
    expect(json.hits.total.value).toBe(costlyPerMinute + 51);
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
