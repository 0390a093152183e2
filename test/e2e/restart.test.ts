import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { createDemoClient } from '#local/demo/demo-client.ts';
import { type S3Server, startS3Server } from '#local/demo/s3-server/server.ts';
import { type ServerProcess, startServerProcess } from '#support/server-process.ts';
import { bucketFacts, bucketName } from '#support/sync-world.ts';

let s3: S3Server;
let dataFolder: string;
let server: ServerProcess;
beforeEach(async () => {
  s3 = await startS3Server();
  s3.createBucket(bucketName);
  for (let index = 0; index < 2000; index += 1) {
    s3.put(bucketName, `key-${String(index).padStart(4, '0')}`, { size: index, lastModified: 1_700_000_000_000 });
  }
  dataFolder = mkdtempSync(join(tmpdir(), 'stocktake-restart-'));
});
afterEach(async () => {
  await server.kill('SIGKILL');
  await s3.close();
  rmSync(dataFolder, { recursive: true, force: true });
});

const boot = async () => {
  server = startServerProcess({ STOCKTAKE_DATA: dataFolder });
  const listening = await server.line(/ listening /);
  return createDemoClient(/url=(\S+)/.exec(listening)?.[1] ?? '');
};

const datasource = (sync: object) => ({
  id: 'crashing',
  name: 'crashing',
  type: 'connector',
  connector: {
    id: 's3',
    config: {
      access_key_id: s3.credentials.accessKeyId,
      secret_access_key: s3.credentials.secretAccessKey,
      bucket: bucketName,
      endpoint: s3.endpoint,
      use_ssl: false,
    },
  },
  sync: { page_size: 100, ...sync },
});

type Client = ReturnType<typeof createDemoClient>;
const runsOf = async (client: Client) =>
  ((await client.call('GET', '/datasource/crashing/_runs')) as { runs: Record<string, unknown>[] }).runs;
const factsOf = async (client: Client) =>
  (await client.allDocuments('crashing'))
    .map(({ size, metadata }) => ({
      key: metadata?.key,
      size,
      etag: metadata?.etag,
      lastModified: metadata?.last_modified,
      storageClass: metadata?.storage_class,
    }))
    .sort((one, other) => ((one.key ?? '') < (other.key ?? '') ? -1 : 1));

/** Kills the server the moment it asks for this page. */
const killAtPage = (page: number): Promise<void> =>
  new Promise((resolve) => {
    s3.beforeResponse = async (request) => {
      if (request.page !== page) return;
      s3.beforeResponse = undefined;
      await server.kill('SIGKILL');
      resolve();
    };
  });

it('loses nothing to kill -9 during a sync: the run goes on where it was at the next start', async () => {
  // Given a first sync that is killed on its third page, and again on the twelfth after that
  let client = await boot();
  await client.call('POST', '/datasource/', datasource({}));
  for (const page of [3, 12]) {
    const killed = killAtPage(page);
    if (page === 3) await client.call('POST', '/datasource/crashing/_sync');
    await killed;
    client = await boot();
  }

  // When the third boot has come to its end
  await server.line(/ sync completed /);

  // Then it is still the one run, which saw each object once, and the catalogue equals the bucket
  const runs = await runsOf(client);
  expect(runs).toMatchObject([{ status: 'completed', trigger: 'manual', counters: { listed: 2000, added: 2000 } }]);
  expect(runs).toHaveLength(1);
  expect(await factsOf(client)).toEqual(bucketFacts(s3));

  // And a kill while deletions are confirmed deletes nothing that exists
  for (let index = 0; index < 50; index += 1) s3.delete(bucketName, `key-${String(index * 7).padStart(4, '0')}`);
  let heads = 0;
  const killed = new Promise<void>((resolve) => {
    s3.beforeResponse = async (request) => {
      if (request.operation === 'HeadObject') heads += 1;
      if (heads !== 20) return;
      s3.beforeResponse = undefined;
      await server.kill('SIGKILL');
      resolve();
    };
  });
  await client.call('POST', '/datasource/crashing/_sync');
  await killed;
  client = await boot();
  await server.line(/ sync completed /);
  expect(await factsOf(client)).toEqual(bucketFacts(s3));
  expect((await runsOf(client)).filter((run) => run.status === 'running' || run.status === 'queued')).toEqual([]);
});

it('keeps its schedules over a restart', async () => {
  const client = await boot();
  await client.call('POST', '/datasource/', datasource({ interval: '10s' }));
  await server.line(/ sync completed .*trigger=schedule/);
  await server.kill('SIGTERM');

  const again = await boot();
  await server.line(/ sync completed .*trigger=schedule.* unchanged=2000/);
  const shown = (await again.call('GET', '/datasource/crashing')) as {
    _source: { schedule: object; last_run: object };
  };
  expect(shown._source).toMatchObject({
    schedule: { name: 'crashing', expression: 'rate(1 minute)', state: 'enabled' },
    last_run: { status: 'completed', trigger: 'schedule' },
  });
});

it('is alone on its data folder', async () => {
  await boot();
  const second = startServerProcess({ STOCKTAKE_DATA: dataFolder });
  expect(await second.line(/cannot start/)).toMatch(/another Stocktake runs on the data folder .* set STOCKTAKE_DATA/);
});

it('ends with the npm that started it, though the shell between them tells it nothing', async () => {
  // Given a server that npm runs in a shell which does not hand signals on
  const command = ['npm', 'start', '--script-shell=sh'] as const;
  server = startServerProcess({ STOCKTAKE_DATA: dataFolder }, command);
  await server.line(/ listening /);

  // When npm alone is told to end
  await server.kill('SIGTERM');

  // Then the server has ended too, in good order, and the folder is free
  expect(server.lines.join('\n')).toMatch(/ stopping reason=/);
  await boot();
});

it('names every setting that cannot be', async () => {
  server = startServerProcess({ STOCKTAKE_DATA: dataFolder, PORT: 'abc', STOCKTAKE_LOG: 'xml' });
  expect(await server.line(/cannot start/)).toMatch(/PORT: must be a port.*; STOCKTAKE_LOG: must be "text" or "json"/);
});

it('refuses to listen beyond loopback without keys', async () => {
  server = startServerProcess({ STOCKTAKE_DATA: dataFolder, HOST: '0.0.0.0' });
  expect(await server.line(/cannot start/)).toMatch(/HOST=0.0.0.0 .* STOCKTAKE_API_KEYS/);
});

it.each([
  ['a file in the place of the data folder', 'a-file', /data folder .*a-file cannot be used: .* Set STOCKTAKE_DATA/],
  ['a database that is none', 'corrupt', /data folder .*corrupt cannot be used: .* Set STOCKTAKE_DATA/],
])('says what is wrong about %s', async (_name, name, message) => {
  const path = join(dataFolder, name);
  if (name === 'a-file') writeFileSync(path, 'x');
  else {
    mkdirSync(path);
    writeFileSync(join(path, 'stocktake.db'), 'this is not a database'.repeat(100));
  }
  server = startServerProcess({ STOCKTAKE_DATA: path });
  expect(await server.line(/cannot start/)).toMatch(message);
});
