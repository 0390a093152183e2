import { createHmac } from 'node:crypto';
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createLocalEventBus } from '#adapters/process/local-event-bus.ts';
import { createRandomIds } from '#adapters/process/random-ids.ts';
import { systemClock } from '#adapters/process/system-clock.ts';
import { createSystemTimers } from '#adapters/process/timers.ts';
import { openSqliteTable } from '#adapters/sqlite/sqlite-table.ts';
import { zeroCounters } from '#core/runs/run.ts';
import { createWebhook } from '#core/webhooks/create-webhook.ts';
import { createLocalWebhooks } from '#local/webhooks.ts';
import { createRecordingLog } from '#support/recording-log.ts';
import { somebody } from '#support/somebody.ts';
import { openVault } from '#support/sync-world.ts';

const secret = 'what-nobody-should-see';

let server: Server;
let received: { headers: IncomingHttpHeaders; body: string }[];
let arrival: () => void;
let arrived: Promise<void>;

beforeEach(async () => {
  received = [];
  arrived = new Promise((resolve) => {
    arrival = resolve;
  });
  server = createServer(async (request, response) => {
    let body = '';
    for await (const part of request) body += part;
    received.push({ headers: request.headers, body });
    // Answers in which a receiver echoes what it was sent must not reach the log.
    response.writeHead(202).end(JSON.stringify(request.headers));
    arrival();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});

afterEach(() => {
  server.closeAllConnections();
  server.close();
});

test('given a run that the bus hears of, a receiver on this machine gets it, signed, and no log has the secret', async () => {
  const log = createRecordingLog();
  const clock = systemClock;
  const host = { table: openSqliteTable(':memory:'), clock, ids: createRandomIds(), timers: createSystemTimers(clock) };
  const bus = createLocalEventBus({ log });
  const webhooks = createLocalWebhooks({ ...host, privateEndpoints: true, log, opener: openVault }, bus);
  const { port } = server.address() as AddressInfo;
  await createWebhook(
    { ...somebody, ...host, sealer: openVault, webhookAddresses: { refusal: () => undefined } },
    { url: `http://127.0.0.1:${port}/token-in-the-path`, events: ['sync.failed'], secret },
  );
  await webhooks.start();
  const detail = { id: 'r1', datasource: 'docs', status: 'failed', trigger: 'api', counters: zeroCounters };
  const event = { id: 'r1-failed', type: 'Sync Failed', time: '2026-03-01T10:00:00.000Z', detail };
  await bus.publish([event, { ...event, id: 'other', type: 'Objects Added' }]);
  await bus.publish([event]);
  await arrived;
  await webhooks.stop();
  expect(received).toHaveLength(1);
  const [{ headers, body }] = received as [(typeof received)[0]];
  const hmac = (text: string) => createHmac('sha256', secret).update(text).digest('hex');
  expect(headers['x-flexorch-signature']).toBe(hmac(body));
  expect(headers['x-stocktake-signature']).toBe(hmac(`${headers['x-stocktake-timestamp']}.${body}`));
  expect(JSON.parse(body)).toMatchObject({ event: 'sync.failed', run_id: 'r1' });
  const told = JSON.stringify(log.lines);
  expect(told).toContain('webhook delivered');
  for (const text of [secret, 'token-in-the-path', String(headers['x-stocktake-signature'])]) {
    expect(told).not.toContain(text);
  }
});
