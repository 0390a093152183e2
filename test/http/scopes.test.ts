import { describe, expect, test } from 'vitest';
import { createRandomIds } from '#adapters/process/random-ids.ts';
import { openSqliteTable } from '#adapters/sqlite/sqlite-table.ts';
import { type Scope, scope } from '#core/access/api-key.ts';
import { createApiKey } from '#core/access/create-api-key.ts';
import { revokeApiKey } from '#core/access/revoke-api-key.ts';
import { createStoredKeys } from '#core/access/stored-keys.ts';
import { dialectOf } from '#http/dialects.ts';
import { routes } from '#http/routes.ts';
import { createStaticApiKeys, type StaticKey, withStoredKeys } from '#http/table/api-keys.ts';
import type { Route } from '#http/table/route.ts';
import { createRecordingLog } from '#support/recording-log.ts';
import { createApi } from './api-fixture.ts';

const scopes = scope.options;
const minute = 60_000;
const actor = { kind: 'anyone', address: '198.51.100.1' } as const;
const each = routes.map((route) => [`${route.method} ${route.path}`, route] as const);

function pathOf({ path }: Route): string {
  return path.replace(/\{\w+\}/g, 'x1');
}

/** In the words of the route's dialect. */
function refusal({ path }: Route, status: 401 | 403, reason: string): object {
  if (dialectOf(path) === 'coco') return { status, error: { reason } };
  const code = status === 401 ? 'INVALID_API_KEY' : 'FORBIDDEN';
  return { status: 'error', data: null, error: { code, message: reason } };
}

/** An API with keys of the settings, whose table holds a key of each scope, one that was revoked and one that ended. */
async function createKeyedApi(own: readonly StaticKey[] = []) {
  const table = openSqliteTable(':memory:');
  const time = { now: Date.parse('2026-03-01T10:00:00Z') };
  const deps = { table, clock: { now: () => time.now }, ids: createRandomIds(), log: createRecordingLog(), actor };
  const make = (held: Scope, end: { expires_in?: string } = {}) =>
    createApiKey(deps, { name: held, scope: held, ...end });
  const stored = Object.fromEntries(await Promise.all(scopes.map(async (held) => [held, (await make(held)).text])));
  const ended = await make('manage', { expires_in: '1m' });
  const revoked = await make('manage');
  const apiKeys = withStoredKeys(createStaticApiKeys(own), createStoredKeys(deps));
  // Both were good, and the process knows them.
  for (const { text } of [ended, revoked]) expect(await apiKeys.find(text)).toBeDefined();
  await revokeApiKey({ ...deps, hasOwnManagingKey: true }, revoked.row.id);
  time.now += minute;
  const { log: _log, actor: _actor, ...shared } = deps;
  const api = createApi({ apiKeys, deps: shared });
  const ask = (route: Route, key?: string) =>
    api.call(route.method, pathOf(route), {
      body: '{}',
      ...(key === undefined ? {} : { headers: { 'x-api-key': key } }),
    });
  return { ...api, time, ask, stored: stored as Record<Scope, string>, ended: ended.text, revoked: revoked.text };
}

describe('each route of the table', () => {
  test.each(each)('given %s, then no, a bad, a revoked and an expired key are 401', async (_name, route) => {
    const api = await createKeyedApi();
    const unknown = `stk_${'0'.repeat(12)}_${'0'.repeat(50)}`;
    const changed = `${api.stored.manage.slice(0, -50)}${'0'.repeat(50)}`;
    for (const key of [undefined, 'bad', unknown, changed, api.revoked, api.ended]) {
      const { status, json } = await api.ask(route, key);
      if (route.scope === 'none') expect([key, status]).toEqual([key, 200]);
      else expect([key, status, json]).toMatchObject([key, 401, refusal(route, 401, 'invalid login')]);
    }
  });

  test.each(each)(
    'given %s, then stored keys pass with its scope or more, and with less are 403',
    async (_name, route) => {
      const api = await createKeyedApi();
      for (const held of scopes) {
        const { status, json } = await api.ask(route, api.stored[held]);
        const allowed = route.scope === 'none' || scopes.indexOf(held) >= scopes.indexOf(route.scope);
        if (allowed)
          expect([held, status]).not.toEqual([held, expect.toSatisfy((code) => code === 401 || code === 403)]);
        else
          expect([held, status, json]).toMatchObject([
            held,
            403,
            refusal(route, 403, `permission [${route.scope}] not allowed`),
          ]);
      }
    },
  );
});

describe('what managing is', () => {
  const managing = routes
    .filter(({ scope: needed }) => needed === 'manage')
    .map(({ method, path }) => `${method} ${path}`);

  test('given the table, it is keys, webhooks, the audit, deleting connectors and datasources, approvals', () => {
    expect(managing.sort()).toEqual(
      [
        ...['POST /_keys', 'GET /_keys', 'GET /_keys/{key}', 'POST /_keys/{key}/_revoke'],
        ...['POST /v1/webhooks', 'GET /v1/webhooks', 'DELETE /v1/webhooks/{webhook}'],
        ...['DELETE /connector/{id}', 'DELETE /v1/connectors/{connector}', 'DELETE /datasource/{id}'],
        'GET /_audit',
        'DELETE /v1/connectors/{connector}/schedules/{schedule}',
        'DELETE /v1/scheduler/schedules/{schedule}',
        'POST /datasource/{id}/_runs/{run}/_approve',
      ].sort(),
    );
  });

  test('given any other route, what reads needs read and what changes needs write: nothing is open but _health', () => {
    expect(routes.filter(({ scope: needed }) => needed === 'none').map(({ path }) => path)).toEqual(['/_health']);
    for (const { method, path, scope: needed } of routes) {
      const reads = method === 'GET' || path.endsWith('/_search');
      if (needed === 'read' || needed === 'write') expect([path, needed]).toEqual([path, reads ? 'read' : 'write']);
    }
  });
});

describe('a key of before', () => {
  const before = { key: 'write-key-of-the-settings', scope: 'write', ofBefore: true } as const;
  const reading = { key: 'read-key-of-the-settings', scope: 'read', ofBefore: true } as const;
  const later = routes.filter(({ scopeBefore }) => scopeBefore !== undefined);

  test.each(later.map((route) => [`${route.method} ${route.path}`, route] as const))(
    'given it asks for %s, which it could, then it still may, and the log warns once a minute of what is needed',
    async (_name, route) => {
      const api = await createKeyedApi([before, { ...before, key: 'another-key-of-before' }]);
      const warned = () => api.log.lines.filter(({ fact }) => fact === 'key lacks a scope');
      for (let index = 0; index < 3; index += 1) {
        expect([401, 403]).not.toContain((await api.ask(route, before.key)).status);
      }
      const told = { route: `${route.method} ${route.path}`, scope: 'write', needs: 'manage' };
      expect(warned()).toMatchObject([{ level: 'warn', fields: told }]);
      expect(JSON.stringify(warned())).not.toContain(before.key);
      await api.ask(route, 'another-key-of-before');
      expect(warned()).toHaveLength(2);
      api.time.now += minute;
      await api.ask(route, before.key);
      expect(warned()).toHaveLength(3);
    },
  );

  test('given it asks for what is new, or what it never could, then it may not', async () => {
    const api = await createKeyedApi([before, reading]);
    for (const route of routes.filter(({ path }) => path.startsWith('/_keys'))) {
      expect((await api.ask(route, before.key)).status).toBe(403);
    }
    for (const route of routes.filter(({ scope: needed, method }) => needed !== 'none' && method !== 'GET')) {
      if (!route.path.endsWith('/_search')) expect((await api.ask(route, reading.key)).status).toBe(403);
    }
  });

  test('given it only reads, it lists webhooks as it could, of their URLs scheme and host alone', async () => {
    const api = await createKeyedApi([before, reading]);
    const url = 'https://hooks.example.com/services/T0/B0/secret-in-the-path';
    const headers = (key: string) => ({ headers: { 'x-api-key': key } });
    await api.call('POST', '/v1/webhooks', { ...headers(api.stored.manage), body: { url, events: ['sync.failed'] } });
    const shown = async (key: string) => (await api.call('GET', '/v1/webhooks', headers(key))).json.data.items[0].url;
    expect(await shown(api.stored.manage)).toBe(url);
    expect(await shown(before.key)).toBe(url);
    expect(await shown(reading.key)).toBe('https://hooks.example.com');
  });
});

/** What each client that was there before us asks for, and the scope that docs/routes.md tells to give it. */
const clients: readonly (readonly [client: string, needs: Scope, requests: readonly string[]])[] = [
  [
    "Coco's desktop app",
    'read',
    [
      'GET /provider/_info',
      'POST /query/_search',
      'POST /datasource/_search',
      'GET /document/{doc_id}/raw_content/{hint}',
    ],
  ],
  ["the commands of Coco's S3 connector", 'write', ['PUT /connector/{id}', 'POST /datasource']],
  [
    "Coco's web console",
    'write',
    ['GET /connector/_search', 'DELETE /document', 'PUT /document/{doc_id}', 'PUT /datasource/{id}'],
  ],
  ["Coco's web console, deleting", 'manage', ['DELETE /connector/{id}', 'DELETE /datasource/{id}']],
  [
    "the commands of FlexOrch's S3 connector",
    'write',
    ['POST /v1/connectors', 'POST /v1/connectors/{connector}/test', 'POST /v1/data-process/async'],
  ],
  [
    "FlexOrch's Python SDK",
    'write',
    [
      ...['GET /v1/connectors', 'POST /v1/connectors/{connector}/schedules', 'GET /v1/jobs/{job}', 'GET /v1/usage'],
      'POST /v1/connectors/{connector}/schedules/{schedule}/trigger',
    ],
  ],
  [
    "FlexOrch's Python SDK, webhooks and deleting",
    'manage',
    [
      ...['POST /v1/webhooks', 'GET /v1/webhooks', 'DELETE /v1/webhooks/{webhook}'],
      ...['DELETE /v1/connectors/{connector}', 'DELETE /v1/connectors/{connector}/schedules/{schedule}'],
    ],
  ],
  ["FlexOrch's MCP server", 'write', ['GET /v1/jobs/{job}', 'POST /v1/data-process/async']],
  ["FlexOrch's MCP server, looking", 'read', ['GET /v1/jobs/{job}', 'GET /v1/documents']],
];

describe('the clients that were there before', () => {
  test.each(clients)(
    'given %s with a stored key of scope %s, all of its requests pass, and with less one does not',
    async (...given) => {
      const [, needs, requests] = given;
      const api = await createKeyedApi();
      const asked = requests.map((name) => routes.find(({ method, path }) => `${method} ${path}` === name));
      const refused = async (held: Scope) => {
        const answers = await Promise.all(
          asked.map(async (route) => route && (await api.ask(route, api.stored[held])).status),
        );
        return answers.map((status) => status === undefined || status === 401 || status === 403);
      };
      expect(await refused(needs)).toEqual(requests.map(() => false));
      const less = scopes[scopes.indexOf(needs) - 1];
      if (less !== undefined) expect(await refused(less)).toContain(true);
    },
  );
});
