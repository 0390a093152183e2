import { createHmac } from 'node:crypto';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createWebhookAddresses } from '#adapters/webhooks/webhook-addresses.ts';
import { createHttpHandler } from '#http/create-http-handler.ts';
import { noKeysNeeded } from '#http/table/api-keys.ts';
import { composeLocal, type LocalStocktake } from '#local/compose.ts';
import { type S3Server, startS3Server } from '#local/demo/s3-server/server.ts';
import { type HttpServer, startHttpServer } from '#local/http-server.ts';
import { createRecordingLog } from '#support/recording-log.ts';
import { bucketFacts } from '#support/sync-world.ts';
import { createVirtualTime, type VirtualTime } from '#support/virtual-time.ts';
import {
  changeBuckets,
  fillBuckets,
  keyOf,
  RECEIVER_PORT,
  S3_PORT,
  WEBHOOK_SECRET,
} from '../fixtures/upgrade/old-buckets.ts';
import { makeOldDataFolder, readOldItems } from '../fixtures/upgrade/old-data-folder.ts';

/** What version e3a1fbe left behind when it was killed in the middle of its work. */
const old = readOldItems('e3a1fbe');

type Run = { id: string; status: string; counters: Record<string, number>; error?: { code: string } };
type Call = { body: string; headers: IncomingHttpHeaders };

let folder: string;
let s3: S3Server;
let receiver: ReturnType<typeof createServer>;
let calls: Call[];
let time: VirtualTime;
let log: ReturnType<typeof createRecordingLog>;
let stocktake: LocalStocktake;
let http: HttpServer;

beforeEach(async () => {
  s3 = await startS3Server({ port: S3_PORT });
  fillBuckets(s3);
  changeBuckets(s3);
  receiver = await startReceiver();
  folder = makeOldDataFolder(old);
  time = createVirtualTime(Date.parse(old.made_at) + 60_000);
  log = createRecordingLog();
  stocktake = await composeLocal({ privateEndpoints: true, dataFolder: folder, log, time });
  const webhookAddresses = createWebhookAddresses({ allowPrivateEndpoints: true });
  const deps = { ...stocktake.deps, apiKeys: noKeysNeeded, minimumIntervalSeconds: 10, webhookAddresses };
  const handlers = { api: createHttpHandler(deps, 'api'), probe: createHttpHandler(deps, 'probe') };
  http = await startHttpServer({ host: '127.0.0.1', port: 0, handlers, loopbackOnly: true, log });
});

afterEach(async () => {
  await http.close();
  await stocktake.stop();
  await s3.close();
  receiver.closeAllConnections();
  receiver.close();
  rmSync(folder, { recursive: true, force: true });
});

const itemsAt = (partition: string) => old.items.filter(({ pk }) => pk === partition);

/** All that the file holds under a uid. */
function rowsWith(uid: string) {
  const database = new DatabaseSync(join(folder, 'stocktake.db'), { readOnly: true });
  try {
    const rows = database.prepare('SELECT pk, sk FROM items WHERE instr(pk, ?) > 0').all(uid);
    return rows as { pk: string; sk: string }[];
  } finally {
    database.close();
  }
}

async function startReceiver() {
  calls = [];
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    calls.push({ body: Buffer.concat(chunks).toString(), headers: request.headers });
    response.end();
  });
  await once(server.listen(RECEIVER_PORT, '127.0.0.1'), 'listening');
  return server;
}

async function send(method: string, path: string, body?: object, headers: Record<string, string> = {}) {
  const answer = await fetch(`http://127.0.0.1:${http.port}${path}`, {
    method,
    headers: { 'content-type': 'application/json', ...headers },
    body: body === undefined ? null : JSON.stringify(body),
  });
  const text = await answer.text();
  return { status: answer.status, body: text === '' ? undefined : JSON.parse(text) };
}

async function call(method: string, path: string, body?: object, headers?: Record<string, string>) {
  const answer = await send(method, path, body, headers);
  expect(answer.status, `${method} ${path}: ${JSON.stringify(answer.body)}`).toBeLessThan(300);
  return answer.body;
}

const runsOf = async (id: string): Promise<Run[]> => (await call('GET', `/datasource/${id}/_runs`)).runs;

/** The clock waits while a run is on: it goes over sockets, of which virtual time knows nothing. */
async function ended(id: string, run: string): Promise<Run> {
  let found: Run | undefined;
  const look = async () => {
    await time.advance(0);
    found = (await runsOf(id)).find((each) => each.id === run);
    return found?.status;
  };
  await expect.poll(look, { timeout: 20_000, interval: 10 }).toMatch(/^(completed|held|failed|canceled)$/);
  if (found === undefined) throw new Error(`there is no run ${run}`);
  return found;
}

const sync = async (id: string) => ended(id, (await call('POST', `/datasource/${id}/_sync`))._id);

async function cataloguedKeys(datasource: string): Promise<string[]> {
  const { hits } = await call('GET', `/document/_search?${new URLSearchParams({ datasource, size: '1000' })}`);
  const keys = hits.hits.map((hit: { _source: { metadata: { key: string } } }) => hit._source.metadata.key);
  return keys.sort();
}

const keysIn = (bucket: string) => bucketFacts(s3, bucket).map(({ key }) => key);

test('given the data folder of e3a1fbe, when it is opened, then its runs go on, its jobs end and nobody is paused', async () => {
  const [before] = await runsOf('busy');

  await stocktake.start();

  // Then the run that was in the middle goes on where it was, as the same run, and each object was counted once
  expect(await ended('busy', before?.id ?? '')).toMatchObject({
    status: 'completed',
    counters: { listed: 200, added: 200, deleted: 0 },
  });
  expect(await cataloguedKeys('busy')).toEqual(keysIn('busy'));
  // And the one that had not come to its first page is made up for by another
  const [restarted, broken] = await runsOf('begun');
  expect(broken).toMatchObject({ status: 'failed', error: { code: 'interrupted' } });
  expect(await ended('begun', restarted?.id ?? '')).toMatchObject({ status: 'completed', counters: { unchanged: 20 } });

  // And each schedule stands as it stood
  const scheduled = itemsAt('schedule');
  expect(scheduled).toHaveLength(10);
  for (const { sk, body } of scheduled) {
    const { expression, state } = JSON.parse(body);
    expect(await stocktake.schedules.read(sk), sk).toMatchObject({ expression, state });
  }
  const { hits } = await call('GET', '/datasource/_search?size=100');
  const switched = hits.hits.map((hit: { _source: { id: string; sync: { enabled: boolean; changed_by: string } } }) => {
    const { id, sync: policy } = hit._source;
    return [id, policy.enabled, policy.changed_by];
  });
  expect(switched).toHaveLength(10);
  for (const [id, enabled, by] of switched) expect([id, enabled, by]).toEqual([id, id !== 'narrowed', 'api']);

  // And the job that nobody came to perform is performed
  const jobs = async () => {
    await time.advance(100);
    return (await call('GET', '/v1/jobs')).data.items.map((job: { job_id: number; status: string }) => job.status);
  };
  await expect.poll(jobs, { timeout: 20_000 }).toEqual(['completed', 'failed', 'completed', 'completed']);
  expect(log.lines.filter(({ level }) => level === 'error')).toEqual([]);
});

test('given what e3a1fbe catalogued, when it is synced again, then nothing but what changed since is written', async () => {
  await stocktake.start();
  // Secrets open, and records with their leaves, ranges and details are read as they were written
  expect(await call('POST', '/datasource/plain/_test')).toMatchObject({ success: true });
  const nothingNew = { added: 0, modified: 0, deleted: 0, unchanged: 148 };
  expect(await sync('plain')).toMatchObject({ status: 'completed', counters: nothingNew });
  expect(await cataloguedKeys('plain')).toEqual(keysIn('plain'));
  const changed = await call('GET', `/document/plain.${Buffer.from(keyOf(100)).toString('base64url')}`);
  expect(changed._source).toMatchObject({ size: 1_000_000, metadata: { content_type: expect.any(String) } });

  // Deletions that waited for a second complete run are made by it
  expect(await sync('waiting')).toMatchObject({ status: 'completed', counters: { deleted: 8, unchanged: 92 } });
  // A source that failed goes on failing, for its own reason
  expect(await sync('failing')).toMatchObject({ status: 'failed', error: { code: 'bucket_not_found' } });
  const { health } = (await call('GET', '/datasource/failing'))._source;
  expect(health).toMatchObject({ status: 'failing', failing_since: expect.stringMatching(/^2026-/) });
});

test('given purges that e3a1fbe had begun, when their time has come, then they end, and touch nothing else', async () => {
  await stocktake.start();
  const uids = itemsAt('purge').map(({ sk }) => sk);
  expect(uids).toHaveLength(2);
  const left = async () => {
    await time.advance(10_000);
    return uids.filter((uid) => [...rowsWith(uid)].some(({ sk }) => sk !== 'lease'));
  };
  await expect.poll(left, { timeout: 20_000, interval: 10 }).toEqual([]);
  expect(await cataloguedKeys('moved')).toEqual(keysIn('begun'));
  expect(await cataloguedKeys('plain')).toEqual(keysIn('plain'));
});

test('given runs that e3a1fbe held, when they are approved, then exactly what they showed goes', async () => {
  await stocktake.start();
  const [held] = await runsOf('held');
  expect(held).toMatchObject({ status: 'held' });
  expect(await cataloguedKeys('held')).toHaveLength(40);
  const approving = (await call('POST', `/datasource/held/_runs/${held?.id}/_approve`))._id;
  expect(await ended('held', approving)).toMatchObject({ status: 'completed', counters: { deleted: 30 } });
  expect(await cataloguedKeys('held')).toEqual(keysIn('held'));

  // Where extensions are asked for, they find more since (names such as `.env`): that is another scope, and the hold is made anew
  const [filtered] = await runsOf('filtered');
  const refused = await send('POST', `/datasource/filtered/_runs/${filtered?.id}/_approve`);
  expect(refused).toMatchObject({ status: 409, body: { error: { reason: expect.stringContaining('sync again') } } });
  const again = await sync('filtered');
  expect(again).toMatchObject({ status: 'held' });
  expect(await cataloguedKeys('filtered')).toHaveLength(40);
  const second = (await call('POST', `/datasource/filtered/_runs/${again.id}/_approve`))._id;
  expect(await ended('filtered', second)).toMatchObject({ status: 'completed', counters: { deleted: 30 } });
});

test('given deliveries that e3a1fbe could not make, when their receiver is well again, then each comes once, signed by the old secret', async () => {
  const waiting = itemsAt('webhook-delivery#1').map(({ body }) => JSON.parse(body));
  expect(waiting.length).toBeGreaterThan(10);
  expect(waiting.every(({ status }) => status === 'pending')).toBe(true);
  await stocktake.start();
  const missing = async () => {
    await time.advance(10_000);
    const told = new Set(calls.map(({ headers }) => headers['x-stocktake-delivery']));
    return waiting.filter(({ id }) => !told.has(id));
  };
  await expect.poll(missing, { timeout: 20_000, interval: 10 }).toEqual([]);
  for (const { id, body } of waiting) {
    const [first, ...others] = calls.filter(({ headers }) => headers['x-stocktake-delivery'] === id);
    expect([id, first?.body, others.length]).toEqual([id, body, 0]);
    const signature = createHmac('sha256', WEBHOOK_SECRET).update(body).digest('hex');
    expect(first?.headers['x-flexorch-signature']).toBe(signature);
  }
});

test('given marks of creates by e3a1fbe, when the same is sent again, then the first answer comes again', async () => {
  await stocktake.start();
  const { accessKeyId, secretAccessKey } = s3.credentials;
  const config = { bucket: 'plain', aws_access_key_id: accessKeyId, aws_secret_access_key: secretAccessKey };
  const body = { name: 'flex', type: 's3', config: { ...config, endpoint: s3.endpoint, use_ssl: false } };
  const first = await call('GET', '/v1/connectors');
  const again = await call('POST', '/v1/connectors', body, { 'idempotency-key': 'one' });
  expect(again.data.id).toBe(first.data.items[0].id);
  expect((await call('GET', '/v1/connectors')).data.items).toHaveLength(1);
});

test('given a data folder in which a newer version wrote, when it is opened, then nothing starts and one sentence says why', async () => {
  const [row] = old.items.filter(({ pk, sk }) => pk === 'registry#datasource' && sk === 'plain');
  await stocktake.table.put({ ...JSON.parse(row?.body ?? ''), pk: row?.pk, sk: row?.sk, v: 2 });
  const refusal = {
    code: 'other_form',
    message: expect.stringMatching(/written by a newer Stocktake .* deploy that version/),
  };
  await expect(stocktake.start()).rejects.toMatchObject(refusal);
  // A request is refused in the same words, as ours to mend
  const answer = await send('GET', '/datasource/plain');
  expect(answer).toMatchObject({ status: 503, body: { error: { code: 'other_form', reason: refusal.message } } });
  expect((await send('GET', '/v1/webhooks')).status).toBe(200);
  expect(log.lines).toContainEqual(expect.objectContaining({ level: 'error', fact: 'request failed' }));
});
