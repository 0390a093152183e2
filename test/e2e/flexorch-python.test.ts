import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, it, test } from 'vitest';
import { type S3Server, startS3Server } from '#local/demo/s3-server/server.ts';
import { FLEXORCH_PYTHON, isFlexorchThere } from '#support/engine-paths.ts';
import { type ServerProcess, startServerProcess } from '#support/server-process.ts';
import { bucketName } from '#support/sync-world.ts';

const missing = 'FlexOrch’s clients are not there: run `npm run engines`, which needs Python 3.10';
const skipped = isFlexorchThere() ? undefined : missing;
if (skipped !== undefined) console.warn(`FlexOrch's Python clients: skipped. ${skipped}`);
test.runIf(skipped !== undefined && process.env.CI)('runs in CI', () => expect.fail(skipped));

type Shown = Readonly<Record<string, unknown>>;

/** What flexorch-sdk.py prints. */
type SdkFound = Readonly<
  Record<'connector' | 'test' | 'document' | 'schedule' | 'trigger' | 'webhook' | 'usage' | 'limits', Shown> &
    Record<'connectors' | 'jobs' | 'documents' | 'catalogued' | 'logs', readonly Shown[]> &
    Record<'reprocess' | 'missing' | 'upload' | 'paged' | 'left' | 'gone' | 'never', readonly unknown[]>
>;

const apiKey = 'dfx_your_key_here';

/** Hands each request on; the first answer to a trigger and to each DELETE becomes a 503 on the way back. */
async function startLossyProxy(target: string): Promise<{ readonly server: Server; readonly lost: string[] }> {
  const lost: string[] = [];
  const server = createServer(async (request, response) => {
    const { method = 'GET', url = '/' } = request;
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    const { host: _host, 'content-length': _length, connection: _connection, ...headers } = request.headers;
    const body = chunks.length === 0 ? null : Buffer.concat(chunks);
    const answer = await fetch(`${target}${url}`, { method, headers: headers as Record<string, string>, body });
    const content = await answer.text();
    const name = `${method} ${url}`;
    const lose = (method === 'DELETE' || url.endsWith('/trigger')) && answer.ok && !lost.includes(name);
    if (lose) lost.push(name);
    response.writeHead(lose ? 503 : answer.status, { 'content-type': answer.headers.get('content-type') ?? '' });
    response.end(lose ? '' : content);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { server, lost };
}

describe.skipIf(skipped)('FlexOrch’s own clients, against npm start and a bucket', () => {
  let s3: S3Server;
  let dataFolder: string;
  let process: ServerProcess;
  let url: string;
  let proxy: Awaited<ReturnType<typeof startLossyProxy>>;
  let lossyUrl: string;
  beforeEach(async () => {
    s3 = await startS3Server();
    s3.createBucket(bucketName);
    const objects = [
      ['in/b & c.pdf', 2],
      ['in/größe+1.pdf', 3],
      ['in/a.pdf', 1],
    ] as const;
    for (const [key, minute] of objects) {
      s3.put(bucketName, key, { size: 7, lastModified: Date.UTC(2026, 0, 1, 0, minute) });
    }
    dataFolder = mkdtempSync(join(tmpdir(), 'stocktake-flexorch-python-'));
    process = startServerProcess({
      STOCKTAKE_DATA: dataFolder,
      STOCKTAKE_API_KEYS: `write:${apiKey}`,
      STOCKTAKE_PRIVATE_ENDPOINTS: s3.endpoint,
    });
    url = /url=(\S+)/.exec(await process.line(/ listening /))?.[1] ?? '';
    proxy = await startLossyProxy(url);
    const address = proxy.server.address();
    lossyUrl = `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`;
  });
  afterEach(async () => {
    proxy.server.close();
    await process.kill('SIGKILL');
    await s3.close();
    rmSync(dataFolder, { recursive: true, force: true });
  });

  /** Runs one of the programs beside this file; what it prints. */
  async function run<Found>(program: string, baseUrl: string, more: Record<string, string> = {}): Promise<Found> {
    const env = {
      ...{ PATH: globalThis.process.env.PATH ?? '', PYTHONUTF8: '1', NO_PROXY: '127.0.0.1' },
      ...{ STOCKTAKE_URL: baseUrl, FLEXORCH_API_KEY: apiKey, S3_ENDPOINT: s3.endpoint, S3_BUCKET: bucketName },
      ...{ S3_KEY_ID: s3.credentials.accessKeyId, S3_SECRET: s3.credentials.secretAccessKey, ...more },
    };
    const child = spawn(FLEXORCH_PYTHON, [join(import.meta.dirname, program)], { env });
    const [out, problems, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')]);
    if (code !== 0) throw new Error(`${program} ended with ${code}: ${problems}`);
    return JSON.parse(out);
  }

  it('given the Python client, each of its calls that has a meaning here gives what it declares', async () => {
    const found = await run<SdkFound>('flexorch-sdk.py', lossyUrl);

    const config = {
      bucket: bucketName,
      region: 'eu-central-1',
      endpoint: s3.endpoint,
      use_ssl: false,
      path_style: true,
    };
    expect(found.connector).toMatchObject({ id: 1, name: 'Production S3', type: 's3', active: true, config });
    expect(found.connectors).toEqual([found.connector]);
    expect(found.test).toEqual({ success: true, latency_ms: expect.any(Number), message: expect.stringMatching(/\w/) });

    const ended = { status: 'completed', degraded: false, failure_reason: null, document_id: expect.any(String) };
    expect(found.jobs).toMatchObject([
      { ...ended, id: '1', execution_id: 1 },
      { ...ended, id: '2', execution_id: 2 },
    ]);
    expect(found.documents.map(({ filename }) => filename)).toEqual(['größe+1.pdf', 'b & c.pdf']);
    expect(found.document).toMatchObject({
      id: found.jobs[0]?.document_id,
      storage_path: `s3://${bucketName}/in/b & c.pdf`,
    });
    expect(found.reprocess.slice(0, 3)).toEqual(['FlexOrchError', 400, 'REPROCESS_NOT_SUPPORTED']);
    expect(found.missing).toEqual(['3', expect.stringContaining('no object')]);
    expect(found.upload.slice(0, 3)).toEqual(['FlexOrchError', 415, 'UNSUPPORTED_FILE']);

    expect(found.schedule).toMatchObject({ id: '1', connector_id: '1', prefix_filter: 'in/', is_active: true });
    expect(found.trigger.schedule_id).toBe('1');
    expect(found.logs).toMatchObject([{ id: found.trigger.id, status: 'completed', files_found: 3, files_new: 3 }]);
    const newestFirst = ['größe+1.pdf', 'b & c.pdf', 'a.pdf'];
    expect(found.catalogued.map(({ filename }) => filename)).toEqual(newestFirst);
    expect(found.paged).toEqual(newestFirst);

    const events = ['dataset.ready', 'job.completed', 'quota.warning'];
    expect(found.webhook).toMatchObject({ id: 1, events, active: true, secret: expect.stringMatching(/^whsec_/) });
    expect(found.usage).toMatchObject({ plan: 'self-hosted', credits_used: 0, credits_limit: null, is_trial: false });
    expect(found.limits).toMatchObject({ unlimited: true, limit: null });

    expect(proxy.lost).toEqual([
      'POST /v1/connectors/1/schedules/1/trigger',
      'DELETE /v1/webhooks/1',
      'DELETE /v1/connectors/1/schedules/1',
      'DELETE /v1/connectors/1',
    ]);
    expect(found.left).toEqual([[], [], []]);
    expect(found.gone.slice(0, 3)).toEqual(['NotFoundError', 404, 'CONNECTOR_NOT_FOUND']);
    expect(found.never.slice(0, 3)).toEqual(['NotFoundError', 404, 'CONNECTOR_NOT_FOUND']);
  });

  it('given the MCP client, its tools tell how jobs ended, and why, and what is not there', async () => {
    const headers = { 'x-api-key': apiKey, 'content-type': 'application/json' };
    const post = (path: string, body: object) =>
      fetch(`${url}${path}`, { method: 'POST', headers, body: JSON.stringify(body) });
    const { accessKeyId: access_key_id, secretAccessKey: secret_access_key } = s3.credentials;
    const config = { bucket: bucketName, endpoint: `http://${s3.endpoint}`, access_key_id, secret_access_key };
    await post('/v1/connectors', { name: 'mine', type: 's3', config });
    const keys = ['in/a.pdf', 'in/none.pdf'];
    await post('/v1/data-process/async', { source: { connector_id: 1, keys } });
    const open = async () => {
      const { data } = (await (await fetch(`${url}/v1/jobs`, { headers })).json()) as {
        data: { items: { status: string }[] };
      };
      return data.items.map(({ status }) => status);
    };
    await expect.poll(open, { timeout: 15_000 }).toEqual(['failed', 'completed']);

    const calls = [
      ['job.status', { job_id: 1 }],
      ['job.status', { job_id: 2 }],
      ['job.status', { job_id: 99 }],
      ['job.result', { execution_id: 1 }],
      ['document.reprocess', { document_id: 7 }],
      ['document.process', { file_url: `${url}/_health` }],
      ['dataset.search', { query: 'invoices' }],
    ];
    const answers = await run<unknown[]>('flexorch-mcp.py', url, { CALLS: JSON.stringify(calls) });

    const notThere = { isError: true, error: expect.stringMatching(/^Resource not found/) };
    expect(answers).toMatchObject([
      { job_id: 1, status: 'completed', degraded: false },
      { job_id: 2, status: 'failed', reason: expect.stringContaining('no object') },
      notThere,
      notThere,
      { isError: true, error: expect.stringMatching(/^Document not found/) },
      { isError: true, error: expect.stringMatching(/^Unsupported file type/) },
      notThere,
    ]);
  });
});
