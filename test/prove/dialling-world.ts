import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createServer as createTcpServer } from 'node:net';
import type { Lookup } from '#adapters/outbound/endpoint-guard.ts';
import { createBuckets } from '#adapters/s3/s3-buckets.ts';
import { createHttpWebhookSender } from '#adapters/webhooks/http-webhook-sender.ts';
import { createWebhookAddresses } from '#adapters/webhooks/webhook-addresses.ts';
import { documentId } from '#core/catalogue/document-id.ts';
import { handleTick } from '#core/dispatch/handle-tick.ts';
import { handleJobs } from '#core/jobs/handle-jobs.ts';
import type { Item } from '#core/model/ports/table.ts';
import { readDatasource } from '#core/registry/datasource-store.ts';
import { defaultSyncSettings } from '#core/runs/sync-deps.ts';
import { handleWebhookWork } from '#core/webhooks/webhook-work.ts';
import { routes } from '#http/routes.ts';
import type { Route } from '#http/table/route.ts';
import { startS3Server } from '#local/demo/s3-server/server.ts';
import { type Answer, createApi } from '../http/api-fixture.ts';

/** Listens on one port of both loopback addresses and counts who comes. */
export type Canaries = { readonly port: number; readonly connections: () => number; close(): Promise<void> };

/** One thing that can be asked of Stocktake, or that it does by itself: named as its route is, or in words. */
export type Way = { readonly name: string; readonly go: () => Promise<Answer | undefined> };

const bucket = 'sample-bucket';

/** Longer than any rest or backoff, so that each way has its turn. */
const hourMs = 3_600_000;

const events = ['sync.completed', 'sync.failed', 'job.completed', 'job.failed'];

export async function startCanaries(): Promise<Canaries> {
  let connections = 0;
  const servers: Server[] = [];
  const count = (server: Server): void => {
    server.on('connection', () => {
      connections += 1;
    });
    servers.push(server);
  };
  const first = await listen('127.0.0.1', 0);
  count(first);
  const { port } = first.address() as AddressInfo;
  count(await listen('::1', port));
  return { port, connections: () => connections, close: () => closeAll(servers) };
}

async function listen(host: string, port: number, answer: RequestListener = (_request, response) => response.end()) {
  const server = createServer(answer);
  await new Promise<void>((resolve, reject) => server.on('error', reject).listen(port, host, resolve));
  return server;
}

async function closeAll(servers: readonly Server[]): Promise<void> {
  for (const server of servers) {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
}

/** An S3 server that sends whoever asks it to somewhere else. */
export async function startRedirector() {
  const state: { status: number; headers: Record<string, string>; body: string; asked: number } = {
    ...{ status: 200, headers: {}, body: '', asked: 0 },
  };
  const server = await listen('127.0.0.1', 0, (request, response) => {
    state.asked += 1;
    request.resume();
    response.writeHead(state.status, state.headers);
    response.end(state.body);
  });
  return { port: (server.address() as AddressInfo).port, state, close: () => closeAll([server]) };
}

/** A port of loopback that nobody listens on. */
export async function closedPort(): Promise<number> {
  const server = createTcpServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

export type DiallingWorld = Awaited<ReturnType<typeof createDiallingWorld>>;

/**
 * The whole of Stocktake, with everything in it that can dial: datasources, connectors, documents, a webhook. Its rows
 * are then given another endpoint behind the API's back, so that what stands already is judged too.
 *
 * @param allowed private endpoints, as the host's settings say it.
 */
export async function createDiallingWorld(allowed: boolean | readonly string[], lookup: Lookup) {
  const s3 = await startS3Server();
  s3.createBucket(bucket);
  s3.put(bucket, 'a.txt');
  const limits = { requestTimeoutMs: 2000, refusalMs: 1, patience: { wait: async () => undefined } };
  const buckets = createBuckets({ allowPrivateEndpoints: true, ...limits });
  const guarded = createBuckets({ allowPrivateEndpoints: allowed, lookup, ...limits });
  const switched = { open: buckets.open };
  const webhookAddresses = createWebhookAddresses({ allowPrivateEndpoints: allowed });
  const api = createApi({ deps: { buckets: { open: (target) => switched.open(target) }, webhookAddresses } });
  const sender = createHttpWebhookSender({ allowPrivateEndpoints: allowed, lookup, refusalMs: 1, timeoutMs: 2000 });
  const keys = { access_key_id: s3.credentials.accessKeyId, secret_access_key: s3.credentials.secretAccessKey };
  const context = {
    api,
    sender,
    ids: await furnish(api, { bucket, endpoint: s3.endpoint, use_ssl: false, ...keys }),
    keys,
  };
  switched.open = guarded.open;
  return {
    api,
    /** Gives every row that names an endpoint this one. */
    plant: (endpoint: string) => plant(api, endpoint),
    /** All that can be asked or comes by itself, what ends something last. `endpoint` goes into bodies that have one. */
    ways: (endpoint: string): Way[] => [...background(context), ...routeWays(context, endpoint)],
    close: () => s3.close(),
  };
}

type Api = ReturnType<typeof createApi>;

type Context = {
  readonly api: Api;
  readonly sender: ReturnType<typeof createHttpWebhookSender>;
  /** What stands in a path for a parameter of this name. */
  readonly ids: Readonly<Record<string, string>>;
  readonly keys: object;
};

/** Two of each, for one of them is changed by PUT. */
async function furnish(api: Api, config: object): Promise<Record<string, string>> {
  const demand = async (method: string, path: string, body?: unknown) => {
    const answer = await api.call(method, path, { body });
    if (answer.status >= 300) throw new Error(`${method} ${path}: ${answer.status} ${answer.text}`);
    return answer.json;
  };
  const common = { type: 'connector', sync: { enabled: true, interval: '5m' } };
  for (const id of ['ds', 'put']) {
    const enrichment_pipeline = { processor: [{ s3_head: {} }] };
    await demand('POST', '/datasource/', {
      ...common,
      id,
      name: id,
      connector: { id: 's3', config },
      enrichment_pipeline,
    });
    await demand('POST', '/connector/', { id: `c-${id}`, name: id, config });
  }
  const connector = String((await demand('POST', '/v1/connectors', { name: 'c', type: 's3', config })).data.id);
  const schedules = `/v1/connectors/${connector}/schedules`;
  const schedule = String((await demand('POST', schedules, { name: 's', interval: '5m' })).data.id);
  const url = 'https://hooks.example.com/';
  const webhook = String((await demand('POST', '/v1/webhooks', { url, events, secret: 'a'.repeat(32) })).data.id);
  await demand('POST', '/datasource/ds/_sync');
  await demand('POST', `${schedules}/${schedule}/trigger`);
  await api.work();
  const run = (await demand('GET', '/datasource/ds/_runs')).runs[0].id;
  const document = documentId('ds', 'a.txt');
  return { id: 'ds', connector, schedule, webhook, run, doc_id: document, document, hint: 'content', job: '1' };
}

async function plant({ table }: Api, endpoint: string): Promise<void> {
  const change = async (pk: string, changed: (item: Item) => Item): Promise<void> => {
    const items: Item[] = [];
    for await (const item of table.query({ pk })) items.push(item);
    for (const item of items) await table.put(changed(item));
  };
  await change('registry#datasource', (item) => {
    const connector = item.connector as { config: object };
    const isOwn = 'endpoint' in connector.config;
    return isOwn ? { ...item, connector: { ...connector, config: { ...connector.config, endpoint } } } : item;
  });
  await change('registry#connector', (item) => ({ ...item, config: { ...(item.config as object), endpoint } }));
  await change('registry#webhook', (item) => ({ ...item, url: `http://${endpoint}/`, active: true }));
}

function routeWays(context: Context, endpoint: string): Way[] {
  const last = (route: Route): number => (route.method === 'DELETE' ? 1 : 0);
  return [...routes]
    .sort((one, other) => last(one) - last(other))
    .map((route) => ({ name: `${route.method} ${route.path}`, go: () => ask(context, route, endpoint) }));
}

async function ask(context: Context, route: Route, endpoint: string): Promise<Answer> {
  const { api, ids } = context;
  const isConnector = route.path.startsWith('/connector');
  const isChange = route.method === 'PUT' || route.method === 'DELETE';
  const own: Readonly<Record<string, string>> = { ...ids, id: `${isConnector ? 'c-' : ''}${isChange ? 'put' : 'ds'}` };
  const path = route.path.replace(/\{(\w+)\}/g, (_all, name: string) => encodeURIComponent(own[name] ?? '1'));
  const body = bodyFor(context, route, endpoint);
  api.time.now += hourMs;
  const answer = await api.call(
    route.method,
    route.path.endsWith('_preview') && route.method === 'GET' ? `${path}?keys=10` : path,
    { body },
  );
  await api.work();
  // What was taken is used, as a user would.
  const made = answer.json?._id;
  if (route.method === 'POST' && route.path === '/datasource' && answer.status < 300) {
    await api.call('POST', `/datasource/${made}/_test`);
    await tick(context, made);
    await api.call('DELETE', `/datasource/${made}`);
  }
  if (route.path === '/connector' && answer.status < 300) await api.call('DELETE', `/connector/${made}`);
  if (route.path === '/v1/webhooks' && route.method === 'POST' && answer.status < 300) {
    await deliver(context);
    await api.call('DELETE', `/v1/webhooks/${answer.json.data.id}`);
  }
  return answer;
}

function bodyFor({ keys, ids }: Context, { method, path }: Route, endpoint: string): unknown {
  if (method === 'GET' || method === 'DELETE') return undefined;
  const config = { bucket, endpoint, use_ssl: false, ...keys };
  const bodies: Record<string, unknown> = {
    '/datasource': {
      name: 'd',
      type: 'connector',
      connector: { id: 's3', config },
      sync: { enabled: true, interval: '5m' },
    },
    '/datasource/{id}': { connector: { id: 's3', config } },
    '/connector': { name: 'c', config },
    '/connector/{id}': { name: 'c', config },
    '/v1/connectors': { name: 'c', type: 's3', config },
    '/v1/connectors/{connector}/schedules': { name: 's', interval: '5m' },
    '/v1/scheduler/schedules': { name: 's', interval: '5m', connector_id: ids.connector },
    '/v1/data-process/async': { source: { connector_id: ids.connector, keys: ['a.txt'] } },
    '/v1/webhooks': { url: `http://${endpoint}/`, events, secret: 'a'.repeat(32) },
    '/document/{doc_id}': { tags: ['x'] },
  };
  return bodies[path];
}

/** What no request begins. */
function background(context: Context): Way[] {
  const { api } = context;
  const done = (work: () => Promise<void>) => async (): Promise<undefined> => {
    api.time.now += hourMs;
    await work();
    await api.work();
  };
  return [
    { name: 'a tick of the schedule', go: done(() => tick(context, 'ds')) },
    { name: 'enrichment of what changed', go: done(() => enrich(context)) },
    { name: 'delivery to a webhook', go: done(() => deliver(context)) },
  ];
}

async function tick({ api }: Context, id: string): Promise<void> {
  const row = await readDatasource(api.table, id);
  const scheduled_time = new Date(api.time.now).toISOString();
  const tick = { datasource: id, config_version: row?.config_version ?? 0, scheduled_time };
  await handleTick({ ...api, settings: { ...defaultSyncSettings, spreadMs: 0 } }, tick);
}

async function enrich({ api }: Context): Promise<void> {
  const uid = (await readDatasource(api.table, 'ds'))?.uid;
  await handleJobs(api, { type: 'enrich', datasource: 'ds', uid, keys: ['a.txt'], tries: 0 });
}

async function deliver({ api, sender }: Context): Promise<void> {
  const messages: unknown[] = [];
  const queue = { send: async (message: unknown) => void messages.push(message) };
  const deps = { ...api, sender, queue, deadLetters: queue };
  const detail = { job_id: 1, status: 'failed' };
  const event = {
    id: `event-${api.ids.unique()}`,
    type: 'job.failed',
    time: new Date(api.time.now).toISOString(),
    detail,
  };
  await handleWebhookWork(deps, { type: 'event', event });
  for (const message of messages.splice(0)) await handleWebhookWork(deps, message);
}
