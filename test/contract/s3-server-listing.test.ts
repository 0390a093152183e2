import { readFileSync } from 'node:fs';
import { ListObjectsCommand, ListObjectsV2Command, S3Client } from '@aws-sdk/client-s3';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { rankOf } from '#local/demo/s3-server/byte-order.ts';
import { type S3Server, startS3Server } from '#local/demo/s3-server/server.ts';
import { encodeForListing } from '#local/demo/s3-server/uri.ts';
import { innerTexts, unescapeXml } from '#local/demo/s3-server/xml.ts';
import { sendSigned } from '#support/raw-client.ts';

type KeyVector = { key: string; encoded?: string };
const vectors: KeyVector[] = JSON.parse(readFileSync(new URL('../vectors/keys.json', import.meta.url), 'utf8')).keys;
const longKeys = ['a'.repeat(1024), `${'한'.repeat(341)}a`];
const hardKeys = [...vectors.map((vector) => vector.key), ...longKeys];

const byBytes = (left: string, right: string) => Buffer.compare(Buffer.from(left), Buffer.from(right));
const decodeForm = (text: string) => decodeURIComponent(text.replaceAll('+', ' '));
const keys = () =>
  fc.uniqueArray(
    fc.string({ unit: fc.constantFrom('a', 'b', '/', '\uff5e', '😀', '\u0001'), minLength: 1, maxLength: 6 }),
    { maxLength: 30 },
  );

let server: S3Server;
let client: S3Client;
beforeEach(async () => {
  server = await startS3Server();
  server.createBucket('bucket');
  const { credentials } = server;
  client = new S3Client({ endpoint: server.url, region: 'us-east-1', forcePathStyle: true, credentials });
});
afterEach(async () => {
  client.destroy();
  await server.close();
});

async function listV2(input: {
  MaxKeys?: number;
  Prefix?: string;
  Delimiter?: string;
  StartAfter?: string;
  EncodingType?: 'url';
}) {
  const found: string[] = [];
  const prefixes: string[] = [];
  let pages = 0;
  for (let ContinuationToken: string | undefined; ; ) {
    const page = await client.send(new ListObjectsV2Command({ Bucket: 'bucket', ...input, ContinuationToken }));
    const [listed, rolled] = [page.Contents ?? [], page.CommonPrefixes ?? []];
    expect(page.KeyCount).toBe(listed.length + rolled.length);
    expect(page.IsTruncated).toBe(page.NextContinuationToken !== undefined);
    found.push(...listed.map((object) => object.Key ?? ''));
    prefixes.push(...rolled.map((prefix) => prefix.Prefix ?? ''));
    pages += 1;
    ContinuationToken = page.NextContinuationToken;
    if (!page.IsTruncated) return { keys: found, prefixes, pages };
  }
}

async function listV1(input: { MaxKeys?: number; Delimiter?: string; EncodingType?: 'url' }) {
  const found: string[] = [];
  const prefixes: string[] = [];
  const decode = input.EncodingType ? decodeForm : (text: string) => text;
  for (let Marker: string | undefined; ; ) {
    const page = await client.send(new ListObjectsCommand({ Bucket: 'bucket', ...input, Marker }));
    expect(page.NextMarker !== undefined).toBe(Boolean(page.IsTruncated && input.Delimiter));
    found.push(...(page.Contents ?? []).map((object) => decode(object.Key ?? '')));
    prefixes.push(...(page.CommonPrefixes ?? []).map((prefix) => decode(prefix.Prefix ?? '')));
    Marker = page.NextMarker === undefined ? found.at(-1) : decode(page.NextMarker);
    if (!page.IsTruncated) return { keys: found, prefixes };
  }
}

describe('order', () => {
  test('given any two keys, then ranks compare as their UTF-8 bytes do', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary' }), (left, right) => {
        const ranks = [rankOf(left), rankOf(right)] as const;
        expect(ranks[0] < ranks[1] ? -1 : ranks[0] > ranks[1] ? 1 : 0).toBe(byBytes(left, right));
        expect(rankOf(left + right).startsWith(rankOf(left))).toBe(true);
      }),
    );
  });

  test('given U+FF5E and U+1F600, then objects() puts the first before the second, unlike JavaScript', () => {
    for (const key of ['😀', '\uff5e', 'z']) server.put('bucket', key);
    expect(server.objects('bucket').map((object) => object.key)).toEqual(['z', '\uff5e', '😀']);
  });
});

describe('encoding-type=url', () => {
  test.each(vectors.filter((vector) => vector.encoded))('given $key, then it is written as AWS wrote it', (vector) => {
    expect(encodeForListing(vector.key)).toBe(vector.encoded);
  });
});

describe.each([1, 2, 3, 7, 1000])('the hard keys in pages of %i', (MaxKeys) => {
  beforeEach(() => {
    for (const key of hardKeys) server.put('bucket', key, { size: 1 });
  });
  const expected = hardKeys.toSorted(byBytes);

  test('given version 2 with encoding, then the SDK gets every key once, in order', async () => {
    const listed = await listV2({ MaxKeys, EncodingType: 'url' });
    expect(listed.keys.map(decodeForm)).toEqual(expected);
    expect(listed.pages).toBe(Math.ceil(expected.length / MaxKeys));
  });

  test('given version 1 with encoding, then the SDK gets every key once, in order', async () => {
    expect((await listV1({ MaxKeys, EncodingType: 'url' })).keys).toEqual(expected);
  });

  test('given version 2 without encoding, then the document holds every key once, in order', async () => {
    const found: string[] = [];
    for (let token: string | undefined; ; ) {
      const query = {
        'list-type': '2',
        'max-keys': String(MaxKeys),
        ...(token ? { 'continuation-token': token } : {}),
      };
      const xml = (await sendSigned(server, { path: '/bucket', query })).body.toString();
      found.push(...innerTexts(xml, 'Key').map(unescapeXml));
      token = innerTexts(xml, 'NextContinuationToken')[0];
      if (!token) break;
    }
    expect(found).toEqual(expected);
  });
});

describe('keys without encoding', () => {
  const plain = hardKeys.filter((key) => !/😀/.test(key));

  test('given version 1 without encoding, then the SDK gets every key that its parser can read', async () => {
    for (const key of plain) server.put('bucket', key);
    expect((await listV1({ MaxKeys: 3 })).keys).toEqual(plain.toSorted(byBytes));
  });

  test('given control characters, then they are numeric references', async () => {
    for (const key of ['nul\u0001', 'cr\rx', 'a&b<c>d"e\'']) server.put('bucket', key);
    const xml = (await sendSigned(server, { path: '/bucket', query: { 'list-type': '2' } })).body.toString();
    expect(innerTexts(xml, 'Key')).toEqual(["a&amp;b&lt;c&gt;d&quot;e'", 'cr&#13;x', 'nul&#x1;']);
  });
});

describe('what a listing is asked', () => {
  const list = async (query: Record<string, string>) => {
    const answer = await sendSigned(server, { path: '/bucket', query });
    const xml = answer.body.toString();
    return { status: answer.status, xml, keys: innerTexts(xml, 'Key').map(unescapeXml) };
  };

  test('given any keys, prefix, start and page size with a delimiter, then pages add up to what a scan finds', async () => {
    await fc.assert(
      fc.asyncProperty(
        keys(),
        fc.constantFrom('', 'a', 'a/', '/'),
        fc.integer({ min: 1, max: 4 }),
        fc.constantFrom('', '/', 'b'),
        async (given, Prefix, MaxKeys, Delimiter) => {
          for (const object of server.objects('bucket')) server.delete('bucket', object.key);
          for (const key of given) server.put('bucket', key);
          const inside = given.filter((key) => key.startsWith(Prefix)).sort(byBytes);
          const cut = (key: string) => (Delimiter === '' ? -1 : key.indexOf(Delimiter, Prefix.length));
          const listed = await listV2({ MaxKeys, Prefix, EncodingType: 'url', ...(Delimiter ? { Delimiter } : {}) });
          expect(listed.keys.map(decodeForm)).toEqual(inside.filter((key) => cut(key) < 0));
          const rolled = inside.filter((key) => cut(key) >= 0).map((key) => key.slice(0, cut(key) + 1));
          expect(listed.prefixes.map(decodeForm)).toEqual([...new Set(rolled)]);
        },
      ),
      { numRuns: 40 },
    );
  }, 60_000);

  test('given version 1 with a delimiter, then NextMarker goes on beyond a rolled-up prefix', async () => {
    for (const key of ['a/1', 'a/2', 'b', 'c/1', 'c/2', 'd']) server.put('bucket', key);
    expect(await listV1({ MaxKeys: 1, Delimiter: '/' })).toEqual({ keys: ['b', 'd'], prefixes: ['a/', 'c/'] });
  });

  test('given start-after, then only later keys are listed, whether or not it exists', async () => {
    for (const key of ['a', 'b', 'c']) server.put('bucket', key);
    expect((await list({ 'list-type': '2', 'start-after': 'a' })).keys).toEqual(['b', 'c']);
    expect((await list({ 'list-type': '2', 'start-after': 'aa' })).keys).toEqual(['b', 'c']);
    expect((await list({ 'list-type': '2', 'start-after': '😀' })).keys).toEqual([]);
  });

  test('given a key that is deleted between two pages, then the token still goes on after it', async () => {
    for (const key of ['a', 'b', 'c']) server.put('bucket', key);
    const first = await list({ 'list-type': '2', 'max-keys': '1' });
    server.delete('bucket', 'a');
    server.delete('bucket', 'b');
    server.put('bucket', 'bb');
    const token = innerTexts(first.xml, 'NextContinuationToken')[0] ?? '';
    expect((await list({ 'list-type': '2', 'continuation-token': token })).keys).toEqual(['bb', 'c']);
  });

  test('given max-keys 0, then nothing is listed and nothing is truncated', async () => {
    server.put('bucket', 'a');
    const { xml } = await list({ 'list-type': '2', 'max-keys': '0' });
    expect(xml).toContain('<KeyCount>0</KeyCount><MaxKeys>0</MaxKeys><IsTruncated>false</IsTruncated>');
  });

  test('given max-keys above 1,000, then a page holds 1,000', async () => {
    for (let index = 0; index < 1001; index += 1) server.put('bucket', String(index), { size: 0 });
    const { xml, keys: listed } = await list({ 'list-type': '2', 'max-keys': '5000' });
    expect(listed).toHaveLength(1000);
    expect(xml).toContain('<MaxKeys>1000</MaxKeys><IsTruncated>true</IsTruncated>');
  });

  test('given an object, then size, quoted etag, time with milliseconds and storage class are told', async () => {
    server.put('bucket', 'a', { size: 5, etag: 'e', lastModified: 1, storageClass: 'GLACIER' });
    expect((await list({ 'list-type': '2' })).xml).toContain(
      '<Contents><Key>a</Key><LastModified>1970-01-01T00:00:00.001Z</LastModified><ETag>&quot;e&quot;</ETag>' +
        '<Size>5</Size><StorageClass>GLACIER</StorageClass></Contents>',
    );
  });

  test.each<Record<string, string>>([
    { 'list-type': '2', 'continuation-token': 'made-up' },
    { 'list-type': '2', 'continuation-token': '' },
    { 'list-type': '2', 'max-keys': '-1' },
    { 'list-type': '2', 'max-keys': 'ten' },
    { 'list-type': '2', 'encoding-type': 'base64' },
    { 'list-type': '3' },
  ])('given %j, then it is refused as InvalidArgument', async (query) => {
    const answer = await list(query);
    expect([answer.status, innerTexts(answer.xml, 'Code')[0]]).toEqual([400, 'InvalidArgument']);
  });

  test('given a key of 1,025 bytes, then it cannot be put', () => {
    expect(() => server.put('bucket', 'a'.repeat(1025))).toThrow('too long');
    expect(() => server.put('bucket', '\ud800')).toThrow('UTF-8');
  });
});
