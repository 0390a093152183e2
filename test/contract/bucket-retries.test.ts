import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { Retries, retryAfterOf } from '#adapters/s3/retries.ts';
import { createBuckets, type S3BucketsOptions } from '#adapters/s3/s3-buckets.ts';
import { Failure } from '#core/model/errors.ts';
import type { Bucket } from '#core/model/ports/bucket.ts';
import { type S3Server, startS3Server } from '#local/demo/s3-server/server.ts';

let server: S3Server;
let skewMs = 0;
let bucket: Bucket | undefined;
let waits: number[] = [];

beforeAll(async () => {
  server = await startS3Server({ now: () => Date.now() + skewMs });
  server.createBucket('stock');
  server.put('stock', 'key');
});
afterAll(() => server.close());
beforeEach(() => {
  server.faults.clear();
  server.clearRequests();
  waits = [];
  skewMs = 0;
});
afterEach(() => bucket?.close());

/** Time goes on by what is waited, and by nothing else. */
function open(options: Partial<S3BucketsOptions> = {}, endpoint = server.endpoint): Bucket {
  let waited = 0;
  const start = Date.now();
  const patience = {
    wait: async (ms: number) => {
      waits.push(ms);
      waited += ms;
    },
    random: () => 1 - Number.EPSILON,
    now: () => start + waited,
  };
  bucket = createBuckets({ allowPrivateEndpoints: true, patience, ...options }).open({
    ...{ bucket: 'stock', endpoint, region: 'us-east-1', useSsl: false, pathStyle: true, listVersion: 2 },
    credentials: server.credentials,
  });
  return bucket;
}

async function failureOf(opened: Bucket): Promise<Failure> {
  try {
    await opened.list({ prefix: '', maxKeys: 10 });
  } catch (error) {
    if (error instanceof Failure) return error;
    throw error;
  }
  throw new Error('the listing succeeded');
}

const slowDown = { kind: 'status', status: 503, code: 'SlowDown' } as const;

describe('tries of one call', () => {
  it.each([
    [503, 'SlowDown', [500, 1000, 2000, 4000, 8000]],
    [429, 'TooManyRequests', [500, 1000, 2000, 4000, 8000]],
    [500, 'InternalError', [100, 200]],
    [502, 'BadGateway', [100, 200]],
    [503, 'ServiceUnavailable', [100, 200]],
    [504, 'GatewayTimeout', [100, 200]],
    [400, 'RequestTimeout', [100, 200]],
    [403, 'AccessDenied', []],
    [404, 'NoSuchBucket', []],
  ] as const)('given %i %s each time, the waits between them are %j', async (status, code, expected) => {
    server.faults.add({ act: { kind: 'status', status, code } });
    await failureOf(open());
    expect(waits).toEqual(expected);
    expect(server.requests).toHaveLength(expected.length + 1);
  });

  it('given 501 NotImplemented each time, it is asked in each other way at once and not again', async () => {
    server.faults.add({ act: { kind: 'status', status: 501, code: 'NotImplemented' } });
    await failureOf(open());
    expect(waits).toEqual([]);
    expect(server.requests).toHaveLength(4);
  });

  it('given chance, a wait is between half and whole of its length', () => {
    for (const [random, expected] of [
      [0, 250],
      [0.5, 375],
      [0.999, 500],
    ] as const) {
      const retries = new Retries({ wait: async () => {}, random: () => random, now: Date.now });
      expect(retries.judge('throttled', 1, 0, 60_000)).toEqual({ waitMs: expected });
    }
  });

  it('given throttling that passes, the call succeeds and later calls come more slowly, then at full pace again', async () => {
    server.faults.add({ times: 3, act: slowDown });
    const opened = open();
    const objects = async () => (await opened.list({ prefix: '', maxKeys: 10 })).objects.length;
    expect(await objects()).toBe(1);
    waits = [];
    for (let call = 0; call < 4; call++) expect(await objects()).toBe(1);
    // 50 ms doubled by two more refusals is 200, halved by each success.
    expect(waits).toEqual([100, 50]);
  });

  it('given a connection that breaks each time, it is tried three times', async () => {
    server.faults.add({ act: { kind: 'reset' } });
    expect((await failureOf(open())).code).toBe('endpoint_unreachable');
    expect(server.requests).toHaveLength(3);
  });

  it('given no time left for another wait, it is given up', async () => {
    server.faults.add({ act: slowDown });
    const failure = await failureOf(open({ requestTimeoutMs: 4000 }));
    expect(failure).toMatchObject({ code: 'source_throttled', message: expect.stringContaining('after 4 tries') });
    expect(waits).toEqual([500, 1000, 2000]);
  });
});

describe('Retry-After', () => {
  it('given a pause within bounds, it is kept', async () => {
    server.faults.add({ times: 1, act: { ...slowDown, headers: { 'retry-after': '7' } } });
    await open().list({ prefix: '', maxKeys: 1 });
    expect(waits).toEqual([7000]);
  });

  it('given one that is shorter than our own wait, ours is kept', async () => {
    server.faults.add({ times: 1, act: { ...slowDown, headers: { 'retry-after': '0' } } });
    await open().list({ prefix: '', maxKeys: 1 });
    expect(waits).toEqual([500]);
  });

  it.each(['21', '600', '999999999'])('given %s s, the call ends at once and says so', async (seconds) => {
    server.faults.add({ act: { ...slowDown, headers: { 'retry-after': seconds } } });
    const failure = await failureOf(open());
    expect(failure).toMatchObject({ code: 'source_throttled', message: expect.stringContaining(`${seconds} s`) });
    expect([waits, server.requests.length]).toEqual([[], 1]);
  });

  it('given any header, it is a length of time', () => {
    const now = Date.parse('2026-03-01T10:00:00Z');
    expect(retryAfterOf('Sun, 01 Mar 2026 10:00:05 GMT', now)).toBe(5000);
    expect(retryAfterOf('Sun, 01 Mar 2026 09:00:00 GMT', now)).toBe(0);
    for (const text of ['-5', '1e9', 'soon', '', 'Infinity', '12345678901']) {
      expect([text, retryAfterOf(text, now)]).toEqual([text, 0]);
    }
  });
});

describe('the budget of a bucket', () => {
  it('given a server that goes on failing, all tries beyond the first are bounded, and the last failure says so', async () => {
    server.faults.add({ act: slowDown });
    const opened = open();
    let last: Failure | undefined;
    for (let call = 0; call < 40; call++) last = await failureOf(opened);
    expect(server.requests).toHaveLength(40 + 50);
    expect(last?.message).toContain('retries of this run are used up');
  });

  it('given calls that go well, one retry in ten of them comes back, up to the whole', () => {
    const retries = new Retries({ wait: async () => {}, random: () => 0, now: Date.now });
    const grants = () => {
      let count = 0;
      while ('waitMs' in retries.judge('unwell', 1, 0, 60_000)) count += 1;
      return count;
    };
    expect(grants()).toBe(50);
    for (let call = 0; call < 101; call++) retries.wentWell();
    expect(grants()).toBe(10);
    for (let call = 0; call < 10_000; call++) retries.wentWell();
    expect(grants()).toBe(50);
  });
});

describe('clocks', () => {
  it('given a server an hour ahead, the call is signed by its clock and succeeds', async () => {
    skewMs = 3_600_000;
    const page = await open().list({ prefix: '', maxKeys: 10 });
    expect(page.objects).toHaveLength(1);
    expect(server.requests.map(({ status }) => status)).toEqual([403, 200]);
  });

  it.each([
    [42 * 60_000, '42 minutes ahead of'],
    [-3 * 3_600_000, '180 minutes behind'],
  ])('given a server %i ms off that goes on refusing, it says by how much', async (skew, words) => {
    skewMs = skew;
    // The test server reads a request's time by its own clock, before any fault: this one answers by itself.
    const http = createServer((_request, response) => {
      response.sendDate = false;
      response.setHeader('date', new Date(Date.now() + skew).toUTCString());
      response.writeHead(403).end('<Error><Code>RequestTimeTooSkewed</Code></Error>');
    });
    await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
    const failure = await failureOf(open({}, `127.0.0.1:${(http.address() as AddressInfo).port}`));
    http.closeAllConnections();
    http.close();
    expect(failure).toMatchObject({ code: 'clock_skewed', message: expect.stringContaining(words) });
  });
});
