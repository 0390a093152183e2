import { readFileSync } from 'node:fs';
import { afterEach, describe, expect, it } from 'vitest';
import { createBuckets } from '#adapters/s3/s3-buckets.ts';
import type { Bucket } from '#core/model/ports/bucket.ts';
import { ListingUnordered, StartAfterIgnored, StartAfterRefused } from '#core/source/listing-refusal.ts';
import { askPage, type PageExpectation } from '#core/source/page-proof.ts';
import { type Listed, listAll } from '#support/foreign-listing.ts';
import { type Quirks, type QuirkyServer, startQuirkyServer } from '#support/quirky-server.ts';

type Case = {
  readonly kind: number;
  readonly from: string;
  readonly objects?: readonly string[] | string;
  readonly config?: { readonly prefix?: string; readonly list_version?: 1; readonly page_size?: number };
  readonly catalogued?: readonly string[] | string;
  readonly failed?: number;
  readonly last_modified?: string;
};

const vectors: { cases: Case[] } = JSON.parse(
  readFileSync(new URL('../vectors/servers/quirks.json', import.meta.url), 'utf8'),
);

let servers: QuirkyServer[] = [];
let buckets: Bucket[] = [];

afterEach(async () => {
  for (const bucket of buckets) bucket.close();
  for (const server of servers) await server.close();
  servers = [];
  buckets = [];
});

async function start(keys: readonly string[], quirks: Quirks, listVersion: 'auto' | 1 | 2 = 'auto') {
  const server = await startQuirkyServer(keys, quirks);
  servers.push(server);
  const bucket = createBuckets({ allowPrivateEndpoints: true, patience: { wait: () => Promise.resolve() } }).open({
    ...{ bucket: 'stock', endpoint: server.endpoint, region: 'us-east-1', useSsl: false, pathStyle: true, listVersion },
    credentials: { accessKeyId: 'KEYID', secretAccessKey: 'secret' },
  });
  buckets.push(bucket);
  return { server, bucket };
}

async function list(
  keys: readonly string[],
  quirks: Quirks,
  { listVersion, ...expected }: Partial<PageExpectation> & { listVersion?: 'auto' | 1 | 2 } = {},
): Promise<Listed & { server: QuirkyServer }> {
  const { server, bucket } = await start(keys, quirks, listVersion);
  return { ...(await listAll(bucket, { maxKeys: 1000, ...expected })), server };
}

function lists({ requests }: QuirkyServer): number {
  return requests.filter(({ method }) => method === 'GET').length;
}

const numbered = (count: number) =>
  Array.from({ length: count }, (_, index) => `key-${String(index).padStart(4, '0')}`);
const time = '<LastModified>2026-01-02T03:04:05.000Z</LastModified>';
const rawEcho: Quirks = { echoes: 'plain' };
const noCount: Quirks = { keyCount: () => '' };

/** What each server of the vectors answers; and its keys, where the vectors only count them. */
const told: Readonly<Record<string, { quirks: Quirks; keys?: readonly string[]; order?: 'any' }>> = {
  '1 Ceph RGW, SeaweedFS': { quirks: rawEcho },
  '1 Ceph RGW': { quirks: { ...rawEcho, head: 403 } },
  '1 Ceph RGW v1': { quirks: rawEcho },
  '1 OpenStack Swift': { quirks: noCount },
  '1 gofakes3': { quirks: noCount },
  '1 SeaweedFS': { quirks: { keyCount: () => '<KeyCount>0</KeyCount>' } },
  '1 gofakes3, MinIO of 2018': {
    keys: numbered(10),
    quirks: {
      end: ({ truncated, after }) =>
        `<IsTruncated>${truncated}</IsTruncated>${after < 15 ? `<NextContinuationToken>${after}</NextContinuationToken>` : ''}`,
    },
  },
  '1 RustFS': {
    keys: numbered(12),
    quirks: {
      ...noCount,
      end: ({ truncated, last }) =>
        `<IsTruncated>${truncated}</IsTruncated>${truncated ? `<NextMarker>${last}</NextMarker>` : ''}`,
    },
  },
  '1 s3rver': { quirks: { name: '' } },
  '2 s3rver, SeaweedFS': { quirks: {}, order: 'any' },
  '2 rclone serve s3 of 2025': { quirks: {}, keys: numbered(30).toReversed(), order: 'any' },
  '3 versitygw, gofakes3': {
    quirks: {
      says: '',
      keys: 'plain',
      row: (key) => `<Key>${key.replaceAll('\u0001', '\ufffd')}</Key><Size>1</Size>${time}`,
    },
  },
  '3 gateways to Azure': { quirks: {}, keys: ['a.txt', 'n'.repeat(1100), 'z.txt'] },
  '3 Supabase': { quirks: { row: (key) => (key === 'b.txt' ? '<Key>b.txt</Key><Size>1</Size>' : undefined) } },
  '3 s3rver': {
    quirks: {
      row: (key) => `<Key>${key}</Key><Size>1</Size><LastModified>Tue, 13 Mar 2018 17:25:04 GMT</LastModified>`,
    },
  },
  '3 CloudServer': {
    quirks: { row: (key) => `<Key>${key}</Key><Size>1</Size>${time}<Owner><DisplayName>A&T</DisplayName></Owner>` },
  },
  '5 IBM COS': { quirks: { keys: 'form' } },
};

describe('what servers were seen to answer', () => {
  const cases = vectors.cases.filter(({ kind }) => [1, 2, 3, 5].includes(kind));

  it.each(cases.map((one) => [`${one.kind} ${one.from}`, one] as const))(
    'given %s, what the vectors say is listed',
    async (name, one) => {
      const known = told[name];
      if (known === undefined) throw new Error(`no server answers as ${name} does`);
      const keys = known.keys ?? (Array.isArray(one.objects) ? one.objects : []);
      const { prefix = '', list_version: listVersion = 'auto', page_size: maxKeys = 1000 } = one.config ?? {};
      const listed = await list(keys, known.quirks, {
        prefix,
        maxKeys,
        listVersion,
        ...(known.order && { order: known.order }),
      });
      expect(listed.keys).toEqual(Array.isArray(one.catalogued) ? one.catalogued : keys);
      expect(listed.odd).toHaveLength(one.failed ?? 0);
      if (one.last_modified !== undefined) {
        const { bucket } = await start(keys, known.quirks);
        const page = await askPage(bucket, { bucket: 'stock', prefix: '', maxKeys: 10 });
        expect(page.objects[0]?.lastModified).toBe(one.last_modified);
      }
    },
  );

  it('given a key that is gone, a raw Prefix and no HEAD, a listing with the key as prefix says so', async () => {
    const { bucket } = await start(['a.txt', 'z.txt'], { ...rawEcho, head: 403 });
    const page = await askPage(bucket, { bucket: 'stock', prefix: 'c++.txt', maxKeys: 1 });
    expect(page).toMatchObject({ objects: [], odd: [], tolerances: ['prefix_spelling'] });
    expect(page.next).toBeUndefined();
  });
});

describe('rows that cannot be read (kind 3)', () => {
  const mangled = (text: string) => text.replaceAll('\u0001', '\ufffd').replaceAll('\u0002', '\ufffd');
  const writesNoControls: Quirks = {
    ...{ says: '', keys: 'plain' },
    row: (key) => `<Key>${mangled(key)}</Key><Size>1</Size>${time}`,
    end: ({ truncated, last, after }) =>
      `<IsTruncated>${truncated}</IsTruncated>${truncated ? `<NextMarker>${mangled(last)}</NextMarker><NextContinuationToken>${after}</NextContinuationToken>` : ''}`,
  };
  const keys = ['a', 'ctl\u0001x', 'ctl\u0002x', 'ctla', 'ctlz'];

  it('given two keys that come out the same, neither is catalogued and the others are', async () => {
    const listed = await list(keys, writesNoControls);
    expect(listed.keys).toEqual(['a', 'ctla', 'ctlz']);
    expect(listed.odd).toHaveLength(2);
  });

  it('given such a key as the last one and as the marker of version 1, what stands between it and its like is not left out', async () => {
    for (const maxKeys of [3, 4]) {
      expect((await list(keys, writesNoControls, { listVersion: 1, maxKeys })).keys).toEqual(['a', 'ctla', 'ctlz']);
    }
  });

  it('given pages of version 1 that hold nothing else, it is refused and does not go round', async () => {
    await expect(list(keys, writesNoControls, { listVersion: 1, maxKeys: 2 })).rejects.toThrow('does not get beyond');
    expect((await list(keys, writesNoControls, { maxKeys: 1 })).keys).toEqual(['a', 'ctla', 'ctlz']);
  });

  it.each([
    ['no Size', `<Key>b</Key>${time}`, 'b'],
    ['a negative Size', `<Key>b</Key><Size>-1</Size>${time}`, 'b'],
    ['a Size of 20 digits', `<Key>b</Key><Size>99999999999999999999</Size>${time}`, 'b'],
    ['a time of its own', '<Key>b</Key><Size>1</Size><LastModified>1767323045</LastModified>', 'b'],
    ['no Key', `<Size>1</Size>${time}`, undefined],
    ['an empty Key', `<Key/><Size>1</Size>${time}`, undefined],
    ['a key with a lone ampersand', `<Key>b & c</Key><Size>1</Size>${time}`, undefined],
    ['a broken escape', `<Key>b%zz</Key><Size>1</Size>${time}`, undefined],
    ['a key of bytes that are not UTF-8', `<Key>b%ff</Key><Size>1</Size>${time}`, undefined],
    ['U+0000', `<Key>b%00</Key><Size>1</Size>${time}`, undefined],
  ])(
    'given %s in the middle, in either version and at the end of a page too, the other keys are there',
    async (_label, row, known) => {
      const quirks: Quirks = { row: (key) => (key === 'b' ? row : undefined) };
      for (const listVersion of [1, 2] as const) {
        for (const maxKeys of [2, 1000]) {
          const listed = await list(['a', 'b', 'c', 'd'], quirks, { listVersion, maxKeys });
          expect(listed.keys).toEqual(['a', 'c', 'd']);
          expect(listed.odd.length).toBeGreaterThan(0);
          if (known !== undefined) expect(new Set(listed.odd)).toEqual(new Set([known]));
        }
      }
    },
  );
});

describe('start-after that is of no use (kind 4)', () => {
  const keys = numbered(1300);
  const asked = { bucket: 'stock', prefix: '', maxKeys: 1, startAfter: 'key-0600' };
  const refusesIt = (status: number, code: string): Quirks => ({
    refuses: (query) => (query.has('start-after') || query.has('marker') ? { status, code } : undefined),
  });

  it.each([
    [400, 'InvalidArgument'],
    [400, 'InvalidRequest'],
    [500, 'InternalError'],
    [501, 'NotImplemented'],
    [405, 'MethodNotAllowed'],
    [409, 'Whatever'],
  ])('given %i %s, whoever asks is told, and a listing by tokens has all 1,300', async (status, code) => {
    const { bucket } = await start(keys, refusesIt(status, code));
    await expect(askPage(bucket, asked)).rejects.toThrow(StartAfterRefused);
    expect((await listAll(bucket, { maxKeys: 100 })).keys).toEqual(keys);
  });

  it('given a server that begins at the first key again, whoever asks is told', async () => {
    const { bucket } = await start(keys, { ignoresStartAfter: true });
    await expect(askPage(bucket, asked)).rejects.toThrow(StartAfterIgnored);
    expect((await listAll(bucket, { maxKeys: 100 })).keys).toEqual(keys);
  });
});

describe('keys of which the answer does not say how they are written (kind 5)', () => {
  const odd = ['a b.txt', 'a%2Bb.txt', 'a+b.txt', 'c.txt', 'd%.txt', 'e=é.txt', 'f&g/h.txt'];

  const servers: [string, Quirks, { lists: number }][] = [
    ['as S3 does and says so', {}, { lists: 1 }],
    ['encoded and unsaid', { keys: 'form' }, { lists: 2 }],
    ['encoded and said as URL', { keys: 'form', says: 'URL' }, { lists: 2 }],
    ['encoded with %20 and unsaid', { keys: 'percent' }, { lists: 2 }],
    ['encoded with %20 and said', { keys: 'percent', says: 'url' }, { lists: 1 }],
    ['always encoded and unsaid', { keys: 'form', always: true }, { lists: 2 }],
    ['always encoded, with %20, and unsaid', { keys: 'percent', always: true }, { lists: 2 }],
    ['as they are', { keys: 'plain' }, { lists: 1 }],
  ];

  it.each(servers)('given keys %s, each comes out as it is', async (_label, quirks, cost) => {
    const keys = odd.toSorted();
    for (const listVersion of ['auto', 1] as const) {
      const { server, ...listed } = await list(keys, quirks, { listVersion });
      expect(listed.keys).toEqual(keys);
      expect(lists(server)).toBe(cost.lists);
    }
  });

  it.each(servers)(
    'given keys %s, on pages of one key and with any key alone in the bucket, each comes out as it is',
    async (_label, quirks) => {
      expect((await list(odd.toSorted(), quirks, { maxKeys: 1 })).keys).toEqual(odd.toSorted());
      for (const key of odd) expect((await list([key], quirks)).keys).toEqual([key]);
    },
  );

  it.each(servers)('given keys %s and credentials without HEAD, each comes out as it is', async (_label, quirks) => {
    const keys = odd.toSorted();
    for (const head of [403, 405]) {
      expect((await list(keys, { ...quirks, head })).keys).toEqual(keys);
      for (const key of odd) expect((await list([key], { ...quirks, head })).keys).toEqual([key]);
    }
  });

  it('given keys as they are and said to be encoded, what no encoding leaves gives it away', async () => {
    const asTheyAre: Quirks = { keys: 'plain', says: 'url' };
    for (const keys of [odd.toSorted(), ['a b+c'], ['a+b', 'c'], ['d%.txt'], ['é', 'ü%41']]) {
      const listed = await list(keys, asTheyAre);
      expect(listed).toMatchObject({ keys, tolerances: ['encoding_type'] });
    }
  });

  it('given many pages, it is settled once for as long as the bucket is open', async () => {
    const keys = Array.from({ length: 40 }, (_, index) => `a+${index + 10}`);
    for (const quirks of [{ keys: 'form' }, { keys: 'plain' }] as const) {
      const { server, ...listed } = await list(keys, quirks, { maxKeys: 10 });
      expect(listed).toMatchObject({ keys, tolerances: ['encoding_type'] });
      expect(lists(server)).toBe(5);
    }
  });

  it('given keys without a special character, nothing is asked', async () => {
    const { server, ...listed } = await list(numbered(10), { keys: 'form' });
    expect(listed.tolerances).toEqual([]);
    expect(server.requests).toHaveLength(1);
  });

  it('given keys with spaces on a server without fault, it costs two HEADs and no listing', async () => {
    const { server, ...listed } = await list(['a b', 'c d'], {}, { maxKeys: 1 });
    expect(listed).toMatchObject({ keys: ['a b', 'c d'], tolerances: [] });
    expect([lists(server), server.requests.length]).toEqual([2, 4]);
  });

  it('given a server that refuses to list without encoding, or that lies about HEAD, names settle it', async () => {
    const refuses: Quirks['refuses'] = (query) => (query.has('encoding-type') ? undefined : { status: 400, code: 'X' });
    for (const head of [undefined, 403, 404, 200]) {
      const known = head === undefined ? {} : { head };
      expect((await list(['a+b', 'c'], { keys: 'form', refuses, ...known })).keys).toEqual(['a+b', 'c']);
      expect((await list(['a+b', 'c'], { keys: 'form', always: true, ...known })).keys).toEqual(['a+b', 'c']);
      expect((await list(['a%2Bb', 'c'], { keys: 'plain', ...known })).keys).toEqual(['a%2Bb', 'c']);
    }
  });

  it('given a server that says nothing more, it is refused rather than guessed', async () => {
    const refuses: Quirks['refuses'] = (query) =>
      query.has('prefix') || !query.has('encoding-type') ? { status: 400, code: 'X' } : undefined;
    for (const keys of ['form', 'plain'] as const) {
      await expect(list(['a%2Bb'], { keys, refuses, head: 403 })).rejects.toThrow('cannot be told whether they are');
    }
  });

  it('given a row with a broken escape among encoded ones, it spoils itself and no other', async () => {
    const keys = ['a b', 'a+b', 'c%', 'd e'];
    const broken = (quirks: Quirks): Quirks => ({
      ...quirks,
      row: (key, text) => `<Key>${key === 'c%' ? 'c%2' : text}</Key><Size>1</Size>${time}`,
    });
    for (const quirks of [{}, { keys: 'form' }, { keys: 'percent' }, { keys: 'percent', says: 'url' }] as const) {
      for (const maxKeys of [1, 2, 1000]) {
        const listed = await list(keys, broken(quirks), { maxKeys });
        expect(listed.keys).toEqual(['a b', 'a+b', 'd e']);
        expect(listed.odd).toEqual([expect.stringContaining('not properly URL-encoded')]);
      }
    }
  });
});

describe('parameters that are refused (kind 6)', () => {
  const keys = ['a b', 'a+b', 'c', 'd'];
  const refuses = (name: string, status: number, code: string): Quirks => ({
    refuses: (query) => (query.has(name) ? { status, code } : undefined),
  });

  it.each([
    ['list-type', 405, 'MethodNotAllowed', 3],
    ['list-type', 400, 'InvalidRequest', 3],
    ['list-type', 501, 'NotImplemented', 3],
    ['encoding-type', 400, 'InvalidArgument', 4],
    ['encoding-type', 501, 'NotImplemented', 4],
    ['max-keys', 400, 'InvalidArgument', 5],
  ])('given %s refused with %i %s, it is left out from then on', async (name, status, code, first) => {
    const { server, ...listed } = await list(keys, refuses(name, status, code), { maxKeys: 2 });
    expect(listed.keys).toEqual(keys);
    expect(lists(server)).toBeLessThanOrEqual(first);
  });

  it('given encoding-type and list-type refused, both are left out', async () => {
    const both: Quirks = {
      refuses: (query) =>
        query.has('list-type') || query.has('encoding-type') ? { status: 400, code: 'X' } : undefined,
    };
    const listed = await list(keys, both, { maxKeys: 2 });
    expect(listed).toMatchObject({ keys, tolerances: ['encoding_type'] });
  });

  it('given version 2 by name, version 1 is not tried', async () => {
    const { server, bucket } = await start(keys, refuses('list-type', 400, 'InvalidRequest'), 2);
    await expect(listAll(bucket)).rejects.toMatchObject({ code: 'source_error' });
    expect(server.requests.every(({ query }) => query.has('list-type'))).toBe(true);
  });
});

describe('answers with more than one fault', () => {
  it('given an order of folders, it is told so, whatever else is odd', async () => {
    const keys = ['report.pdf', 'report/2024.pdf', 'report-old.pdf'];
    await expect(list(keys, { ...noCount, name: '', keys: 'plain' })).rejects.toThrow(ListingUnordered);
  });

  it('given everything odd at once, all is listed', async () => {
    const quirks: Quirks = {
      ...{ name: '/stock', keys: 'form', echoes: 'plain' },
      keyCount: () => '<KeyCount>0</KeyCount>',
      end: ({ truncated, after }) =>
        truncated
          ? `<IsTruncated>True</IsTruncated><NextContinuationToken>${after}</NextContinuationToken>`
          : '<IsTruncated>0</IsTruncated>',
    };
    const keys = ['p+q/a', 'p+q/b', 'p+q/c+d'];
    const listed = await list(keys, quirks, { prefix: 'p+q/', maxKeys: 2 });
    expect(listed).toMatchObject({ keys, odd: [] });
    expect(listed.tolerances).toEqual(['encoding_type', 'key_count', 'name', 'prefix_spelling', 'truncated_spelling']);
  });
});
