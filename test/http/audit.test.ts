import { beforeEach, describe, expect, it } from 'vitest';
import { readDatasource } from '#core/registry/datasource-store.ts';
import { readRun, runItem } from '#core/runs/run-store.ts';
import { readState, stateItem } from '#core/runs/sync-state.ts';
import { routes } from '#http/routes.ts';
import { type Answer, type Api, createApi, datasourceBody, secret } from './api-fixture.ts';

type Entry = {
  readonly entry: string;
  readonly at: string;
  readonly actor: { readonly kind: string; readonly id?: string; readonly address?: string };
  readonly action: string;
  readonly kind: string;
  readonly id: string;
  readonly before?: Record<string, unknown>;
  readonly after?: Record<string, unknown>;
};

let api: Api;
beforeEach(() => {
  api = createApi();
});

/** All entries, the oldest first. */
async function audit(query = ''): Promise<Entry[]> {
  const all: Entry[] = [];
  for (let cursor = ''; ; ) {
    const { status, json } = await api.call('GET', `/_audit?size=500${query}${cursor}`);
    expect(status).toBe(200);
    all.push(...json.entries);
    if (json.next_cursor === undefined) return all.reverse();
    cursor = `&cursor=${json.next_cursor}`;
  }
}

const config = { access_key_id: 'AKIAEXAMPLE', secret_access_key: secret, bucket: 'your-bucket' };
const connector = { name: 'one', type: 's3', config: { ...config, region: 'eu-west-1' } };
const hook = {
  url: 'https://hooks.example.com/canary-path?canary=1',
  events: ['sync.failed'],
  secret: 'canary-of-a-webhook',
};

async function done(answer: Promise<Answer>): Promise<Answer> {
  const { status, json, ...rest } = await answer;
  if (status >= 400) throw new Error(`${status} ${JSON.stringify(json)}`);
  return { status, json, ...rest };
}

/** What stands before each route is tried: a connector and a webhook of /v1, its schedule, and a datasource with records. */
async function prepare(): Promise<{ readonly run: string; readonly document: string }> {
  await done(api.call('POST', '/v1/connectors', { body: connector }));
  await done(api.call('POST', '/v1/connectors/1/schedules', { body: { interval: '6h' } }));
  await done(api.call('POST', '/v1/webhooks', { body: hook }));
  await done(api.call('POST', '/connector', { body: { id: 'spare', name: 'spare' } }));
  const place = { extensions: null, endpoint: 'your-s3-service-endpoint' };
  await done(api.call('POST', '/datasource', { body: datasourceBody({ id: 'docs' }, place) }));
  await done(api.call('POST', '/datasource/docs/_sync'));
  await api.work();
  const { json } = await done(api.call('GET', '/datasource/docs/_runs'));
  const { json: found } = await done(api.call('GET', '/document/_search?view=list&datasource=docs'));
  return { run: json.runs[0].id, document: found.hits.hits[0]._id };
}

/** What each route that is not a GET leaves; null where it changes nothing that a client may set. */
const left: Readonly<Record<string, readonly [string, string] | null>> = {
  'POST /connector': ['created', 'connector'],
  'POST /connector/_search': null,
  'PUT /connector/{id}': ['updated', 'connector'],
  'DELETE /connector/{id}': ['deleted', 'connector'],
  'POST /datasource': ['created', 'datasource'],
  'POST /datasource/_search': null,
  'PUT /datasource/{id}': ['updated', 'datasource'],
  'DELETE /datasource/{id}': ['deleted', 'datasource'],
  'POST /datasource/{id}/_reset_sync': ['requested', 'run'],
  'POST /datasource/{id}/_sync': ['requested', 'run'],
  'POST /datasource/{id}/_runs/{run}/_cancel': ['canceled', 'run'],
  'POST /datasource/{id}/_runs/{run}/_approve': ['approved', 'run'],
  'POST /datasource/{id}/_test': null,
  'POST /datasource/{id}/_preview': ['requested', 'run'],
  'POST /document/_search': null,
  'POST /query/_search': null,
  'PUT /document/{doc_id}': ['updated', 'document'],
  'DELETE /document': ['deleted', 'document'],
  'DELETE /document/{doc_id}': ['deleted', 'document'],
  'POST /v1/connectors': ['created', 'connector'],
  'DELETE /v1/connectors/{connector}': ['deleted', 'connector'],
  'POST /v1/connectors/{connector}/test': null,
  'POST /v1/connectors/{connector}/schedules': ['created', 'datasource'],
  'PATCH /v1/connectors/{connector}/schedules/{schedule}': ['updated', 'datasource'],
  'DELETE /v1/connectors/{connector}/schedules/{schedule}': ['deleted', 'datasource'],
  'POST /v1/connectors/{connector}/schedules/{schedule}/trigger': ['requested', 'run'],
  'POST /v1/scheduler/schedules': ['created', 'datasource'],
  'PATCH /v1/scheduler/schedules/{schedule}': ['updated', 'datasource'],
  'DELETE /v1/scheduler/schedules/{schedule}': ['deleted', 'datasource'],
  'POST /v1/scheduler/schedules/{schedule}/trigger': ['requested', 'run'],
  'POST /v1/documents/{document}/reprocess': null,
  'POST /v1/data-process/async': ['submitted', 'jobs'],
  'POST /v1/webhooks': ['created', 'webhook'],
  'DELETE /v1/webhooks/{webhook}': ['deleted', 'webhook'],
};

const bodies: Readonly<Record<string, unknown>> = {
  'POST /connector': { id: 'new', name: 'new' },
  'PUT /connector/{id}': { name: 'renamed' },
  'POST /datasource': datasourceBody({ id: 'new' }),
  'PUT /datasource/{id}': { name: 'renamed' },
  'PUT /document/{doc_id}': { tags: ['red'], summary: 'short' },
  'POST /v1/connectors': { ...connector, name: 'two' },
  'POST /v1/connectors/{connector}/schedules': { interval: '12h' },
  'PATCH /v1/connectors/{connector}/schedules/{schedule}': { interval: '24h' },
  'POST /v1/scheduler/schedules': { connector_id: 1, interval: '12h' },
  'PATCH /v1/scheduler/schedules/{schedule}': { is_active: false },
  'POST /v1/data-process/async': { source: { connector_id: 1, keys: ['a/1.pdf', 'a/2.pdf'] } },
  'POST /v1/webhooks': { ...hook, url: 'https://other.example.com/' },
};

/** Where nobody needs a key none can be made: their routes are tested with them. */
const changing = routes.filter(({ method, path }) => method !== 'GET' && !path.startsWith('/_keys'));

describe('the audit', () => {
  it('knows of each route that is not a GET', () => {
    expect(changing.map(({ method, path }) => `${method} ${path}`).sort()).toEqual(Object.keys(left).sort());
  });

  it.each(Object.keys(left))('has one entry of %s, none where that is refused', async (route) => {
    const known = await prepare();
    const send = sending(route, known);
    const before = (await audit()).length;
    if (route !== 'DELETE /document') expect((await send(nowhere)).status).toBeGreaterThanOrEqual(400);
    expect(await audit()).toHaveLength(before);
    await makeReady(route, known.run);
    const ready = (await audit()).length;
    const answer = await send();
    if (!route.endsWith('/reprocess')) expect([answer.status < 400, answer.text]).toEqual([true, answer.text]);
    const entries = (await audit()).slice(ready);
    const wanted = left[route] ?? null;
    const cascade = route === 'DELETE /v1/connectors/{connector}' ? [['deleted', 'datasource']] : [];
    const told = entries.map(({ action, kind }) => [action, kind]);
    expect(told.sort()).toEqual([...cascade, ...(wanted === null ? [] : [wanted])].sort());
    for (const { actor } of entries) expect(actor).toEqual({ kind: 'anyone', address: '198.51.100.1' });
  });
});

/** What no path leads to, and bodies that are refused where a path names nothing. */
const nowhere = {
  values: { id: 'none', run: 'none', doc_id: 'none.bm9uZQ', document: 'none.bm9uZQ', connector: '9', schedule: '9' },
  body: { unknown: true },
};

/** Sends a request on a route, of what `prepare` made or of what is not there. */
function sending(route: string, { run, document }: { readonly run: string; readonly document: string }) {
  const [method = '', path = ''] = route.split(' ');
  const id = route === 'DELETE /connector/{id}' ? 'spare' : path.startsWith('/connector') ? 's3' : 'docs';
  const values = { id, run, doc_id: document, document, connector: '1', schedule: '1', webhook: '1' };
  return async (to: { values: Record<string, string>; body?: unknown } = { values: {} }): Promise<Answer> => {
    const known: Record<string, string> = { ...values, ...(to === nowhere ? { webhook: '9' } : {}), ...to.values };
    const at = path.replace(/\{(\w+)\}/g, (_all, name: string) => known[name] ?? '');
    if (route === 'DELETE /document') return api.call(method, at, { body: [document] });
    const newest = async () => (await api.call('GET', '/datasource/docs/_runs')).json.runs[0].id as string;
    const place = route.endsWith('_cancel') && to !== nowhere ? at.replace(run, await newest()) : at;
    const body = to.body ?? bodies[route];
    return api.call(method, place, body === undefined ? {} : { body });
  };
}

/** A run that is on can be canceled, and one that is held approved. */
async function makeReady(route: string, run: string): Promise<void> {
  if (route.endsWith('_cancel')) await done(api.call('POST', '/datasource/docs/_sync'));
  const row = route.endsWith('_approve') ? await readDatasource(api.table, 'docs') : undefined;
  if (row === undefined) return;
  const [held, state] = [await readRun(api.table, row.uid, run), await readState(api.table, row.uid)];
  if (held === undefined) throw new Error('there is no run');
  await api.table.put(runItem({ ...held, status: 'held' }));
  await api.table.put(stateItem(row.uid, { ...state, hold: { first: run, last: run, runs: 1 } }));
}
