import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { documentId } from '#core/catalogue/document-id.ts';
import { readDocument } from '#core/documents/read-document.ts';
import { jobEventDetail } from '#core/jobs/job-events.ts';
import { submitJobs } from '#core/jobs/submit-jobs.ts';
import { parseInput } from '#core/model/parse-input.ts';
import type { BusEvent } from '#core/model/ports/event-bus.ts';
import { createConnector } from '#core/registry/changes/save-connector.ts';
import { createDatasource } from '#core/registry/changes/save-datasource.ts';
import { connectorInput } from '#core/registry/connector.ts';
import { datasourceInput } from '#core/registry/datasource.ts';
import { requestRun } from '#core/runs/request-run.ts';
import { composeLocal, type LocalStocktake } from '#local/compose.ts';
import { type S3Server, startS3Server } from '#local/demo/s3-server/server.ts';
import { createRecordingLog } from '#support/recording-log.ts';
import { somebody } from '#support/somebody.ts';

let folder: string;
let s3: S3Server;
let stocktake: LocalStocktake;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'stocktake-jobs-'));
  s3 = await startS3Server();
  s3.createBucket('stock');
  stocktake = await composeLocal({ privateEndpoints: true, dataFolder: folder, log: createRecordingLog() });
});

afterEach(async () => {
  await stocktake.stop();
  await s3.close();
  rmSync(folder, { recursive: true, force: true });
});

/** Resolves with the first so many events of these types. */
function events(count: number, ...types: readonly string[]): Promise<BusEvent[]> {
  const heard: BusEvent[] = [];
  return new Promise((resolve) => {
    stocktake.bus.subscribe((published) => {
      heard.push(...published.filter(({ type }) => types.includes(type)));
      if (heard.length >= count) resolve(heard);
    });
  });
}

async function prepare(more: object = {}) {
  const deps = { ...somebody, ...stocktake.deps, minimumIntervalSeconds: 10 };
  const { accessKeyId: access_key_id, secretAccessKey: secret_access_key } = s3.credentials;
  const config = { bucket: 'stock', endpoint: s3.endpoint, use_ssl: false, access_key_id, secret_access_key };
  const connector = await createConnector(deps, parseInput(connectorInput, { name: 'stock', config }, 'the connector'));
  const body = { type: 'connector', name: 'stock', connector: { id: connector.id }, ...more };
  const datasource = await createDatasource(deps, parseInput(datasourceInput, body, 'the datasource'));
  return { deps, connector, datasource };
}

test('given jobs that were submitted before a restart, the next process performs them and tells of each once', async () => {
  s3.put('stock', 'a.txt');
  const { deps, connector } = await prepare();
  await submitJobs(deps, connector, { source: { connector_id: 1, keys: ['a.txt', 'gone.txt'] } });
  await stocktake.stop();
  stocktake = await composeLocal({ privateEndpoints: true, dataFolder: folder, log: createRecordingLog() });
  const heard = events(2, 'job.completed', 'job.failed');
  await stocktake.start();
  const told = (await heard).map(({ id, detail }) => [id, jobEventDetail.parse(detail).key]);
  expect(told.sort()).toEqual([
    ['job-1-completed', 'a.txt'],
    ['job-2-failed', 'gone.txt'],
  ]);
});

test('given a datasource with a pipeline, what a sync adds is enriched without anybody asking', async () => {
  s3.put('stock', 'a.txt', { metadata: { owner: 'somebody' }, tags: [{ key: 'team', value: 'red' }] });
  await stocktake.start();
  const { deps, datasource } = await prepare({
    enrichment_pipeline: { processor: [{ s3_head: {} }, { s3_tags: {} }] },
    sync: { first_load_events: true },
  });
  await requestRun(deps, { datasource: datasource.id, trigger: 'api' });
  const id = documentId(datasource.id, 'a.txt');
  const metadata = async () => (await readDocument(deps, id))?.metadata;
  await expect.poll(metadata, { timeout: 10_000 }).toMatchObject({
    user_metadata: { owner: 'somebody' },
    tags: { team: 'red' },
  });
});
