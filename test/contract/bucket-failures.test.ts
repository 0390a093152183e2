import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createServer as createTcpServer, type Socket, type Server as TcpServer } from 'node:net';
import { inspect } from 'node:util';
import { gzipSync } from 'node:zlib';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createBuckets, type S3BucketsOptions } from '#adapters/s3/s3-buckets.ts';
import { Failure } from '#core/model/errors.ts';
import type { Bucket, BucketTarget } from '#core/model/ports/bucket.ts';
import { provePage } from '#core/source/page-proof.ts';
import { type S3Server, startS3Server } from '#local/demo/s3-server/server.ts';
import { type Hostility, startHostileServer } from '#support/hostile-server.ts';

const secrets = { secretAccessKey: 'verysecretaccesskey', sessionToken: 'verysecretsessiontoken' };

let server: S3Server;
let bucket: Bucket | undefined;
/** What was waited between tries, milliseconds; nobody sleeps. */
const waits: number[] = [];

beforeAll(async () => {
  server = await startS3Server({ credentials: { accessKeyId: 'KEYID', ...secrets } });
  server.createBucket('stock');
  for (let i = 0; i < 5; i++) server.put('stock', `key ${i}`);
});

afterAll(async () => {
  await server.close();
});

beforeEach(() => {
  server.faults.clear();
  server.clearRequests();
  waits.splice(0);
});

afterEach(() => {
  bucket?.close();
  bucket = undefined;
});

function open(change: Partial<BucketTarget> = {}, options: Partial<S3BucketsOptions> = {}): Bucket {
  const patience = { wait: async (ms: number) => void waits.push(ms), random: () => 0.999999 };
  bucket = createBuckets({ allowPrivateEndpoints: true, patience, ...options }).open({
    bucket: 'stock',
    endpoint: server.endpoint,
    region: 'us-east-1',
    useSsl: false,
    pathStyle: true,
    listVersion: 2,
    credentials: { accessKeyId: 'KEYID', ...secrets },
    ...change,
  });
  return bucket;
}

async function failureOf(
  change: Partial<BucketTarget> = {},
  options: Partial<S3BucketsOptions> = {},
): Promise<Failure> {
  try {
    await open(change, options).list({ prefix: '', maxKeys: 1000 });
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    expectNoSecrets(error);
    return error;
  }
  throw new Error('the listing succeeded');
}

/** Neither in its text nor in anything that hangs on it, hidden properties included. */
function expectNoSecrets(failure: Failure): void {
  const everything = inspect(failure, { depth: 20, showHidden: true, maxArrayLength: null, maxStringLength: null });
  for (const text of [secrets.secretAccessKey, secrets.sessionToken, 'Signature=', 'Credential=']) {
    expect(everything).not.toContain(text);
  }
  expect(Object.keys(failure).sort()).toEqual(['code', 'details', 'name']);
  expect(failure.cause).toBeUndefined();
}

describe('refusals of the server', () => {
  it.each([
    [403, 'AccessDenied', 'access_denied', 's3:ListBucket on the bucket stock'],
    [403, 'AllAccessDisabled', 'access_denied', 's3:ListBucket'],
    [404, 'NoSuchBucket', 'bucket_not_found', 'no bucket stock at 127.0.0.1'],
    [403, 'AccessDenied', 'access_denied', 'Requester-pays buckets'],
    [403, 'InvalidAccessKeyId', 'credentials_invalid', 'does not know the access key: it was revoked'],
    [400, 'ExpiredToken', 'credentials_invalid', 'expired'],
    [400, 'InvalidToken', 'credentials_invalid', 'session token is not valid'],
    [403, 'InvalidObjectState', 'object_archived', 'Restore it in S3'],
    [403, 'SignatureDoesNotMatch', 'signature_mismatch', 'Set secret_access_key'],
    [403, 'RequestTimeTooSkewed', 'clock_skewed', 'clock'],
    [503, 'SlowDown', 'source_throttled', 'fewer requests'],
    [429, 'Whatever', 'source_throttled', 'fewer requests'],
    [500, 'InternalError', 'source_error', 'status 500 (InternalError)'],
    [503, 'ServiceUnavailable', 'source_error', 'status 503'],
    [501, 'NotImplemented', 'source_error', 'status 501 (NotImplemented)'],
    [400, 'InvalidRequest', 'source_error', 'status 400 (InvalidRequest)'],
    [400, 'RequestTimeout', 'source_timeout', 'Try again'],
    [401, 'Unauthorized', 'credentials_invalid', 'does not know the access key'],
    [401, 'SomethingElse', 'credentials_invalid', 'does not know the access key'],
    [418, 'E1001', 'source_error', 'status 418 (E1001)'],
    [400, 'Error404.Sub2', 'source_error', '(Error404.Sub2)'],
    [405, 'MethodNotAllowed', 'source_error', 'set list_version to "auto"'],
  ])('given %i %s, it is %s and says what to do', async (status, code, failureCode, words) => {
    server.faults.add({ act: { kind: 'status', status, code, message: `echo ${secrets.sessionToken}` } });
    const failure = await failureOf();
    expect(failure.code).toBe(failureCode);
    expect(failure.message).toContain(words);
  });

  it('given AccessDenied with words about requester-pays, it says that this is not supported', async () => {
    const message = 'Requester Pays is enabled on this bucket';
    server.faults.add({ act: { kind: 'status', status: 403, code: 'AccessDenied', message } });
    const failure = await failureOf();
    expect([failure.code, failure.message]).toEqual([
      'requester_pays',
      expect.stringContaining('bucket stock is requester-pays'),
    ]);
    expect(failure.message).toContain('does not support');
  });

  it.each([
    [
      400,
      'InvalidArgument',
      'Invalid Argument: Credential access key has length 20, should be 32',
      'credentials_invalid',
    ],
    [403, 'AccessDenied', 'Forbidden: No such key: GK31c2f218a2e44f485b94239e', 'credentials_invalid'],
    [403, 'AccessDenied', 'Forbidden: Invalid signature', 'signature_mismatch'],
    [403, 'AccessDenied', 'Forbidden: Operation is not allowed for this key.', 'access_denied'],
    [400, 'InvalidRegionName', "The region name 'x' is not valid. Must be one of: wnam, auto", 'wrong_region'],
    [400, 'InvalidRequest', 'Buckets of this class cannot be listed', 'source_error'],
    [404, 'NoSuchBucket', 'The bucket was removed on Monday', 'bucket_not_found'],
  ])('given %i %s with the words %j, it is told with these words', async (status, code, message, failureCode) => {
    const body = `<Error><Code>${code}</Code><Message>${message}</Message></Error>`;
    await withAnswer(status, body, async (endpoint) => {
      const accessKeyId = 'GK31c2f218a2e44f485b94239e';
      const failure = await failureOf({ endpoint, credentials: { accessKeyId, secretAccessKey: 'hidden' } });
      expect(failure.code).toBe(failureCode);
      expect(failure.message).toContain(`The server says: "${message}`);
    });
  });

  it.each(['Access Denied', 'AccessDenied', 'access denied.', '', ' \n'])(
    'given the words %j, which say no more than the code, they are left out',
    async (message) => {
      server.faults.add({ act: { kind: 'status', status: 403, code: 'AccessDenied', message } });
      expect((await failureOf()).message).not.toContain('The server says');
    },
  );

  it.each([
    `your token ${secrets.sessionToken} is no good`,
    `your token ${Buffer.from(secrets.sessionToken).toString('base64')} is no good`,
    `got ${Buffer.from(secrets.secretAccessKey).toString('hex')}`,
    'got AWS4-HMAC-SHA256 Credential=KEYID/20260301/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=abc',
  ])('given the words %j, which hold a part of the request, they are left out', async (message) => {
    for (const code of ['AccessDenied', 'InvalidRequest', 'InvalidAccessKeyId', 'SignatureDoesNotMatch']) {
      server.faults.add({ act: { kind: 'status', status: 403, code, message } });
      expect((await failureOf()).message).not.toContain('The server says');
    }
  });

  it('given a code that is a part of what was sent, it is not repeated', async () => {
    for (const code of ['verysecretsessiontoken', 'x1verysecret', 'a1'.repeat(32)]) {
      server.faults.clear();
      server.faults.add({ act: { kind: 'status', status: 400, code } });
      const failure = await failureOf();
      expect([failure.code, failure.message]).toEqual(['source_error', expect.not.stringContaining(code)]);
    }
  });

  it('given the version by name, another one is advised only where that can help', async () => {
    const advice = async (status: number, code: string, listVersion: 'auto' | 1 | 2): Promise<boolean> => {
      server.faults.clear();
      server.faults.add({ act: { kind: 'status', status, code } });
      return (await failureOf({ listVersion })).message.includes('list_version');
    };
    expect(await advice(400, 'InvalidArgument', 2)).toBe(true);
    expect(await advice(501, 'NotImplemented', 2)).toBe(true);
    expect(await advice(405, 'MethodNotAllowed', 1)).toBe(true);
    expect(await advice(400, 'InvalidRequest', 'auto')).toBe(false);
    expect(await advice(418, 'Teapot', 2)).toBe(false);
    expect(await advice(403, 'AccessDenied', 2)).toBe(false);
  });

  it.each(['Error', 's3:Error', 'Error xmlns="http://s3.amazonaws.com/doc/2006-03-01/"'])(
    'given a listing with status 200 whose root is <%s>, it is the failure of its code',
    async (root) => {
      for (const [code, failureCode] of [
        ['AccessDenied', 'access_denied'],
        ['NoSuchBucket', 'bucket_not_found'],
        ['E42', 'source_error'],
      ] as const) {
        const body = `<${root}><Code>${code}</Code><Message>no</Message></${root.split(' ')[0]}>`;
        await withAnswer(200, body, async (endpoint) => {
          expect((await failureOf({ endpoint })).code).toBe(failureCode);
        });
      }
    },
  );

  it('given 401 without an S3 error document, it says that it may be a proxy', async () => {
    for (const body of ['', '<html><body>Sign in</body></html>']) {
      await withAnswer(401, body, async (endpoint) => {
        const failure = await failureOf({ endpoint });
        expect([failure.code, failure.message]).toEqual(['credentials_invalid', expect.stringContaining('a proxy')]);
        expect(failure.message).toContain('status 401');
      });
    }
  });

  it('given an error with status 200, it is the failure of its code', async () => {
    server.faults.add({ act: { kind: 'error-in-200', code: 'AccessDenied', message: secrets.secretAccessKey } });
    expect((await failureOf()).code).toBe('access_denied');
  });

  it('given a code made of what was sent, it is not repeated', async () => {
    server.faults.add({ act: { kind: 'status', status: 400, code: `x/${secrets.sessionToken}+1` } });
    expect((await failureOf()).code).toBe('not_an_s3_answer');
  });

  it.each([
    ['the wrong secret', { secretAccessKey: 'wrong' }, 'signature_mismatch'],
    ['an unknown key', { accessKeyId: 'NOBODY' }, 'credentials_invalid'],
  ])('given %s and a server that checks, it is told apart', async (_label, change, code) => {
    expect((await failureOf({ credentials: { accessKeyId: 'KEYID', ...secrets, ...change } })).code).toBe(code);
  });

  it('given a bucket that is not there, it is said', async () => {
    expect((await failureOf({ bucket: 'nowhere' })).code).toBe('bucket_not_found');
  });

  it('given a HEAD that fails, the failure carries no secret either', async () => {
    server.faults.add({ act: { kind: 'status', status: 500, code: 'InternalError' } });
    const failure: unknown = await open()
      .head('key 1')
      .then(
        () => undefined,
        (error: unknown) => error,
      );
    expect(failure).toMatchObject({ code: 'source_error' });
    expectNoSecrets(failure as Failure);
  });

  it.each([301, 302, 400, 403, 404, 418])('given %i with a web page, it is no S3 answer', async (status) => {
    await withAnswer(status, '<html><body>Hello</body></html>', async (endpoint) => {
      const failure = await failureOf({ endpoint });
      expect([failure.code, failure.message]).toEqual([
        'not_an_s3_answer',
        expect.stringContaining(`status ${status}`),
      ]);
    });
  });

  it.each([301, 302, 303, 307, 308])('given %i to another host, that host is not asked', async (status) => {
    let elsewhere = 0;
    await withServer(
      (response) => {
        elsewhere += 1;
        response.end('<ListBucketResult/>');
      },
      async (other) => {
        const headers = { location: `http://${other}/stock?list-type=2`, 'x-amz-bucket-region': 'eu-else-1' };
        await withServer(
          (response) => response.writeHead(status, headers).end(),
          async (endpoint) => {
            const { code } = await failureOf({ endpoint });
            expect(code).toBe(status === 301 || status === 307 ? 'wrong_region' : 'not_an_s3_answer');
          },
        );
      },
    );
    expect(elsewhere).toBe(0);
  });

  it('given an endless error page, only its beginning is read', async () => {
    const body = `<Error><Code>AccessDenied</Code>${'x'.repeat(5_000_000)}`;
    await withAnswer(403, body, async (endpoint) => {
      expect((await failureOf({ endpoint })).code).toBe('not_an_s3_answer');
    });
  });
});

describe('answers that are not what was asked for', () => {
  const asked = { bucket: 'stock', prefix: '', maxKeys: 2, foreign: false };

  it.each([
    'empty',
    'html',
    'cut-body',
    'truncated-without-token',
    'without-is-truncated',
    'out-of-order',
    'duplicate-key',
  ] as const)('given the fault %s, the page comes through unjudged and the proof refuses it', async (kind) => {
    server.faults.add({ act: { kind } });
    const page = await open().list({ prefix: '', maxKeys: 2 });
    expect(() => provePage(page, asked)).toThrow(expect.objectContaining({ code: 'listing_not_proved' }));
  });

  it('given more than the allowed length, it is given up early and not asked again', async () => {
    server.faults.add({ act: { kind: 'huge-body', bytes: 64 * 1024 * 1024 } });
    const failure = await failureOf();
    expect([failure.code, failure.message]).toEqual(['answer_too_large', expect.stringContaining('16 MiB')]);
    expect(server.requests).toHaveLength(1);
    server.faults.clear();
    expect((await failureOf({}, { maxPageBytes: 300 })).code).toBe('answer_too_large');
  });

  it.each([
    ['before anything is read', { 'content-length': String(17 * 1024 * 1024) }, 'x', 'answer_too_large', '16 MiB'],
    ['unread', { 'content-encoding': 'gzip' }, gzipSync('<ListBucketResult/>'), 'not_an_s3_answer', 'compressed'],
    ['unread', { 'content-encoding': 'br' }, '<ListBucketResult/>', 'not_an_s3_answer', 'compressed'],
  ])('given headers that give a body away, it is refused %s', async (_label, headers, body, code, words) => {
    await withServer(
      (response) => response.writeHead(200, headers).write(body),
      async (endpoint) => {
        const failure = await failureOf({ endpoint });
        expect([failure.code, failure.message]).toEqual([code, expect.stringContaining(words)]);
      },
    );
  });

  it('given a page of more keys than asked for, the reading ends there and the proof refuses it', async () => {
    server.faults.add({ act: { kind: 'oversized-page', keys: 20_000 } });
    const page = await open().list({ prefix: '', maxKeys: 1000 });
    expect(page.objects).toHaveLength(1000);
    expect(() => provePage(page, { ...asked, maxKeys: 1000 })).toThrow('too many keys: asked were 1000');
  });

  it('given a body without end, the connection is closed soon after the limit', async () => {
    const piece = Buffer.alloc(64 * 1024, 'x');
    const ended = Promise.withResolvers<number>();
    const http = createServer((_request, response) => {
      let sent = 0;
      const send = () => {
        while (!response.destroyed) {
          sent += piece.length;
          if (!response.write(piece)) return;
        }
      };
      response.on('drain', send).on('close', () => ended.resolve(sent));
      send();
    });
    await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
    const endpoint = `127.0.0.1:${(http.address() as AddressInfo).port}`;
    expect((await failureOf({ endpoint }, { maxPageBytes: 1024 * 1024 })).code).toBe('answer_too_large');
    // What the sockets of both sides hold comes on top.
    expect(await ended.promise).toBeLessThan(32 * 1024 * 1024);
    http.close();
  });

  it('given a connection that breaks each time, it is unreachable after three attempts', async () => {
    server.faults.add({ act: { kind: 'reset' } });
    const failure = await failureOf();
    expect([failure.code, failure.message]).toEqual(['endpoint_unreachable', expect.stringContaining('ECONNRESET')]);
    expect(server.requests).toHaveLength(3);
  });
});

describe('time', () => {
  it('given a server that never answers, the call ends in time', async () => {
    server.faults.add({ act: { kind: 'hang' } });
    const failure = await failureOf({}, { requestTimeoutMs: 300 });
    // Some of it passes before the try begins.
    expect([failure.code, failure.message]).toEqual(['source_timeout', expect.stringMatching(/ 0\.(3|2\d*) s/)]);
  });

  it('given a body that drips, the call ends in time', async () => {
    server.faults.add({ act: { kind: 'drip', intervalMs: 20 } });
    expect((await failureOf({}, { requestTimeoutMs: 500 })).code).toBe('source_timeout');
  });

  it('given a try that is out of time, one more is made, and the time of one is told', async () => {
    server.faults.add({ act: { kind: 'hang' } });
    const failure = await failureOf({}, { attemptTimeoutMs: 200 });
    expect([failure.code, failure.message]).toEqual(['source_timeout', expect.stringContaining('0.2 s')]);
    expect(server.requests).toHaveLength(2);
  });
});

describe('connections that end, or stay, without a word', () => {
  const calls: [string, (bucket: Bucket) => Promise<unknown>][] = [
    ['a listing', (bucket) => bucket.list({ prefix: '', maxKeys: 1000 })],
    ['a HEAD', (bucket) => bucket.head('key')],
    ['a HEAD for details', (bucket) => bucket.describe('key')],
    ['tags', (bucket) => bucket.tags('key')],
    ['a link in a region that is not known yet', (bucket) => bucket.presign('key', 60)],
  ];
  const ways: [Hostility, string][] = [
    ['websocket-upgrade', 'not_an_s3_answer'],
    ['h2c-upgrade', 'not_an_s3_answer'],
    ['bare-101', 'not_an_s3_answer'],
    ['silence', 'source_timeout'],
    ['silence-in-headers', 'source_timeout'],
    ['half-closed', 'endpoint_unreachable'],
    ['reset-at-once', 'endpoint_unreachable'],
  ];
  const limits = { attemptTimeoutMs: 150, requestTimeoutMs: 400 };

  it.each(ways)('given %s, each kind of call ends in time as %s, and no connection stays', async (way, code) => {
    const hostile = await startHostileServer(way);
    for (const [kind, call] of calls) {
      const opened = open({ endpoint: hostile.endpoint, region: '' }, limits);
      await expect(call(opened), kind).rejects.toMatchObject({ code });
      opened.close();
    }
    await hostile.abandoned();
    expect(hostile.connections).toBe(0);
    await hostile.close();
  });
});

describe('connections that do not come about', () => {
  it('given a port where nothing listens, it says so', async () => {
    const failure = await failureOf({ endpoint: '127.0.0.1:1' });
    expect([failure.code, failure.message]).toEqual([
      'endpoint_unreachable',
      expect.stringContaining('Nothing listens'),
    ]);
  });

  it('given a name that has no address, it says so', async () => {
    const lookup = () => Promise.reject(Object.assign(new Error('getaddrinfo'), { code: 'ENOTFOUND' }));
    const failure = await failureOf({ endpoint: 's3.example.invalid' }, { lookup });
    expect([failure.code, failure.message]).toEqual(['endpoint_unreachable', expect.stringContaining('resolved')]);
  });

  it('given TLS to a server that speaks plain HTTP, it says which setting to change', async () => {
    const failure = await failureOf({ useSsl: true });
    expect([failure.code, failure.message]).toEqual([
      'endpoint_unreachable',
      expect.stringContaining('if the server speaks plain HTTP set use_ssl to false'),
    ]);
  });

  it('given a server that speaks another protocol, it says so', async () => {
    await withTcp(
      (socket) => socket.end('220 mail.example.com ESMTP\r\n'),
      async (endpoint) => {
        const failure = await failureOf({ endpoint });
        expect([failure.code, failure.message]).toEqual(['not_an_s3_answer', expect.stringContaining('not HTTP')]);
      },
    );
  });

  it('given headers without end, the call fails within its limits', async () => {
    await withTcp(
      (socket) => socket.end(`HTTP/1.1 200 OK\r\nx: ${'y'.repeat(1_000_000)}\r\n\r\n`),
      async (endpoint) => {
        const failure = await failureOf({ endpoint });
        expect([failure.code, failure.message]).toEqual(['answer_too_large', expect.stringContaining('headers')]);
      },
    );
  });

  it('given padding without end between the pieces of a body, the call fails within its limits', async () => {
    await withTcp(
      (socket) => socket.end(`HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1;${'y'.repeat(1_000_000)}\r\n`),
      async (endpoint) => {
        const failure = await failureOf({ endpoint });
        expect([failure.code, failure.message]).toEqual(['endpoint_unreachable', expect.stringContaining('broke')]);
      },
    );
  });

  it('given a connection that nobody uses, it is closed after a while', async () => {
    const ended = Promise.withResolvers<void>();
    const http = createServer({ keepAliveTimeout: 0 }, (_request, response) => response.end('<ListBucketResult/>'));
    http.on('connection', (socket: Socket) => socket.on('close', () => ended.resolve()));
    await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
    const endpoint = `127.0.0.1:${(http.address() as AddressInfo).port}`;
    // When the bucket stays open and is asked no more
    await open({ endpoint }, { idleConnectionMs: 30 }).list({ prefix: '', maxKeys: 1 });
    // Then the server sees the connection end
    await ended.promise;
    http.close();
  });
});

async function withTcp(talk: (socket: Socket) => void, run: (endpoint: string) => Promise<void>): Promise<void> {
  const tcp: TcpServer = createTcpServer((socket) => {
    socket.on('error', () => socket.destroy());
    talk(socket);
  });
  await new Promise<void>((resolve) => tcp.listen(0, '127.0.0.1', resolve));
  try {
    await run(`127.0.0.1:${(tcp.address() as AddressInfo).port}`);
  } finally {
    tcp.close();
  }
}

async function withAnswer(status: number, body: string, run: (endpoint: string) => Promise<void>): Promise<void> {
  await withServer((response) => response.writeHead(status).end(body), run);
}

async function withServer(
  talk: (response: ServerResponse) => void,
  run: (endpoint: string) => Promise<void>,
): Promise<void> {
  const http = createServer((_request, response) => talk(response));
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  try {
    await run(`127.0.0.1:${(http.address() as AddressInfo).port}`);
  } finally {
    http.closeAllConnections();
    http.close();
  }
}
