import { once } from 'node:events';
import { get } from 'node:http';
import { ListObjectsV2Command, S3Client } from '@aws-sdk/client-s3';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { FaultRule } from '#local/demo/s3-server/fault-registry.ts';
import type { Fault } from '#local/demo/s3-server/faults.ts';
import { type S3Server, startS3Server } from '#local/demo/s3-server/server.ts';
import { innerTexts } from '#local/demo/s3-server/xml.ts';
import { presign, type RawAnswer, sendSigned } from '#support/raw-client.ts';

let server: S3Server;
beforeEach(async () => {
  server = await startS3Server();
  server.createBucket('bucket');
  for (const key of ['p/a', 'p/b', 'p/c', 'p/d']) server.put('bucket', key, { body: key });
});
afterEach(() => server.close());

type ListOptions = { token?: string | undefined; version?: 1 | 2; maxKeys?: number; marker?: string };
const query = ({ token, version = 2, maxKeys = 2, marker }: ListOptions): Record<string, string> => ({
  ...{ prefix: 'p/', 'max-keys': String(maxKeys) },
  ...(version === 2 ? { 'list-type': '2' } : {}),
  ...(token === undefined ? {} : { 'continuation-token': token }),
  ...(marker === undefined ? {} : { marker }),
});
const list = (options: ListOptions = {}) => sendSigned(server, { path: '/bucket', query: query(options) });
const read = (answer: RawAnswer) => {
  const xml = answer.body.toString();
  const one = (name: string) => innerTexts(xml, name)[0];
  return {
    ...{ status: answer.status, xml, keys: innerTexts(xml, 'Key'), name: one('Name'), prefix: one('Prefix') },
    ...{ truncated: one('IsTruncated'), token: one('NextContinuationToken'), marker: one('NextMarker') },
    ...{ count: one('KeyCount'), code: one('Code') },
  };
};
const faulty = async (act: Fault, options: ListOptions = {}) => {
  server.faults.add({ act, times: 1 });
  return read(await list(options));
};

describe('an answer in place of the operation', () => {
  test.each([
    [503, 'SlowDown'],
    [403, 'AccessDenied'],
    [404, 'NoSuchBucket'],
    [500, 'InternalError'],
  ])('given status %i %s, then that error, and nothing is carried out', async (status, code) => {
    server.faults.add({ act: { kind: 'status', status, code, headers: { 'retry-after': '1' } } });
    const answer = await sendSigned(server, { method: 'DELETE', path: '/bucket/p/a' });
    expect([answer.status, read(answer).code, answer.headers['retry-after']]).toEqual([status, code, '1']);
    expect(server.get('bucket', 'p/a')).toBeDefined();
  });

  test('given empty, then 200 without a body', async () => {
    expect(await faulty({ kind: 'empty' })).toMatchObject({ status: 200, xml: '' });
  });

  test('given html, then 200 with a page', async () => {
    const page = await faulty({ kind: 'html' });
    expect([page.status, page.xml]).toEqual([200, expect.stringMatching(/^<!DOCTYPE html>[\s\S]*<\/html>\n$/)]);
  });

  test('given error-in-200, then 200 with an error', async () => {
    expect(await faulty({ kind: 'error-in-200', code: 'InternalError' })).toMatchObject({
      status: 200,
      code: 'InternalError',
    });
  });

  test('given huge-body, then exactly so many bytes of well-formed XML', async () => {
    const { xml } = await faulty({ kind: 'huge-body', bytes: 1_000_000 });
    expect([xml.length, xml.endsWith('</ListBucketResult>')]).toEqual([1_000_000, true]);
  });

  test('given hang, then nothing comes until the server closes', async () => {
    const hang = server.faults.add({ act: { kind: 'hang' } });
    const answer = list();
    const broken = expect(answer).rejects.toMatchObject({ code: 'ECONNRESET' });
    await hang.fired;
    await server.close();
    await broken;
    expect(server.requests.at(-1)?.status).toBe(0);
  });
});

describe('a page that lies', () => {
  test('given truncated-without-token, then there is nothing to go on with', async () => {
    expect(await faulty({ kind: 'truncated-without-token' })).toMatchObject({
      ...{ keys: ['p/a', 'p/b'], truncated: 'true', token: undefined, count: '2' },
    });
  });

  test('given without-is-truncated, then the element is missing and the token stays', async () => {
    expect(await faulty({ kind: 'without-is-truncated' })).toMatchObject({
      truncated: undefined,
      token: expect.any(String),
    });
  });

  test('given cut-listing, then the tail is missing and the page says that this was all', async () => {
    expect(await faulty({ kind: 'cut-listing', keep: 1 })).toMatchObject({
      ...{ keys: ['p/a'], truncated: 'false', token: undefined, count: '1' },
    });
  });

  test('given token-repeated on the first and on the second page, then each leads to itself', async () => {
    const first = await faulty({ kind: 'token-repeated' });
    const again = read(await list({ token: first.token }));
    expect(again.keys).toEqual(first.keys);
    const second = await faulty({ kind: 'token-repeated' }, { token: again.token });
    expect(second).toMatchObject({ keys: ['p/c', 'p/d'], truncated: 'true', token: again.token });
    const marker = await faulty({ kind: 'token-repeated' }, { version: 1, marker: 'p/a' });
    expect(marker).toMatchObject({ marker: 'p/a', truncated: 'true' });
  });

  test('given key-count, bucket-name or prefix, then only that differs', async () => {
    const right = read(await list());
    const wrong = [
      await faulty({ kind: 'key-count', value: 7 }),
      await faulty({ kind: 'bucket-name', name: 'other' }),
      await faulty({ kind: 'prefix', prefix: 'q/' }),
    ];
    expect(wrong).toMatchObject([{ count: '7' }, { name: 'other' }, { prefix: 'q/' }]);
    expect(wrong.map((page) => page.keys)).toEqual([right.keys, right.keys, right.keys]);
  });

  test('given out-of-order, then keys come backwards', async () => {
    expect(await faulty({ kind: 'out-of-order' })).toMatchObject({ keys: ['p/b', 'p/a'], count: '2' });
  });

  test('given duplicate-key, then the last comes twice', async () => {
    expect(await faulty({ kind: 'duplicate-key' })).toMatchObject({ keys: ['p/a', 'p/b', 'p/b'], count: '3' });
  });

  test('given key-outside-prefix, then a key that was not asked for follows the others in order', async () => {
    const { keys } = await faulty({ kind: 'key-outside-prefix' });
    expect(keys).toEqual(['p/a', 'p/b', 'p\u{10ffff}']);
    expect((await faulty({ kind: 'key-outside-prefix', key: 'x' })).keys).toEqual(['p/a', 'p/b', 'x']);
  });

  test('given drop-keys, then existing keys are missing from consistent pages', async () => {
    server.faults.add({ act: { kind: 'drop-keys', drop: (key) => key === 'p/b' || key === 'p/d' } });
    const first = read(await list());
    const second = read(await list({ token: first.token }));
    expect(first).toMatchObject({ keys: ['p/a'], count: '1', truncated: 'true' });
    expect(second).toMatchObject({ keys: ['p/c'], count: '1', truncated: 'false' });
  });

  test('given empty-listing, then nothing is there', async () => {
    expect(await faulty({ kind: 'empty-listing' })).toMatchObject({
      keys: [],
      count: '0',
      truncated: 'false',
      token: undefined,
    });
  });

  test('given oversized-page, then so many keys in order in one page', async () => {
    const { keys, count } = await faulty({ kind: 'oversized-page', keys: 300_000 });
    expect([keys.length, count, keys[0], keys.at(-1)]).toEqual([300_000, '300000', 'p/000000000', 'p/000299999']);
  });

  test('given ignore-encoding, then keys are plain and no encoding is named', async () => {
    server.put('bucket', 'p/a b');
    server.faults.add({ act: { kind: 'ignore-encoding' } });
    const encoded = { path: '/bucket', query: { ...query({}), 'encoding-type': 'url' } };
    const { xml } = read(await sendSigned(server, encoded));
    expect([xml.includes('<Key>p/a b</Key>'), xml.includes('EncodingType')]).toEqual([true, false]);
  });

  test('given version-1-document, then version 2 is answered in the words of version 1', async () => {
    const { xml, truncated } = await faulty({ kind: 'version-1-document' });
    expect([truncated, xml.includes('<Marker>'), xml.includes('KeyCount'), xml.includes('Token')]).toEqual([
      ...['true', true, false, false],
    ]);
  });

  test('given a page altered by hand, then that is sent', async () => {
    const alter: FaultRule['act'] = {
      kind: 'page',
      alter: (page) => ({ ...page, objects: page.objects.map((object) => ({ ...object, size: -5 })) }),
    };
    expect((await faulty(alter)).xml).toContain('<Size>-5</Size>');
  });

  test('given another operation than a listing, then it is left alone', async () => {
    const fault = server.faults.add({ act: { kind: 'empty-listing' } });
    expect((await sendSigned(server, { path: '/bucket/p/a' })).body.toString()).toBe('p/a');
    expect(fault.hits).toBe(0);
  });
});

describe('trouble on the way', () => {
  test('given cut-body, then Content-Length is that of the cut', async () => {
    server.faults.add({ act: { kind: 'cut-body', bytes: 100 } });
    const answer = await list();
    expect([answer.complete, answer.headers['content-length'], answer.body.length]).toEqual([true, '100', 100]);
  });

  test('given wrong-content, then other bytes under the right headers', async () => {
    server.faults.add({ act: { kind: 'wrong-content', body: 'other' } });
    const answer = await sendSigned(server, { path: '/bucket/p/a' });
    expect(answer.body.toString()).toBe('other');
    expect(answer.headers).toMatchObject({ etag: `"${server.get('bucket', 'p/a')?.etag}"`, 'content-length': '5' });
  });

  test('given rewrite, then the document as altered', async () => {
    const page = await faulty({ kind: 'rewrite', alter: (xml) => xml.replaceAll('ListBucketResult', 'Other') });
    expect(page.xml).toMatch(/<Other [\s\S]*<\/Other>$/);
  });

  test('given close-early, then part of the body and a broken connection', async () => {
    server.faults.add({ act: { kind: 'close-early', bytes: 50 } });
    const answer = await list();
    expect([answer.status, answer.complete, answer.body.length]).toEqual([200, false, 50]);
  });

  test('given reset, then a connection that breaks before the answer is whole', async () => {
    server.faults.add({ act: { kind: 'reset', bytes: 50 } });
    const answer = await list().catch((error: NodeJS.ErrnoException) => ({ complete: false, code: error.code }));
    expect(answer.complete).toBe(false);
    expect('code' in answer ? answer.code : 'ECONNRESET').toBe('ECONNRESET');
  });

  test('given drip, then the body comes one byte at a time', async () => {
    server.faults.add({ act: { kind: 'drip', intervalMs: 1 } });
    const [message] = await once(get(`${server.url}${await presign(server, { path: '/bucket/p/a' })}`), 'response');
    const sizes: number[] = [];
    for await (const chunk of message) sizes.push(chunk.length);
    expect(sizes).toEqual([1, 1, 1]);
  });

  test('given a drip that would take for ever, then closing ends it', async () => {
    server.faults.add({ act: { kind: 'drip', intervalMs: 1_000_000 } });
    const answer = list();
    while (server.requests.at(-1)?.status !== 200) await new Promise(setImmediate);
    await server.close();
    expect(await answer.catch(() => ({ complete: false }))).toMatchObject({ complete: false });
  });

  test('given delay, then the answer is right and not early', async () => {
    server.faults.add({ act: { kind: 'delay', ms: 60 } });
    const began = performance.now();
    expect(read(await list()).keys).toEqual(['p/a', 'p/b']);
    expect(performance.now() - began).toBeGreaterThanOrEqual(59);
  });

  test('given a delay that would take for ever, then closing ends it', async () => {
    const delay = server.faults.add({ act: { kind: 'delay', ms: 1_000_000 } });
    const broken = expect(list()).rejects.toMatchObject({ code: 'ECONNRESET' });
    await delay.fired;
    await server.close();
    await broken;
  });
});

describe('when a fault strikes', () => {
  const slow: Fault = { kind: 'status', status: 503, code: 'SlowDown' };

  test('given the second page of the next listing, then only that one, and its retry only if told so', async () => {
    server.faults.add({ when: { operation: 'list', page: 2 }, times: 2, act: slow });
    const first = read(await list());
    const statuses = [];
    for (let attempt = 0; attempt < 3; attempt += 1) statuses.push((await list({ token: first.token })).status);
    expect([first.status, ...statuses]).toEqual([200, 503, 503, 200]);
    expect(server.requests.map((request) => request.page)).toEqual([1, 2, 2, 2]);
  });

  test('given version 1, then a marker that a page gave has the number of the next', async () => {
    const fault = server.faults.add({ when: { operation: 'ListObjects', page: 2 }, act: slow });
    await list({ version: 1 });
    expect((await list({ version: 1, marker: 'p/a' })).status).toBe(200);
    expect((await list({ version: 1, marker: 'p/b' })).status).toBe(503);
    expect(fault.hits).toBe(1);
  });

  test('given nth, then the n-th that fits since it was added', async () => {
    await list();
    server.faults.add({ when: { operation: 'list', nth: 2 }, act: slow });
    const statuses = [];
    for (let index = 0; index < 3; index += 1) statuses.push((await list()).status);
    expect(statuses).toEqual([200, 503, 200]);
  });

  test.each<[string, FaultRule['when'], number]>([
    ['its operation', { operation: 'ListObjectsV2' }, 503],
    ['another operation', { operation: 'ListObjects' }, 200],
    ['its bucket and prefix', { bucket: 'bucket', prefix: 'p/' }, 503],
    ['another prefix', { prefix: '' }, 200],
    ['another bucket', { bucket: 'other' }, 200],
    ['another key', { key: 'k' }, 200],
    ['a function that holds', (request) => request.query['max-keys'] === '2', 503],
    ['a function that does not', () => false, 200],
  ])('given %s, then it strikes or not', async (_name, when, status) => {
    server.faults.add({ ...(when ? { when } : {}), act: slow });
    expect((await list()).status).toBe(status);
  });

  test('given a fault removed, or all cleared, then listings are right again', async () => {
    const fault = server.faults.add({ act: slow });
    expect((await list()).status).toBe(503);
    fault.remove();
    expect((await list()).status).toBe(200);
    server.faults.add({ act: slow });
    server.faults.clear();
    expect((await list()).status).toBe(200);
  });

  test('given several that fit, then the first added with strikes left does', async () => {
    server.faults.add({ act: slow, times: 1 });
    server.faults.add({ act: { kind: 'empty' } });
    expect([(await list()).status, (await list()).body.length]).toEqual([503, 0]);
  });

  test('given 503 once, then the SDK retries and succeeds', async () => {
    const { url: endpoint, credentials } = server;
    const client = new S3Client({ endpoint, region: 'us-east-1', forcePathStyle: true, credentials });
    server.faults.add({ act: slow, times: 1 });
    expect((await client.send(new ListObjectsV2Command({ Bucket: 'bucket' }))).KeyCount).toBe(4);
    client.destroy();
  });
});

describe('beforeResponse', () => {
  test('given a change between two pages, then the second page has it', async () => {
    server.beforeResponse = (request) => {
      if (request.page === 2) server.put('bucket', 'p/bb');
    };
    const first = read(await list());
    expect(read(await list({ token: first.token })).keys).toEqual(['p/bb', 'p/c']);
  });

  test('given a promise, then the answer waits for it', async () => {
    const gate = Promise.withResolvers<void>();
    const arrived = Promise.withResolvers<void>();
    server.beforeResponse = () => {
      arrived.resolve();
      return gate.promise;
    };
    const answer = list();
    await arrived.promise;
    server.put('bucket', 'p/0');
    gate.resolve();
    expect(read(await answer).keys).toEqual(['p/0', 'p/a']);
  });
});
