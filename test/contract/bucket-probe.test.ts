import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createBuckets } from '#adapters/s3/s3-buckets.ts';
import type { Bucket, BucketTarget } from '#core/model/ports/bucket.ts';
import { type S3Server, startS3Server } from '#local/demo/s3-server/server.ts';

let server: S3Server;
const opened: Bucket[] = [];
const written = Date.parse('2026-01-02T03:04:05Z');

beforeAll(async () => {
  server = await startS3Server({ region: 'eu-test-1' });
  server.createBucket('another');
  server.createBucket('stock');
  server.put('stock', 'whole', { body: 'abc', lastModified: written });
  server.put('stock', 'nothing', { body: '', lastModified: written });
});
afterAll(() => server.close());
beforeEach(() => {
  server.faults.clear();
  server.clearRequests();
});
afterEach(() => {
  for (const bucket of opened.splice(0)) bucket.close();
});

function open(change: Partial<BucketTarget> = {}): Bucket {
  const { accessKeyId, secretAccessKey } = server.credentials;
  const patience = { wait: () => Promise.resolve() };
  const bucket = createBuckets({ allowPrivateEndpoints: true, patience, requestTimeoutMs: 2000 }).open({
    ...{ bucket: 'stock', endpoint: server.endpoint, region: 'eu-test-1', useSsl: false, pathStyle: true },
    ...{ listVersion: 'auto', credentials: { accessKeyId, secretAccessKey }, ...change },
  });
  opened.push(bucket);
  return bucket;
}

type Answer = (request: IncomingMessage, response: ServerResponse) => void;

async function withServer(answer: Answer, use: (endpoint: string) => Promise<void>): Promise<void> {
  const http: Server = createServer(answer);
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  try {
    await use(`127.0.0.1:${(http.address() as AddressInfo).port}`);
  } finally {
    http.closeAllConnections();
    await new Promise((resolve) => http.close(resolve));
  }
}

const refuse = (status: number, code: string): void => {
  server.faults.add({ act: { kind: 'status', status, code } });
};

describe('a HEAD that a server does not take', () => {
  it.each([400, 405, 410, 501])('given status %d, HEAD cannot be used', async (status) => {
    refuse(status, 'MethodNotAllowed');
    expect(await open().head('whole')).toEqual({ status: 'unusable' });
  });

  it('given a refusal, it is forbidden, and given any other status a failure', async () => {
    refuse(403, 'AccessDenied');
    expect(await open().head('whole')).toEqual({ status: 'forbidden' });
    server.faults.clear();
    refuse(409, 'Conflict');
    await expect(open().head('whole')).rejects.toMatchObject({ code: 'not_an_s3_answer' });
  });
});

describe('asking for the first byte', () => {
  it('given an object, it is found, with its ETag and time, by a range of one byte', async () => {
    const { etag } = server.get('stock', 'whole') ?? {};
    expect(await open().firstByte('whole')).toEqual({ status: 'found', etag, lastModified: written });
    const asked: unknown[] = [];
    const look: Answer = (request, response) => {
      asked.push([request.method, request.url?.split('?')[0], request.headers.range]);
      response.writeHead(206).end('a');
    };
    await withServer(look, async (endpoint) => {
      expect(await open({ endpoint }).firstByte('a b')).toEqual({ status: 'found', etag: '' });
    });
    expect(asked).toEqual([['GET', '/stock/a%20b', 'bytes=0-0']]);
  });

  it('given an object without bytes, it is there and cannot be read', async () => {
    expect(await open().firstByte('nothing')).toEqual({ status: 'unreadable' });
  });

  it('given no object, it is missing; given no bucket, that says nothing of the key', async () => {
    expect(await open().firstByte('other')).toEqual({ status: 'missing' });
    expect(await open({ bucket: 'no-such-bucket' }).firstByte('other')).toEqual({ status: 'unclear' });
  });

  it.each([
    [403, 'AccessDenied', 'refused'],
    [403, 'InvalidObjectState', 'unreadable'],
    [400, 'InvalidRequest', 'refused'],
    [405, 'MethodNotAllowed', 'refused'],
    [410, 'Gone', 'refused'],
    [501, 'NotImplemented', 'refused'],
    [409, 'Conflict', 'unclear'],
    [500, 'InternalError', 'unclear'],
  ])('given %d %s, it is %s', async (status, code, told) => {
    refuse(status, code);
    expect(await open().firstByte('whole')).toEqual({ status: told });
  });

  it('given a server that sends all of a large object, its headers tell and the rest is not read', async () => {
    let sent = 0;
    const chunk = Buffer.alloc(64 * 1024);
    const pour: Answer = (_request, response) => {
      response.writeHead(200, { etag: '"e"', 'content-length': String(5e9) });
      const more = (): void => {
        while (!response.destroyed && sent < 1e9) {
          sent += chunk.length;
          if (!response.write(chunk)) {
            response.once('drain', more);
            return;
          }
        }
      };
      more();
    };
    await withServer(pour, async (endpoint) => {
      expect(await open({ endpoint }).firstByte('large')).toEqual({ status: 'found', etag: 'e' });
    });
    expect(sent).toBeLessThan(16e6);
  });

  it('given a page without ETag and time, it is found without either', async () => {
    const page: Answer = (_request, response) =>
      response.writeHead(200, { 'last-modified': 'yesterday' }).end('<html/>');
    await withServer(page, async (endpoint) => {
      expect(await open({ endpoint }).firstByte('folder')).toEqual({ status: 'found', etag: '' });
    });
  });

  it('given no answer, it is a failure', async () => {
    server.faults.add({ act: { kind: 'reset', bytes: 0 } });
    const dead = withServer(
      (request) => request.socket.destroy(),
      async (endpoint) => {
        await expect(open({ endpoint }).firstByte('whole')).rejects.toMatchObject({ code: 'endpoint_unreachable' });
      },
    );
    await dead;
  });
});

describe('what tells a bucket from another', () => {
  const here = { status: 'found', region: 'eu-test-1' };

  it('given a list of all buckets, it is when this one was made', async () => {
    const identity = await open().identify();
    expect(identity).toEqual({ ...here, created: expect.any(Number) });
    const age = Date.now() - (identity.status === 'found' ? (identity.created ?? 0) : 0);
    expect([age >= 0, age < 600_000]).toEqual([true, true]);
    expect(server.requests.map(({ operation }) => operation)).toEqual(['HeadBucket', 'ListBuckets']);
  });

  it.each([
    ['a refusal', { kind: 'status', status: 403, code: 'AccessDenied' }],
    ['a server in trouble', { kind: 'status', status: 500, code: 'InternalError' }],
    ['a web page', { kind: 'html' }],
    ['an empty answer', { kind: 'empty' }],
    ['an error in a 200', { kind: 'error-in-200', code: 'AccessDenied' }],
    ['a list that breaks off', { kind: 'cut-body' }],
  ] as const)('given %s in place of the list, it is not told', async (_label, act) => {
    server.faults.add({ when: { operation: 'ListBuckets' }, act });
    expect(await open().identify()).toEqual(here);
  });

  it.each([
    ['no bucket of this name', (body: string) => body.replaceAll('stock', 'stack')],
    ['two buckets of this name', (body: string) => body.replaceAll('another', 'stock')],
    ['a date that is none', (body: string) => body.replaceAll('<CreationDate>', '<CreationDate>about ')],
    ['more than a megabyte', (body: string) => body.replace('<Owner>', `<!--${'x'.repeat(1 << 20)}--><Owner>`)],
  ])('given a list with %s, it is not told', async (_label, alter) => {
    server.faults.add({ when: { operation: 'ListBuckets' }, act: { kind: 'rewrite', alter } });
    expect(await open().identify()).toEqual(here);
  });

  it('given its region in a header, it is told, and one that cannot be is not', async () => {
    const answer =
      (region: string): Answer =>
      (request, response) =>
        response.writeHead(request.method === 'HEAD' ? 200 : 403, { 'x-amz-bucket-region': region }).end();
    await withServer(answer('eu-test-1'), async (endpoint) => {
      expect(await open({ endpoint }).identify()).toEqual({ status: 'found', region: 'eu-test-1' });
    });
    await withServer(answer('<script>'), async (endpoint) => {
      expect(await open({ endpoint }).identify()).toEqual({ status: 'found' });
    });
  });

  it('given no bucket, it is missing; given anything else, nothing is known', async () => {
    expect(await open({ bucket: 'no-such-bucket' }).identify()).toEqual({ status: 'missing' });
    refuse(403, 'AccessDenied');
    expect(await open().identify()).toEqual({ status: 'unclear' });
  });
});
