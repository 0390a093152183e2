import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { type S3Server, startS3Server } from '#local/demo/s3-server/server.ts';
import { type ServerProcess, startServerProcess } from '#support/server-process.ts';
import { bucketName } from '#support/sync-world.ts';

const apiKey = 'dfx_your_key_here';

let s3: S3Server;
let dataFolder: string;
let server: ServerProcess;
let url: string;
beforeEach(async () => {
  s3 = await startS3Server();
  s3.createBucket(bucketName);
  const keys = ['invoices/jan/inv_001.pdf', 'invoices/jan/inv_002.pdf', 'contracts/one.pdf'];
  for (const [minute, key] of keys.entries()) {
    s3.put(bucketName, key, { size: 7, lastModified: Date.UTC(2026, 0, 1, 0, minute) });
  }
  dataFolder = mkdtempSync(join(tmpdir(), 'stocktake-flexorch-'));
  server = startServerProcess({
    STOCKTAKE_DATA: dataFolder,
    STOCKTAKE_API_KEYS: `write:${apiKey}`,
    STOCKTAKE_PRIVATE_ENDPOINTS: s3.endpoint,
  });
  url = /url=(\S+)/.exec(await server.line(/ listening /))?.[1] ?? '';
});
afterEach(async () => {
  await server.kill('SIGKILL');
  await s3.close();
  rmSync(dataFolder, { recursive: true, force: true });
});

/** As curl sends it: -X, -H and -d. */
async function curl(method: string, path: string, body?: object) {
  const json = body === undefined ? {} : { 'content-type': 'application/json' };
  const answer = await fetch(`${url}${path}`, {
    method,
    headers: { 'x-api-key': apiKey, ...json },
    body: body === undefined ? null : JSON.stringify(body),
  });
  // biome-ignore lint/suspicious/noExplicitAny: answers of every shape are looked into
  const { data, error } = (await answer.json()) as { data: any; error: unknown };
  return { status: answer.status, data, error };
}

/** The body of the founding document's command, with a server's own values filled in. */
const connector = (config: object = {}) => ({
  type: 's3',
  name: 'my-s3-connector',
  config: {
    bucket: bucketName,
    region: 'eu-west-1',
    aws_access_key_id: s3.credentials.accessKeyId,
    aws_secret_access_key: s3.credentials.secretAccessKey,
    endpoint: s3.endpoint,
    use_ssl: false,
    ...config,
  },
});

it('given npm start, the founding commands create and test a connector, and a schedule polls its prefix', async () => {
  const created = await curl('POST', '/v1/connectors', connector({ prefix: 'invoices/' }));
  expect(created).toMatchObject({ status: 201, data: { id: 1, name: 'my-s3-connector', type: 's3' }, error: null });
  expect(await curl('POST', '/v1/connectors/1/test')).toMatchObject({ status: 200, data: { success: true } });

  // A new interval fires at once
  const schedule = await curl('POST', '/v1/scheduler/schedules', { connector_id: 1, interval: '6h' });
  expect(schedule).toMatchObject({ status: 201, data: { id: 1, prefix: 'invoices/' } });
  const path = '/v1/connectors/1/schedules/1/logs';
  await expect.poll(async () => (await curl('GET', path)).data[0]?.status, { timeout: 15_000 }).toBe('completed');
  const { data } = await curl('GET', '/v1/documents');
  expect(data).toMatchObject({ total: 2, items: [{ filename: 'inv_002.pdf' }, { filename: 'inv_001.pdf' }] });
});

it('given npm start, the founding command ingests files from the bucket, and so does a form', async () => {
  await curl('POST', '/v1/connectors', connector());
  const source = { connector_id: 1, keys: ['invoices/jan/inv_001.pdf', 'invoices/jan/inv_002.pdf'] };
  const submitted = await curl('POST', '/v1/data-process/async', { source });
  expect(submitted).toMatchObject({ status: 202, data: { accepted: 2, rejected: [], job_ids: [1, 2] } });

  const form = new FormData();
  form.append('source', JSON.stringify({ connector_id: '1', keys: ['contracts/one.pdf', 'contracts/none.pdf'] }));
  form.append('locale', 'en');
  const headers = { 'x-api-key': apiKey };
  const answer = await fetch(`${url}/v1/data-process/async`, { method: 'POST', headers, body: form });
  expect([answer.status, await answer.json()]).toMatchObject([202, { meta: { poll: '/v1/jobs/3' } }]);

  const statuses = async (): Promise<string[]> =>
    (await curl('GET', '/v1/jobs')).data.items.map(({ status }: { status: string }) => status);
  await expect.poll(statuses, { timeout: 15_000 }).toEqual(['failed', 'completed', 'completed', 'completed']);
});

it('given npm start and keys that the bucket refuses, the test says what to fix', async () => {
  await curl('POST', '/v1/connectors', connector({ aws_secret_access_key: 'not-the-secret-of-this-key' }));
  const { status, data } = await curl('POST', '/v1/connectors/1/test');
  expect([status, data.success, data.latency_ms]).toEqual([200, false, null]);
  expect(data.message).toMatch(/secret/i);
});

it('given a body that is too large, the server itself refuses it in the envelope', async () => {
  const { status, data, error } = await curl('POST', '/v1/connectors', { name: 'x'.repeat(2_000_000) });
  expect([status, data, error]).toEqual([413, null, expect.objectContaining({ code: 'FILE_TOO_LARGE' })]);
});
