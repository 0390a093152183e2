import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createDemoClient } from '#local/demo/demo-client.ts';
import { type S3Server, startS3Server } from '#local/demo/s3-server/server.ts';
import { type ServerProcess, startServerProcess } from '#support/server-process.ts';
import { hostileKinds, type Neighbours, startHostileNeighbours } from './hostile-kinds.ts';
import { sampleWait, type WaitSample } from './machine-wait.ts';
import { figuresOf, judge, type Measured, promptnessOf, readTaken, readWaits } from './neighbour-figures.ts';
import type { ProofResult } from './proof-result.ts';

const goodOnes = 100;
const hostileOnes = 50;
const wholeMs = 600_000;
const objectsEach = 40;

/** Each hostile server changes its kind so often: within two and a half minutes each has been at each of them that it has. */
const kindMs = 20_000;

/** Backoff leaves a failing datasource alone, so somebody asks for all of them by hand again and again. */
const askMs = 20_000;

/** A hostile bucket that lists without end has so many objects taken; the product's own limit is the disk. */
const mostObjects = '1000000';

const intervals = ['10s', '30s', '1m'] as const;

const child = fileURLToPath(new URL('hostile-neighbours-child.ts', import.meta.url));

/**
 * Proves that hostile datasources do not make good ones late: one `npm start`, a hundred good datasources, fifty whose
 * servers take turns in being hostile in each way there is.
 *
 * @param options.share 0–1 of ten minutes; at least two minutes, so that each schedule fires. How late runs begin is judged in the whole alone.
 */
export async function proveHostileNeighbours({ share }: { readonly share: number }): Promise<ProofResult[]> {
  const began = Date.now();
  const durationMs = Math.max(120_000, wholeMs * share);
  const measured = await measure(durationMs);
  return [
    {
      proof: 'hostile neighbours',
      claim: `${goodOnes} good datasources beside ${hostileOnes} hostile ones of ${hostileKinds.length} kinds: each slot has its run, complete, and begun within 2 s of it but for what the machine kept from the process, RSS ≤ 768 MB`,
      measured: figuresOf(measured),
      passed: judge(measured, share >= 1),
      seconds: (Date.now() - began) / 1000,
    },
  ];
}

async function measure(durationMs: number): Promise<Measured> {
  const dataFolder = mkdtempSync(join(tmpdir(), 'stocktake-neighbours-'));
  const s3 = await startS3Server();
  const neighbours = await startHostileNeighbours(hostileOnes, kindMs);
  const env = { STOCKTAKE_DATA: dataFolder, STOCKTAKE_MAX_OBJECTS: mostObjects };
  const server = startServerProcess(env, [process.execPath, child]);
  try {
    const client = createDemoClient(/url=(\S+)/.exec(await server.line(/ listening /))?.[1] ?? '');
    await addGood(client, s3);
    await addHostile(client, neighbours, s3);
    process.stderr.write(`all are there; ${durationMs / 1000} s begin\n`);
    return await watch({ client, s3, server, neighbours, durationMs });
  } finally {
    await server.kill('SIGKILL');
    await Promise.all([s3.close(), neighbours.close()]);
    rmSync(dataFolder, { recursive: true, force: true });
  }
}

type Client = ReturnType<typeof createDemoClient>;

type Watched = {
  readonly client: Client;
  readonly s3: S3Server;
  readonly server: ServerProcess;
  readonly neighbours: Neighbours;
  readonly durationMs: number;
};

async function watch({ client, s3, server, neighbours, durationMs }: Watched): Promise<Measured> {
  const servers: WaitSample[] = [sampleWait()];
  const sampling = setInterval(() => servers.push(sampleWait()), 100);
  const from = Date.now();
  const until = from + durationMs;
  let slowestGetMs = 0;
  for (let asked = 0; Date.now() < until; ) {
    if (Date.now() - from >= asked * askMs) {
      asked += 1;
      await Promise.all(
        neighbours.all.map(({ id }) => patiently(() => client.call('POST', `/datasource/${id}/_sync`))),
      );
    }
    const before = Date.now();
    await patiently(() => client.call('GET', '/datasource/good-0'));
    const tookMs = Date.now() - before;
    if (tookMs > 1000)
      process.stderr.write(`a GET took ${tookMs} ms, ${Math.round((before - from) / 1000)} s after the beginning\n`);
    slowestGetMs = Math.max(slowestGetMs, tookMs);
    // The servers log each request; nobody reads it here.
    s3.clearRequests();
    await new Promise((resolve) => setTimeout(resolve, 250));
  }
  process.stderr.write('reading what came of it\n');
  clearInterval(sampling);
  const waits = { product: readWaits(server.lines), servers: [...servers, sampleWait()] };
  const good = await Promise.all(
    Array.from({ length: goodOnes }, async (_, index) => {
      const runs = await runsOf(client, `good-${index}`);
      return promptnessOf(runs, intervalOf(index), { from, until, objectsEach, waits });
    }),
  );
  return {
    good,
    slowestGetMs,
    ...readTaken(server.lines),
    kinds: neighbours.kindsServed(),
    requests: neighbours.requests(),
  };
}

/** The server closes a connection that was idle for five seconds, maybe in the moment in which it is used again. */
async function patiently<Answer>(ask: () => Promise<Answer>): Promise<Answer> {
  try {
    return await ask();
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    return await ask();
  }
}

async function runsOf(client: Client, id: string): Promise<Record<string, unknown>[]> {
  const answer = await patiently(() => client.call('GET', `/datasource/${id}/_runs?size=100`));
  return (answer as { runs: Record<string, unknown>[] }).runs;
}

function intervalOf(index: number): (typeof intervals)[number] {
  return intervals[index % intervals.length] ?? '1m';
}

async function addGood(client: Client, s3: S3Server): Promise<void> {
  for (let index = 0; index < goodOnes; index += 1) {
    const bucket = `good-bucket-${index}`;
    s3.createBucket(bucket);
    for (let object = 0; object < objectsEach; object += 1) s3.put(bucket, `key-${object}`, { size: object });
    await add(client, s3, {
      id: `good-${index}`,
      bucket,
      endpoint: s3.endpoint,
      ssl: false,
      interval: intervalOf(index),
    });
  }
}

async function addHostile(client: Client, { all }: Neighbours, s3: S3Server): Promise<void> {
  for (const [index, { id, endpoint, ssl }] of all.entries()) {
    await add(client, s3, { id, bucket: 'hostile-bucket', endpoint, ssl, interval: intervalOf(index) });
  }
}

async function add(
  client: Client,
  { credentials }: S3Server,
  {
    id,
    bucket,
    endpoint,
    ssl,
    interval,
  }: { id: string; bucket: string; endpoint: string; ssl: boolean; interval: string },
): Promise<void> {
  const keys = { access_key_id: credentials.accessKeyId, secret_access_key: credentials.secretAccessKey };
  const connector = { id: 's3', config: { ...keys, bucket, endpoint, use_ssl: ssl } };
  await client.call('POST', '/datasource/', {
    id,
    name: id,
    type: 'connector',
    connector,
    sync: { enabled: true, interval },
  });
}
