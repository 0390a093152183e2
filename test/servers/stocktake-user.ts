import * as z from 'zod';
import { createDemoClient } from '#local/demo/demo-client.ts';
import { type ServerProcess, startServerProcess } from '#support/server-process.ts';

const run = z.object({
  id: z.string(),
  datasource: z.string(),
  status: z.string(),
  message: z.string().optional(),
  duration_ms: z.number().optional(),
  error: z.object({ code: z.string(), message: z.string() }).optional(),
  warnings: z.array(z.string()).optional(),
  counters: z.record(z.string(), z.number()),
});
export type Run = z.output<typeof run>;

export type Answer = { readonly status: number; readonly body: unknown };

/** What a datasource is registered with, by somebody who knows an address, two keys and a bucket and no more. */
export type Registration = {
  readonly id: string;
  readonly host: string;
  readonly bucket: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  /** Further settings of the source, such as `prefix`. */
  readonly config?: Readonly<Record<string, unknown>>;
  /** Further settings of the sync, such as `page_size`. */
  readonly sync?: Readonly<Record<string, unknown>>;
};

/** A Stocktake in a process of its own, and somebody who uses it over HTTP alone. */
export type StocktakeUser = {
  request(method: string, path: string, body?: unknown): Promise<Answer>;
  register(registration: Registration): Promise<Answer>;
  /** Starts a run by hand, and tells its id. */
  startRun(datasource: string): Promise<string>;
  run(datasource: string, id: string): Promise<Run>;
  /** Waits until the run has ended; throws when it has not within `withinMs`. */
  endOf(datasource: string, id: string, withinMs: number): Promise<Run>;
  /** All records: key, size and ETag. */
  catalogue(datasource: string): Promise<Map<string, { size: number | undefined; etag: string | undefined }>>;
  /** SIGKILL, and a new process over the same data. */
  killAndRestart(between?: () => Promise<void>): Promise<void>;
  stop(): Promise<void>;
};

const POLL_MS = 50;

export async function startStocktake(dataFolder: string): Promise<StocktakeUser> {
  let { server, url } = await boot(dataFolder);
  const end = () => void server.kill('SIGKILL');
  process.once('exit', end);
  const request = (method: string, path: string, body?: unknown) => ask(url, method, path, body);
  const readRun = async (datasource: string, id: string): Promise<Run> =>
    z.object({ _source: run }).parse(await demand(request('GET', `/datasource/${datasource}/_runs/${id}`)))._source;
  return {
    request,
    register: (registration) => request('POST', '/datasource/', datasourceOf(registration)),
    async startRun(datasource) {
      return z.object({ _id: z.string() }).parse(await demand(request('POST', `/datasource/${datasource}/_sync`)))._id;
    },
    run: readRun,
    async endOf(datasource, id, withinMs) {
      const deadline = Date.now() + withinMs;
      for (;;) {
        const now = await readRun(datasource, id);
        if (now.status !== 'queued' && now.status !== 'running') return now;
        if (Date.now() > deadline) throw new Error(`the run has not ended after ${withinMs / 1000} s`);
        await new Promise((resolve) => setTimeout(resolve, POLL_MS));
      }
    },
    async catalogue(datasource) {
      const documents = await createDemoClient(url).allDocuments(datasource);
      return new Map(
        documents.map(({ size, metadata }) => [metadata?.key ?? '', { size, etag: metadata?.etag }] as const),
      );
    },
    async killAndRestart(between) {
      await server.kill('SIGKILL');
      await between?.();
      ({ server, url } = await boot(dataFolder));
    },
    async stop() {
      process.off('exit', end);
      await server.kill('SIGTERM');
    },
  };
}

async function boot(dataFolder: string): Promise<{ server: ServerProcess; url: string }> {
  const server = startServerProcess({ STOCKTAKE_DATA: dataFolder, HOST: '127.0.0.1', STOCKTAKE_API_KEYS: '' });
  const url = /url=(\S+)/.exec(await server.line(/ listening /))?.[1] ?? '';
  return { server, url };
}

async function ask(url: string, method: string, path: string, body?: unknown): Promise<Answer> {
  const response = await fetch(`${url}${path}`, {
    method,
    headers: body === undefined ? {} : { 'content-type': 'application/json' },
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  return { status: response.status, body: await response.json() };
}

async function demand(answer: Promise<Answer>): Promise<unknown> {
  const { status, body } = await answer;
  if (status !== 200) throw new Error(`Stocktake answered ${status}: ${JSON.stringify(body).slice(0, 500)}`);
  return body;
}

function datasourceOf({ id, host, bucket, accessKeyId, secretAccessKey, config, sync }: Registration): object {
  return {
    id,
    name: id,
    type: 'connector',
    connector: {
      id: 's3',
      config: {
        access_key_id: accessKeyId,
        secret_access_key: secretAccessKey,
        bucket,
        endpoint: host,
        use_ssl: false,
        ...config,
      },
    },
    ...(sync === undefined ? {} : { sync }),
  };
}
