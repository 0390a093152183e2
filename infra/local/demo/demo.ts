/** `npm run demo`: the main job on real input, through HTTP only. `--keep` leaves everything running. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createLineLog } from '#adapters/process/console-log.ts';
import { systemClock } from '#adapters/process/system-clock.ts';
import type { S3Server } from '#local/demo/s3-server/server.ts';
import { explainStart } from '../explain-start.ts';
import { readSettings } from '../settings.ts';
import { type RunningStocktake, startLocal } from '../start-local.ts';
import { onStop } from '../stop-signals.ts';
import { changeDemoBucket, demoBucket, startDemoBucket } from './demo-bucket.ts';
import { createDemoClient, type DemoRun } from './demo-client.ts';

const say = (text: string): void => void process.stdout.write(`${text}\n`);
const keep = process.argv.includes('--keep');
const dataFolder = mkdtempSync(join(tmpdir(), 'stocktake-demo-'));
const s3 = await startDemoBucket();
const stocktake = await start();
const client = createDemoClient(stocktake.url);
let ended = false;
let failed = true;
onStop(end);
try {
  await tellTheStory();
  failed = false;
} finally {
  if (failed || !keep) await end();
}

async function start(): Promise<RunningStocktake> {
  const log = createLineLog({ write: sayLine, format: 'text', clock: systemClock });
  try {
    const { port } = readSettings({ PORT: process.env.PORT ?? '0' });
    const settings = {
      host: '127.0.0.1',
      port,
      dataFolder,
      apiKeys: [],
      privateEndpoints: true,
      assumeRoles: false,
      logFormat: 'text',
    } as const;
    return await startLocal(settings, log);
  } catch (error) {
    process.stderr.write(`the demo cannot start: ${explainStart(error)}\n`);
    rmSync(dataFolder, { recursive: true, force: true });
    process.exit(1);
  }
}

/** Leaves nothing behind. Whoever interrupts the story comes here twice. */
async function end(): Promise<void> {
  if (ended) return;
  ended = true;
  await stocktake.stop();
  await s3.close();
  rmSync(dataFolder, { recursive: true, force: true });
}

/** Shows what the server logs, but for its line per request. */
function sayLine(line: string): void {
  if (!/ info {2}request /.test(line)) process.stdout.write(`   server | ${line}`);
}

async function tellTheStory(): Promise<void> {
  say(`\nStocktake answers at ${stocktake.url}; an S3 server with the bucket ${demoBucket} at ${s3.url}\n`);
  say('1. Register the connector and add a datasource that syncs every 10 seconds');
  const datasource = await register();

  say('\n2. Wait for its schedule to fire');
  const first = await client.nextScheduledRun(datasource, undefined, (run) => run.status === 'completed');
  printRun(first);
  await printCatalogue(datasource);
  await compare(datasource);

  say('\n3. Add 5 objects, change 4, delete 3; then wait for the next tick');
  changeDemoBucket(s3);
  const changed = ({ counters }: DemoRun): boolean => counters.unchanged !== counters.matched || counters.deleted !== 0;
  const second = await client.nextScheduledRun(datasource, first.id, changed);
  printRun(second);
  const { added, modified, deleted } = second.counters;
  if (added !== 5 || modified !== 4 || deleted !== 3) throw new Error('the run did not find exactly these changes');
  await compare(datasource);
  say('\nThe run found exactly those changes, and the catalogue is exact.');
  if (keep) printKept(datasource);
}

async function register(): Promise<string> {
  await client.call('PUT', '/connector/s3?replace=true', {
    name: 'S3 Object Storage Connector',
    category: 'cloud_storage',
    icon: '/assets/icons/connector/s3/icon.png',
    processor: { enabled: true, name: 's3' },
  });
  const created = await client.call('POST', '/datasource/', {
    name: 'My S3 Documents',
    type: 'connector',
    enabled: true,
    connector: {
      id: 's3',
      config: {
        access_key_id: s3.credentials.accessKeyId,
        secret_access_key: s3.credentials.secretAccessKey,
        bucket: demoBucket,
        endpoint: s3.endpoint,
        use_ssl: false,
      },
    },
    sync: { enabled: true, interval: '10s' },
  });
  say(`   ${JSON.stringify(created)}`);
  return String((created as { _id: unknown })._id);
}

function printRun(run: DemoRun): void {
  const { pages, listed, added, modified, deleted, unchanged } = run.counters;
  say(`   run ${run.id}: ${run.status}, tick of ${run.scheduled_at}, ${run.duration_ms} ms`);
  say(
    `   pages ${pages}, listed ${listed}, added ${added}, modified ${modified}, deleted ${deleted}, unchanged ${unchanged}`,
  );
}

async function printCatalogue(datasource: string): Promise<void> {
  const root = await client.search({ datasource, path: '[]', size: '20' });
  say(`   The catalogue at its root (${root.hits.total.value} entries):`);
  for (const { _source: entry } of root.hits.hits) {
    const size = entry.type === 'file' ? `  ${entry.size} bytes` : '';
    say(`     ${entry.type.padEnd(6)} ${JSON.stringify(entry.title)}${size}`);
  }
  const found = await client.search({ datasource, query: 'final pdf', size: '3' });
  for (const { _source: hit } of found.hits.hits) say(`   A search for "final pdf" finds ${hit.metadata?.key}`);
}

/** Key by key, with size, etag, last-modified and storage class. */
async function compare(datasource: string): Promise<void> {
  const catalogue = (await client.allDocuments(datasource)).map(({ size, metadata }) =>
    JSON.stringify([metadata?.key, size, metadata?.etag, metadata?.last_modified, metadata?.storage_class]),
  );
  const bucket = bucketFacts(s3);
  const known = new Set(catalogue);
  const missing = bucket.filter((fact) => !known.has(fact));
  if (missing.length > 0 || catalogue.length !== bucket.length) {
    throw new Error(
      `the catalogue has ${catalogue.length} records, the bucket ${bucket.length}; ${missing.length} differ`,
    );
  }
  say(`   Compared with the bucket, key by key: ${bucket.length} of ${bucket.length} equal`);
}

function bucketFacts(server: S3Server): string[] {
  return server
    .objects(demoBucket)
    .map(({ key, size, etag, lastModified, storageClass }) =>
      JSON.stringify([key, size, etag, new Date(lastModified).toISOString(), storageClass]),
    );
}

function printKept(datasource: string): void {
  const { accessKeyId, secretAccessKey } = s3.credentials;
  say('\nBoth servers keep running (Ctrl-C ends them). To register the bucket elsewhere, with use_ssl false:');
  say(`  endpoint ${s3.endpoint}, access_key_id ${accessKeyId}, secret_access_key ${secretAccessKey}`);
  say('Try:');
  say(`  curl '${stocktake.url}/datasource/${datasource}'`);
  say(`  curl '${stocktake.url}/document/_search?datasource=${datasource}&path=%5B%22archive%22%5D'`);
  say(`  curl '${stocktake.url}/datasource/${datasource}/_runs'`);
}
