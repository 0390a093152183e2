import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { createBuckets } from '#adapters/s3/s3-buckets.ts';
import type { Bucket, BucketTarget } from '#core/model/ports/bucket.ts';

const owner = '111122223333';
const header = 'x-amz-expected-bucket-owner';

let server: Server;
let bucket: Bucket | undefined;
let asked: IncomingMessage[];
let answer: { readonly status: number; readonly body: string };
beforeEach(async () => {
  asked = [];
  answer = { status: 200, body: '<ListBucketResult></ListBucketResult>' };
  server = createServer((request, response) => {
    asked.push(request);
    const headers = { 'last-modified': 'Thu, 01 Jan 2026 00:00:00 GMT', etag: '"e"' };
    response.writeHead(answer.status, headers).end(request.method === 'HEAD' ? '' : answer.body);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});
afterEach(async () => {
  bucket?.close();
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

/** A bucket at one of AWS's own hosts, which is looked up to be this machine. */
function open(change: Partial<BucketTarget> = {}): Bucket {
  const lookup = async () => [{ address: '127.0.0.1', family: 4 }];
  bucket = createBuckets({ allowPrivateEndpoints: true, lookup }).open({
    bucket: 'stock',
    expectedOwner: owner,
    endpoint: `s3.eu-west-1.amazonaws.com:${(server.address() as AddressInfo).port}`,
    region: 'eu-west-1',
    useSsl: false,
    pathStyle: true,
    listVersion: 2,
    credentials: { accessKeyId: 'KEY', secretAccessKey: 'secret' },
    ...change,
  });
  return bucket;
}

const said = () => asked.map(({ method, url, headers }) => [method, url?.split('?')[0], headers[header]]);

it('given an expected owner, every request about the bucket says it, under the signature', async () => {
  const stock = open();
  await stock.list({ prefix: '', maxKeys: 1 });
  await stock.head('a').catch(() => undefined);
  await stock.firstByte('a');
  await stock.describe('a').catch(() => undefined);
  await stock.tags('a').catch(() => undefined);
  expect(new Set(asked.map(({ method }) => method))).toEqual(new Set(['GET', 'HEAD']));
  expect(asked.length).toBeGreaterThanOrEqual(5);
  expect(said().map(([, , value]) => value)).toEqual(asked.map(() => owner));
  for (const { headers } of asked) expect(headers.authorization).toContain(`${header};`);
});

it('given the question when the bucket was made, the list of all buckets is asked for without an owner', async () => {
  await open().identify();
  expect(said()).toEqual([
    ['HEAD', '/stock/', owner],
    ['GET', '/', undefined],
  ]);
});

it('given none, no request says one', async () => {
  const stock = open({ expectedOwner: undefined } as unknown as Partial<BucketTarget>);
  await stock.list({ prefix: '', maxKeys: 1 });
  expect(said()).toEqual([['GET', '/stock/', undefined]]);
});

it('given a link, it carries the owner under its signature', async () => {
  const stock = open();
  await stock.list({ prefix: '', maxKeys: 1 });
  const url = new URL(await stock.presign('a.txt', 60));
  expect(Object.fromEntries(url.searchParams)).toMatchObject({ [header]: owner, 'X-Amz-SignedHeaders': 'host' });
});

it('given a refusal, the message says that the bucket may be of another account', async () => {
  answer = { status: 403, body: '<Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>' };
  await expect(open().list({ prefix: '', maxKeys: 1 })).rejects.toMatchObject({
    code: 'access_denied',
    message: expect.stringContaining(`does not belong to the account ${owner}, the expected_bucket_owner`),
  });
});

it('given a server that is not of AWS, it is refused before anything is asked', () => {
  expect(() => open({ endpoint: 's3.example.com' })).toThrow(expect.objectContaining({ code: 'invalid_request' }));
});
