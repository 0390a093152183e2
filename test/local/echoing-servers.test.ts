import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createLineLog } from '#adapters/process/console-log.ts';
import { systemClock } from '#adapters/process/system-clock.ts';
import { createWebhookAddresses } from '#adapters/webhooks/webhook-addresses.ts';
import type { BusEvent } from '#core/model/ports/event-bus.ts';
import { createHttpHandler } from '#http/create-http-handler.ts';
import { noKeysNeeded } from '#http/table/api-keys.ts';
import { composeLocal, type LocalStocktake } from '#local/compose.ts';
import { type HttpServer, startHttpServer } from '#local/http-server.ts';
import { type Echo, type EchoingServer, places, startEchoingServer, type What } from '#support/echoing-server.ts';
import { filesUnder, findCanaries, findSignatures } from '#support/find-secrets.ts';

/** Each secret is sent to that server and to no other; all are of the shapes that AWS gives them. */
const canaries = {
  secret: 'cAn4ry/Q7wZkLm2+VxTgHpB9sRdYfN3jUeC6aKiO',
  token: `IQoJb3JpZ2luX2VjECAn4ryT0k3n${'/q8Zr+mX2vLw5TbY9sHd'.repeat(16)}==`,
  webhook: 'cAn4ry-webhook-Xk29sLqP40vTzR81mWbY',
};

const writers: readonly ((text: string) => string)[] = [
  (text) => text,
  (text) => Buffer.from(text).toString('base64'),
  (text) => Buffer.from(`k:${text}`).toString('base64'),
  (text) => Buffer.from(`:${text}`).toString('base64url'),
  (text) => Buffer.from(text).toString('hex'),
  (text) => Buffer.from(text).toString('hex').toUpperCase(),
  encodeURIComponent,
  (text) => encodeURIComponent(encodeURIComponent(text)),
  (text) => text.replaceAll('/', '\\/'),
];

const whats: readonly What[] = ['token', 'secret', 'authorization', 'signature'];

/** So many of the writings in each place, others in the next; what is written there takes turns, too. */
const writingsOfPlace = 6;

const echoes = new Map<string, Echo>(
  places.flatMap((place, row) =>
    Array.from({ length: writingsOfPlace }, (_each, column): [string, Echo] => {
      const number = row * writingsOfPlace + column;
      const write = writers[(row * 4 + column) % writers.length] ?? String;
      return [`echo-${number}`, { place, write, what: whats[(row + column) % whats.length] ?? 'token' }];
    }),
  ),
);

const parallel = 12;
const ended = new Set(['Sync Completed', 'Sync Failed', 'Sync Held']);

let folder: string;
let stocktake: LocalStocktake;
let api: HttpServer;
let echoing: EchoingServer;
let receiver: Server;
/** All that anybody got to see, by where. */
const seen: Record<'answers' | 'log' | 'events' | 'webhooks', string[]> = {
  answers: [],
  log: [],
  events: [],
  webhooks: [],
};
const waiting = new Map<string, (event: BusEvent) => void>();

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'stocktake-echoes-'));
  echoing = await startEchoingServer(canaries.secret, echoes);
  const log = createLineLog({ write: (line) => void seen.log.push(line), format: 'json', clock: systemClock });
  stocktake = await composeLocal({ dataFolder: folder, privateEndpoints: true, log });
  stocktake.bus.subscribe((events) => {
    for (const event of events) {
      seen.events.push(JSON.stringify(event));
      if (ended.has(event.type)) waiting.get(String(event.detail.datasource))?.(event);
    }
  });
  const webhookAddresses = createWebhookAddresses({ allowPrivateEndpoints: true });
  const deps = { ...stocktake.deps, apiKeys: noKeysNeeded, minimumIntervalSeconds: 10, webhookAddresses };
  const handlers = { api: createHttpHandler(deps, 'api'), probe: createHttpHandler(deps, 'probe') };
  api = await startHttpServer({ host: '127.0.0.1', port: 0, handlers, loopbackOnly: true, log });
  receiver = createServer(async (request, response) => {
    let body = '';
    for await (const part of request) body += part;
    seen.webhooks.push(body);
    // A receiver echoes, too.
    response.writeHead(500, { 'x-echo': JSON.stringify(request.headers) }).end(canaries.webhook + body);
  });
  await new Promise<void>((resolve) => receiver.listen(0, '127.0.0.1', resolve));
  await stocktake.start();
});

afterAll(async () => {
  receiver.closeAllConnections();
  receiver.close();
  await echoing.close();
  rmSync(folder, { recursive: true, force: true });
});

async function call(method: string, path: string, body?: unknown, headers: Record<string, string> = {}) {
  const sent = body === undefined ? {} : { body: JSON.stringify(body) };
  const answer = await fetch(`http://127.0.0.1:${api.port}${path}`, { method, headers, redirect: 'manual', ...sent });
  const text = await answer.text();
  seen.answers.push(`${method} ${path} ${answer.status} ${JSON.stringify([...answer.headers])} ${withoutLinks(text)}`);
  return { status: answer.status, text };
}

/** Everything that opens the bucket, and everything that tells of it afterwards. */
async function meet(bucket: string): Promise<string | undefined> {
  const { secret: secret_access_key, token: session_token } = canaries;
  const config = {
    ...{ bucket, endpoint: echoing.endpoint, use_ssl: false, path_style: true },
    ...{ access_key_id: 'AKIAIOSFODNN7EXAMPLE', secret_access_key, session_token },
  };
  const over = new Promise<BusEvent>((resolve) => waiting.set(bucket, resolve));
  const created = await call('POST', '/datasource', {
    ...{ id: bucket, type: 'connector', name: bucket, connector: { id: 's3', config } },
    ...{ sync: { enabled: false, first_load_events: true } },
    enrichment_pipeline: { processor: [{ s3_head: {} }, { s3_tags: {} }] },
  });
  expect([created.status, created.text]).toEqual([expect.toBeOneOf([200, 201]), expect.anything()]);
  await call('POST', `/datasource/${bucket}/_test`);
  await call('GET', `/datasource/${bucket}/_preview?keys=5`);
  await call('POST', `/datasource/${bucket}/_sync`);
  const { type } = await over;
  // What is asked of an object is asked after the run that found it.
  await echoing.sent(bucket);
  for (const path of ['', '/_runs']) await call('GET', `/datasource/${bucket}${path}`);
  if (type === 'Sync Completed') await readContent(bucket);
  return type;
}

async function readContent(bucket: string): Promise<void> {
  const id = `${bucket}.${Buffer.from('a.txt').toString('base64url')}`;
  await call('GET', `/document/${id}/raw_content/a.txt`, undefined, { 'x-document-redirect': 'true' });
}

/** A link has the token and a signature, for whoever follows it needs them. It is made here, whatever a server says. */
function withoutLinks(text: string): string {
  return text.replace(/"http[^"?]*\?[^"]*&X-Amz-Signature=[0-9a-f]{64}[^"]*"/g, '"a link"');
}

function leaksIn(text: string): string[] {
  return [
    ...findCanaries(text, canaries),
    ...findSignatures(text, echoing.signatures).map((one) => `signature ${one}`),
  ];
}

test('given servers that repeat what they were sent in every place and form, nothing that anybody sees has it', async () => {
  expect(echoes.size).toBeGreaterThanOrEqual(240);
  const { port } = receiver.address() as AddressInfo;
  const url = `http://127.0.0.1:${port}/hook`;
  await call('POST', '/v1/webhooks', { url, events: ['sync.completed', 'sync.failed'], secret: canaries.webhook });
  const outcomes = new Map<string, string | undefined>();
  const left = [...echoes.keys()];
  const worker = async () => {
    for (let bucket = left.shift(); bucket !== undefined; bucket = left.shift()) {
      outcomes.set(bucket, await meet(bucket));
    }
  };
  await Promise.all(Array.from({ length: parallel }, worker));
  for (const path of [
    '/document/_search?size=1000',
    '/datasource/_search?size=1000',
    '/v1/documents',
    '/v1/webhooks',
    '/v1/jobs',
  ])
    await call('GET', path);
  await api.close();
  await stocktake.stop();
  expect(outcomes.size).toBe(echoes.size);
  expect(seen.webhooks.length).toBeGreaterThan(0);
  const shown = [...Object.entries(seen).map(([where, texts]) => [where, texts.join('\n')]), ...filesUnder(folder)];
  expect(shown.map(([where = '', text = '']) => [where, leaksIn(text)]).filter(([, leaks]) => leaks?.length)).toEqual(
    [],
  );
}, 400_000);
