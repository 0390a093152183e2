import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createDemoClient } from '#local/demo/demo-client.ts';
import { type RunningStocktake, startLocal } from '#local/start-local.ts';
import { type HostileServer, startHostileServer } from '#support/hostile-server.ts';
import { createRecordingLog } from '#support/recording-log.ts';

const syncs = 20;
const jobs = 4;

let folder: string;
let server: HostileServer;
let stocktake: RunningStocktake;
let client: ReturnType<typeof createDemoClient>;
let allAsked: Promise<void>;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'stocktake-room-'));
  const asked = new Set<string>();
  let enough = (): void => undefined;
  allAsked = new Promise((resolve) => {
    enough = resolve;
  });
  // Nobody is answered: whoever began keeps its place.
  server = await startHostileServer((request) => {
    asked.add(new URL(request.url ?? '/', 'http://any').pathname.split('/')[1] ?? '');
    if (asked.size === syncs + jobs) enough();
  });
  const settings = { host: '127.0.0.1', port: 0, dataFolder: folder, apiKeys: [], privateEndpoints: true } as const;
  stocktake = await startLocal({ ...settings, assumeRoles: false, logFormat: 'text' }, createRecordingLog());
  client = createDemoClient(stocktake.url);
});
afterEach(async () => {
  await server.close();
  await stocktake.stop();
  rmSync(folder, { recursive: true, force: true });
});

const config = (bucket: string) => ({
  ...{ bucket, endpoint: server.endpoint, use_ssl: false },
  ...{ access_key_id: 'A'.repeat(20), secret_access_key: 's'.repeat(40) },
});

test('given more syncs and jobs than there are places to begin, all of whose servers hang, every read is answered meanwhile', async () => {
  for (let index = 0; index < syncs; index += 1) {
    const connector = { id: 's3', config: config(`hanging-sync-${index}`) };
    await client.call('POST', '/datasource/', { id: `d${index}`, name: 'd', type: 'connector', connector });
    await client.call('POST', `/datasource/d${index}/_sync`);
  }
  for (let index = 0; index < jobs; index += 1) {
    const connector = { id: `c${index}`, name: 'c', config: config(`hanging-jobs-${index}`) };
    await client.call('POST', '/connector/', connector);
    const { _source: row } = (await client.call('GET', `/connector/c${index}`)) as { _source: { number: number } };
    const source = { connector_id: row.number, keys: ['a', 'b'] };
    const answer = await fetch(`${stocktake.url}/v1/data-process/async`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ source }),
    });
    expect(answer.status).toBe(202);
  }
  // Twenty are more than may begin in one second: the last of them begin while the first ones hang.
  await allAsked;
  const paths = ['/datasource/d0', '/datasource/_search', '/document/_search', '/connector/c0', '/datasource/d1/_runs'];
  const answers = await Promise.all(
    Array.from({ length: 10 }, () => paths)
      .flat()
      .map((path) => client.call('GET', path)),
  );
  expect(answers).toHaveLength(50);
});
