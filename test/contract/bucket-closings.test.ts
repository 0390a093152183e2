import { createServer, type Server } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { createBuckets } from '#adapters/s3/s3-buckets.ts';
import type { Bucket } from '#core/model/ports/bucket.ts';

let server: Server;
let bucket: Bucket;
const sockets = new Set<Socket>();
let now = 0;

const page =
  '<ListBucketResult><Name>stock</Name><Prefix></Prefix><KeyCount>0</KeyCount><IsTruncated>false</IsTruncated></ListBucketResult>';

beforeEach(async () => {
  now = Date.parse('2026-03-01T00:00:00Z');
  server = createServer((_request, response) => void response.end(page));
  server.on('connection', (socket) => void sockets.add(socket));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  bucket = createBuckets({ allowPrivateEndpoints: true, patience: { now: () => now } }).open({
    ...{ bucket: 'stock', endpoint: `127.0.0.1:${(server.address() as AddressInfo).port}`, useSsl: false },
    ...{ pathStyle: true, listVersion: 'auto', region: 'us-east-1' },
    credentials: { accessKeyId: 'AK', secretAccessKey: 'SK' },
  });
});

afterEach(async () => {
  bucket.close();
  sockets.clear();
  await new Promise((resolve) => {
    server.close(resolve);
    server.closeAllConnections();
  });
});

const list = () => bucket.list({ prefix: '', maxKeys: 10 });

/** All connections end on the server's side, and the client has heard of it. */
async function end(): Promise<void> {
  const before = sockets.size;
  const closed = [...sockets].map((socket) => new Promise((resolve) => socket.on('close', resolve)));
  for (const socket of sockets) socket.end();
  await Promise.all(closed);
  expect(before).toBeGreaterThan(0);
  sockets.clear();
}

it('a connection that waits for its next request, and that the server ends, is counted', async () => {
  await list();
  expect(bucket.closings).toBe(0);
  await end();
  expect(bucket.closings).toBe(1);
  await list();
  await list();
  expect(bucket.closings).toBe(1);
});

it('one that waited as long as servers let it wait is not', async () => {
  await list();
  now += 5_000;
  await end();
  expect(bucket.closings).toBe(0);
});

it('one whose end the server had announced is not', async () => {
  server.removeAllListeners('request');
  server.on('request', (_request, response) => void response.writeHead(200, { connection: 'close' }).end(page));
  await list();
  await list();
  expect(bucket.closings).toBe(0);
});

it('nor is what this side closes', async () => {
  await list();
  bucket.close();
  expect(bucket.closings).toBe(0);
});
