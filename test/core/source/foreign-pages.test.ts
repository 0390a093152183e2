import { describe, expect, it } from 'vitest';
import { Failure } from '#core/model/errors.ts';
import type { ListingPage } from '#core/model/ports/listing.ts';
import { ListingUnordered, StartAfterIgnored, StartAfterRefused } from '#core/source/listing-refusal.ts';
import { askPage, type PageExpectation } from '#core/source/page-proof.ts';
import { type ForeignBucket, foreignBucket, listAll, objectAt, type Twister } from '#support/foreign-listing.ts';

const ten = Array.from({ length: 10 }, (_, index) => `p/key-${index}`);
const seven = ten.slice(0, 7);
const refused = { code: 'listing_not_proved' };

/** How many listings there were beyond those that an S3 server needs. */
function extra(bucket: ForeignBucket, keys: readonly string[], maxKeys = 5): number {
  return bucket.requests.length - Math.max(1, Math.ceil(keys.length / maxKeys));
}

/** IsTruncated and the token, where they are false or empty, are left out. */
const omitsWhatIsFalse: Twister = ({ truncated }) => ({ truncated: truncated || undefined });

describe('a server without quirks', () => {
  it.each([1, 2] as const)('given version %i, is forgiven nothing and asked no question more', async (version) => {
    for (const keys of [[], ten.slice(0, 1), seven, ten]) {
      const bucket = foreignBucket(keys, undefined, version);
      expect(await listAll(bucket)).toMatchObject({ keys, odd: [], tolerances: [] });
      expect(extra(bucket, keys)).toBe(0);
    }
  });
});

describe('a field that says nothing which the keys do not say', () => {
  const cases: [string, Twister, string[]][] = [
    ['no KeyCount', () => ({ keyCount: undefined }), ['key_count']],
    ['a KeyCount of 0', () => ({ keyCount: 0 }), ['key_count']],
    ['a KeyCount below the keys', ({ objects }) => ({ keyCount: objects.length - 1 }), ['key_count']],
    ['the number of all keys as KeyCount', () => ({ keyCount: 7 }), ['key_count']],
    ['the number of all objects there are as KeyCount', () => ({ keyCount: 146_500 }), ['key_count']],
    ['no Prefix', () => ({ prefix: undefined }), ['prefix_spelling']],
    ['an empty Prefix', () => ({ prefix: '' }), ['prefix_spelling']],
    ['a Prefix without its slash', () => ({ prefix: 'p' }), ['prefix_spelling']],
    ['a Prefix in another spelling', () => ({ prefix: 'p%2F', readings: { prefix: ['p/'] } }), ['prefix_spelling']],
    [
      'a Prefix that cannot be decoded',
      () => ({ prefix: undefined, readings: { prefix: ['p/'] } }),
      ['prefix_spelling'],
    ],
    ['no Name', () => ({ bucket: undefined }), ['name']],
    ['an empty Name', () => ({ bucket: '' }), ['name']],
    ['a Name with a slash', () => ({ bucket: '/stock' }), ['name']],
    ['a Name with a path before it', () => ({ bucket: 'v1/AUTH_test/stock' }), ['name']],
    ['a Name with a path behind it', () => ({ bucket: 'stock/p/' }), ['name']],
    ['a Name with a tenant', () => ({ bucket: 'tenant:stock' }), ['name']],
    ['a Delimiter', () => ({ delimiter: '/' }), ['delimiter']],
    ['IsTruncated in another spelling', () => ({ forgiven: ['truncated_spelling'] }), ['truncated_spelling']],
    [
      'a NextMarker that cannot be read',
      () => ({ forgiven: ['next_marker'], nextToken: undefined, truncated: undefined, readings: { nextMarker: [] } }),
      ['next_marker', 'next_marker_v2', 'truncated_absent'],
    ],
  ];

  it.each(cases.slice(0, -1))(
    'given %s, all is listed, it is told, and nothing more is asked',
    async (_label, twist, names) => {
      const bucket = foreignBucket(seven, twist);
      expect(await listAll(bucket, { prefix: 'p/' })).toMatchObject({ keys: seven, tolerances: names });
      expect(extra(bucket, seven)).toBe(0);
    },
  );

  it.each(cases)("given %s on one of AWS's own hosts, it is refused after one question", async (_label, twist) => {
    const bucket = foreignBucket(seven, twist);
    const asked = { prefix: 'p/', foreign: false };
    await expect(listAll(bucket, asked)).rejects.toMatchObject(refused);
    expect(bucket.requests.length).toBeLessThanOrEqual(2);
  });

  it.each([
    ['another bucket', { bucket: 'other' }],
    ['a bucket whose name begins alike', { bucket: 'stock2' }],
    ['a path in another bucket', { bucket: 'stock-old/p' }],
    ['a bucket beneath another', { bucket: 'a/stock/b' }],
    ['a longer Prefix, beneath which other keys may be left out', { prefix: 'p/key-' }],
    ['another Prefix', { prefix: 'q/' }],
    ['a Prefix that is another in each spelling', { prefix: 'p%2Fa', readings: { prefix: ['p/a'] } }],
    ['keys beside the prefix', { objects: [objectAt('p/a'), objectAt('q')] }],
    ['common prefixes, whose keys are left out', { commonPrefixes: ['p/a/'] }],
    ['common prefixes and their delimiter', { commonPrefixes: ['p/a/'], delimiter: '/' }],
    ['a document that breaks off, without KeyCount', { wellFormed: false, keyCount: undefined }],
    ['more keys than any page has', { objects: Array.from({ length: 1001 }, (_, n) => objectAt(`p/${n + 1000}`)) }],
    ['a count of keys and none of them', { objects: [], keyCount: 5 }],
  ])('given %s, it is refused', async (_label, twist) => {
    await expect(
      listAll(
        foreignBucket(seven, () => twist),
        { prefix: 'p/' },
      ),
    ).rejects.toMatchObject(refused);
  });

  it("given a tenant in the name that was asked for, its own name or the bucket's is taken, and no other tenant's", async () => {
    const asked = { bucket: 'one:stock' };
    const named = (bucket: string) =>
      listAll(
        foreignBucket(seven, () => ({ bucket })),
        asked,
      );
    expect((await named('one:stock')).tolerances).toEqual([]);
    expect((await named('stock')).tolerances).toEqual(['name']);
    await expect(named('two:stock')).rejects.toMatchObject(refused);
  });

  it('given common prefixes that nobody asked for, on the only page, it is refused for them', async () => {
    for (const objects of [[], seven.map(objectAt)]) {
      const rolledUp: Twister = () => ({
        objects,
        commonPrefixes: ['z/'],
        keyCount: objects.length + 1,
        truncated: false,
      });
      await expect(listAll(foreignBucket(seven, rolledUp), { maxKeys: 1000 })).rejects.toThrow('CommonPrefixes');
    }
  });

  it('given more keys than asked for, all are taken', async () => {
    const bucket = foreignBucket(seven, () => ({
      objects: seven.map(objectAt),
      keyCount: 7,
      truncated: false,
      nextToken: undefined,
    }));
    expect(await listAll(bucket)).toEqual({ keys: seven, odd: [], tolerances: ['max_keys'], pages: 1 });
  });
});

describe('a KeyCount above the keys of a page that had room for more', () => {
  const lost: Twister = ({ objects }) => ({ objects: objects.filter(({ key }) => key !== 'p/key-2') });

  it('given once, the page is asked for again, and its second answer is the one that counts', async () => {
    const bucket = foreignBucket(seven, (page, asked) =>
      asked.number === 1 ? { ...lost(page, asked), keyCount: 5 } : {},
    );
    expect(await listAll(bucket)).toMatchObject({ keys: seven, tolerances: ['key_count'] });
    expect(extra(bucket, seven)).toBe(1);
  });

  it('given each time beside other keys, it is refused', async () => {
    const bucket = foreignBucket(seven, ({ objects }, { number }) => ({
      objects: objects.slice(number),
      keyCount: 50,
    }));
    await expect(listAll(bucket, { maxKeys: 1000 })).rejects.toThrow('counts 50 keys and holds 5');
    expect(bucket.requests).toHaveLength(2);
  });

  it('given a whole listing in one page with the number of all objects, it is asked once more and taken', async () => {
    const bucket = foreignBucket(seven, () => ({ keyCount: 100 }));
    expect(await listAll(bucket, { maxKeys: 1000 })).toMatchObject({ keys: seven, tolerances: ['key_count'] });
    expect(bucket.requests).toHaveLength(2);
  });

  it('given with the second answer no listing at all, it is refused', async () => {
    const bucket = foreignBucket(seven, (_page, { number }) =>
      number === 1 ? { keyCount: 9 } : { root: 'html', keyCount: 9 },
    );
    await expect(listAll(bucket, { maxKeys: 1000 })).rejects.toMatchObject(refused);
  });
});

describe('a page that says it is the last one and gives a token', () => {
  it('given a full page at the end, the token leads to an empty page: one listing more', async () => {
    const bucket = foreignBucket(ten, ({ nextToken }, { request }) =>
      nextToken || (request.continuation?.version === 2 && request.continuation.token === 'T10')
        ? {}
        : { nextToken: 'T10' },
    );
    expect(await listAll(bucket)).toMatchObject({ keys: ten, tolerances: ['token_on_last_page'] });
    expect(extra(bucket, ten)).toBe(1);
  });

  it('given a page that hides 40 % of the keys behind it, they are found', async () => {
    for (const strikes of [1, 2]) {
      const bucket = foreignBucket(ten, (_page, { number }) => (number === strikes ? { truncated: false } : {}));
      expect(await listAll(bucket, { maxKeys: 3 })).toMatchObject({ keys: ten, tolerances: ['token_on_last_page'] });
    }
  });

  it('given a server that says so on every page, all is found', async () => {
    const bucket = foreignBucket(ten, () => ({ truncated: false }));
    expect(await listAll(bucket, { maxKeys: 3 })).toMatchObject({ keys: ten });
  });

  it('given a server that has a token for every page, the empty page ends it', async () => {
    const bucket = foreignBucket(ten, ({ objects }, { number }) => ({
      truncated: false,
      nextToken: objects.length > 0 ? `T${number * 5}` : `T${number}00`,
    }));
    expect(await listAll(bucket)).toMatchObject({ keys: ten });
  });

  it('given the token it was asked with, nothing more follows', async () => {
    const bucket = foreignBucket(ten, (_page, { request: { continuation } }) =>
      continuation?.version === 2 ? { nextToken: continuation.token } : {},
    );
    expect(await listAll(bucket)).toMatchObject({ keys: ten, tolerances: ['token_on_last_page'] });
  });

  it('given a token that leads to the beginning, it is refused and never complete', async () => {
    const bucket = foreignBucket(ten, ({ truncated }) => (truncated ? {} : { nextToken: 'T0' }));
    await expect(listAll(bucket)).rejects.toThrow(ListingUnordered);
  });

  it('given an empty first page and a token, it is followed', async () => {
    const bucket = foreignBucket(ten, (_page, { number }) =>
      number === 1 ? { objects: [], keyCount: 0, truncated: false, nextToken: 'T0' } : {},
    );
    expect(await listAll(bucket)).toMatchObject({ keys: ten, tolerances: ['token_on_last_page'] });
  });

  it('given a marker in version 1, what follows the last key is asked for', async () => {
    const bucket = foreignBucket(ten, ({ objects }) => ({ truncated: false, nextMarker: objects.at(-1)?.key }), 1);
    expect(await listAll(bucket, { maxKeys: 3 })).toMatchObject({ keys: ten, tolerances: ['marker_on_last_page'] });
  });

  it('given a marker on an empty page of version 1 that lies nowhere, nothing follows', async () => {
    const bucket = foreignBucket([], () => ({ nextMarker: '' }), 1);
    expect(await listAll(bucket)).toMatchObject({ keys: [], tolerances: [] });
    const echo = foreignBucket(
      ['a'],
      (_page, { request }) => ({ nextMarker: request.continuation?.version === 1 ? request.continuation.marker : 'a' }),
      1,
    );
    expect(await listAll(echo)).toMatchObject({ keys: ['a'], tolerances: ['marker_on_last_page'] });
  });
});

describe('a page that does not say whether more follows', () => {
  it('given a token, it is followed; where the tokens end, what follows the last key is asked for once', async () => {
    const bucket = foreignBucket(ten, omitsWhatIsFalse);
    expect(await listAll(bucket, { maxKeys: 4 })).toMatchObject({ keys: ten, tolerances: ['truncated_absent'] });
    expect(extra(bucket, ten, 4)).toBe(1);
  });

  it.each([1, 2] as const)(
    'given a listing of one page in version %i, one key fewer and the last key settle it',
    async (version) => {
      const bucket = foreignBucket(seven, omitsWhatIsFalse, version);
      expect(await listAll(bucket, { maxKeys: 1000 })).toMatchObject({
        keys: seven,
        tolerances: expect.arrayContaining(['truncated_absent']),
      });
      expect(bucket.requests.map(({ maxKeys, continuation }) => [maxKeys, continuation])).toEqual([
        [1000, undefined],
        [6, undefined],
        [1000, { version: 1, marker: 'p/key-6' }],
      ]);
    },
  );

  it('given no token on any page of many, neither question is asked for each page', async () => {
    const bucket = foreignBucket(ten, () => ({ truncated: undefined }));
    expect(await listAll(bucket, { maxKeys: 2 })).toMatchObject({ keys: ten });
    expect(extra(bucket, ten, 2)).toBe(1);
  });

  it('given one key, what follows it is asked for; given none, the same once more', async () => {
    const one = foreignBucket(['a'], omitsWhatIsFalse);
    expect(await listAll(one)).toMatchObject({ keys: ['a'] });
    const none = foreignBucket([], omitsWhatIsFalse);
    expect(await listAll(none)).toMatchObject({ keys: [], tolerances: ['truncated_absent'] });
    expect([one.requests.length, none.requests.length]).toEqual([2, 2]);
  });

  const cut = { truncated: undefined, nextToken: undefined, nextMarker: undefined };

  it.each([1, 2] as const)(
    'given version %i and a page cut short that says nothing, the rest is found',
    async (version) => {
      for (const strikes of [1, 2, 3]) {
        const twist: Twister = ({ objects, keyCount }, { number }) =>
          number === strikes
            ? { ...cut, objects: objects.slice(0, 2), ...(keyCount === undefined ? {} : { keyCount: 2 }) }
            : {};
        const bucket = foreignBucket(ten, twist, version);
        expect(await listAll(bucket, { maxKeys: 4 })).toMatchObject({ keys: ten });
      }
    },
  );

  it('given an empty page once, where there are keys, they are found', async () => {
    const empty = { ...cut, objects: [], keyCount: 0 };
    const bucket = foreignBucket(ten, (_page, { number }) => (number === 1 ? empty : {}));
    expect(await listAll(bucket)).toMatchObject({ keys: ten });
    const later = foreignBucket(ten, (_page, { number }) => (number === 2 ? empty : {}));
    expect(await listAll(later)).toMatchObject({ keys: ten });
  });

  it.each([
    ['a server that never says it', foreignBucket(ten, () => cut, 1)],
    [
      'an empty page that names no bucket',
      foreignBucket([], () => ({ ...cut, bucket: undefined, keyCount: undefined })),
    ],
    [
      'an empty page, and then no listing',
      foreignBucket([], (_page, { number }) => (number === 1 ? cut : { root: 'html' })),
    ],
    [
      'keys, and then no listing',
      foreignBucket(ten, (_page, { number }) => (number === 1 ? cut : { wellFormed: false })),
    ],
  ])('given %s, it is refused', async (_label, bucket) => {
    await expect(listAll(bucket)).rejects.toMatchObject(refused);
  });

  it('given no order, the tokens of the pages before and the same answer twice settle it', async () => {
    const keys = ten.toReversed();
    const bucket = foreignBucket(keys, omitsWhatIsFalse);
    expect(await listAll(bucket, { maxKeys: 4, order: 'any' })).toMatchObject({
      keys,
      tolerances: ['truncated_absent'],
    });
    expect(extra(bucket, keys, 4)).toBe(1);
    const once = foreignBucket(keys, (_page, { number }) => (number === 2 ? cut : {}));
    expect(await listAll(once, { maxKeys: 4, order: 'any' })).toMatchObject({ keys });
    await expect(
      listAll(
        foreignBucket(keys, () => cut),
        { order: 'any' },
      ),
    ).rejects.toMatchObject(refused);
  });
});

describe('a version 2 page with a marker and no token', () => {
  const rust: Twister = ({ objects, truncated }) => ({
    ...{ nextToken: undefined, keyCount: undefined },
    ...(truncated ? { nextMarker: objects.at(-1)?.key } : {}),
  });

  it('given the last key as marker, it is gone on in version 1', async () => {
    const bucket = foreignBucket(ten, rust);
    expect(await listAll(bucket, { maxKeys: 4 })).toMatchObject({
      keys: ten,
      tolerances: ['key_count', 'next_marker_v2'],
    });
    expect(bucket.requests.map(({ continuation }) => continuation)).toEqual([
      undefined,
      { version: 1, marker: 'p/key-3' },
      { version: 1, marker: 'p/key-7' },
    ]);
  });

  it('given a marker beyond the last key, it is not followed', async () => {
    const bucket = foreignBucket(ten, (page, asked) => ({
      ...rust(page, asked),
      ...(page.truncated ? { nextMarker: 'p/key-8' } : {}),
    }));
    expect((await listAll(bucket, { maxKeys: 4 })).keys).toEqual(ten);
  });

  it('given neither, the last key leads on in version 1', async () => {
    const bucket = foreignBucket(ten, () => ({ nextToken: undefined }));
    expect(await listAll(bucket, { maxKeys: 4 })).toMatchObject({ keys: ten, tolerances: ['token_absent'] });
  });

  it('given no key either, or no order, it is refused', async () => {
    const empty = { objects: [], keyCount: 0, truncated: true, nextToken: undefined };
    await expect(listAll(foreignBucket(ten, () => empty))).rejects.toMatchObject(refused);
    const noToken = foreignBucket(ten.toReversed(), () => ({ nextToken: undefined }));
    await expect(listAll(noToken, { order: 'any' })).rejects.toThrow('in no order');
  });
});

describe('a marker of version 1', () => {
  const keys = ['a/1', 'a/10', 'a/100', 'a/2', 'a/20'];
  const markers = async (twist: Twister): Promise<(string | undefined)[]> => {
    const bucket = foreignBucket(keys, twist, 1);
    expect((await listAll(bucket, { maxKeys: 1 })).keys).toEqual(keys);
    return bucket.requests.map(({ continuation }) => (continuation?.version === 1 ? continuation.marker : undefined));
  };
  const plain = [undefined, ...keys.slice(0, -1)];

  it('given the last key in another spelling, the last key is sent back', async () => {
    expect(
      await markers(({ objects }) => ({ nextMarker: 'a%2F', readings: { nextMarker: [objects[0]?.key ?? ''] } })),
    ).toEqual([...plain, 'a/20']);
  });

  it('given the key that comes next, which may begin with the last one, the last key is sent back', async () => {
    const next: Twister = ({ objects, truncated }) =>
      truncated ? { nextMarker: keys[keys.indexOf(objects[0]?.key ?? '') + 1] } : {};
    expect(await markers(next)).toEqual(plain);
  });

  it('given one far beyond, or one that cannot be read, the last key is sent back', async () => {
    expect(await markers(({ truncated }) => (truncated ? { nextMarker: 'z' } : {}))).toEqual(plain);
    expect(await markers(({ truncated }) => (truncated ? { readings: { nextMarker: [] } } : {}))).toEqual(plain);
  });

  it('given the last key with what MinIO hangs on it, that is sent back as it came', async () => {
    const mark = '[minio_cache:v2,id:7b0e,return:]';
    const sent = await markers(({ objects, truncated }) =>
      truncated ? { nextMarker: `${objects[0]?.key}${mark}` } : {},
    );
    expect(sent.slice(1)).toEqual(plain.slice(1).map((key) => `${key}${mark}`));
  });

  it('given what looks like it and may be a key, the last key is sent back', async () => {
    const marks = ['[1]', '[minio_cache:v2]x', '[minio_cache:v2', '1'];
    for (const mark of marks) {
      expect(
        await markers(({ objects, truncated }) => (truncated ? { nextMarker: `${objects[0]?.key}${mark}` } : {})),
      ).toEqual(plain);
    }
  });

  it('given a page that repeats its marker, it is refused', async () => {
    const stuck: Twister = ({ truncated }, { number }) =>
      number > 1 && truncated ? { objects: [], odd: [{ reason: 'x' }] } : {};
    await expect(listAll(foreignBucket(keys, stuck, 1), { maxKeys: 1 })).rejects.toThrow('does not get beyond');
  });

  it('given empty pages, the nearest of its readings is followed', async () => {
    const gap: Twister = (_page, { number }) =>
      number === 1 ? { objects: [], truncated: true, nextMarker: 'a/9', readings: { nextMarker: ['a/0'] } } : {};
    const bucket = foreignBucket(keys, gap, 1);
    expect(await listAll(bucket)).toMatchObject({ keys, tolerances: ['marker_spelling'] });
  });
});

describe('keys in another order', () => {
  const folders = ['report.pdf', 'report/2024.pdf', 'report-old.pdf', 'zoo.txt'];

  it('given an order by bytes, it is told by an error of its own', async () => {
    const error = await listAll(foreignBucket(folders)).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(ListingUnordered);
    expect(error).not.toBeInstanceOf(StartAfterIgnored);
    expect(error).toMatchObject(refused);
  });

  it.each([1, 2, 3, 5])('given any order and pages of %i, the tokens lead to all of them', async (maxKeys) => {
    expect(await listAll(foreignBucket(folders), { order: 'any', maxKeys })).toMatchObject({
      keys: folders,
      tolerances: [],
    });
    const page = await askPage(foreignBucket(folders), { bucket: 'stock', prefix: '', maxKeys: 3, order: 'any' });
    expect(page.lastKey).toBe('report-old.pdf');
  });

  it('given any order, a key beside the prefix is still refused, and so is an odd one', async () => {
    const asked: Partial<PageExpectation> = { order: 'any', prefix: 'p/' };
    const beside = { objects: [objectAt('q')], keyCount: 1 };
    await expect(
      listAll(
        foreignBucket(ten, () => beside),
        asked,
      ),
    ).rejects.toThrow('outside the prefix');
    const odd = { odd: [{ key: 'q', reason: 'x' }], keyCount: 6 };
    await expect(
      listAll(
        foreignBucket(ten, () => odd),
        asked,
      ),
    ).rejects.toThrow('outside the prefix');
  });

  it("given any order in version 1, only a marker of the server's own leads on", async () => {
    const own: Twister = ({ objects, truncated }) => (truncated ? { nextMarker: objects.at(-1)?.key } : {});
    expect((await listAll(foreignBucket(ten, own, 1), { order: 'any' })).keys).toEqual(ten);
    await expect(listAll(foreignBucket(ten, undefined, 1), { order: 'any' })).rejects.toThrow('nothing to go on with');
  });
});

describe('a listing that begins after a key', () => {
  const asked = { startAfter: 'p/key-4' };

  it('given a server that passes over it, it is told by an error of its own', async () => {
    const fromTheBeginning = () => ({ objects: ten.slice(0, 5).map(objectAt) });
    await expect(listAll(foreignBucket(ten, fromTheBeginning), asked)).rejects.toThrow(StartAfterIgnored);
    const withTheKey = () => ({ objects: ten.slice(4, 9).map(objectAt) });
    await expect(listAll(foreignBucket(ten, withTheKey), asked)).rejects.toThrow(StartAfterIgnored);
  });

  it('given a later page that goes back, it is the order', async () => {
    const back: Twister = (_page, { number }) => (number > 1 ? { objects: [objectAt('p/key-0')], keyCount: 1 } : {});
    const error = await listAll(foreignBucket(ten, back), { ...asked, maxKeys: 2 }).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(ListingUnordered);
    expect(error).not.toBeInstanceOf(StartAfterIgnored);
  });

  it.each(['source_error', 'access_denied'] as const)(
    'given a refusal with %s, only what may be about the key is told so',
    async (code) => {
      const refusal = new Failure(code, 'no');
      const bucket = { ...foreignBucket(ten), list: () => Promise.reject(refusal) };
      const error = await listAll(bucket, asked).catch((thrown: unknown) => thrown);
      expect(error).toMatchObject({ code, message: 'no' });
      expect(error instanceof StartAfterRefused).toBe(code === 'source_error');
      expect(await listAll(bucket).catch((thrown: unknown) => thrown)).toBe(refusal);
    },
  );
});

describe('rows that cannot be catalogued', () => {
  const withOdd =
    (odd: ListingPage['odd'], change: Partial<ListingPage> = {}): Twister =>
    ({ objects }, { number }) =>
      number === 1 ? { odd, keyCount: objects.length + (odd?.length ?? 0), ...change } : {};

  it('given among others, the others are taken, nothing was forgiven, and they count', async () => {
    const odd = [{ reason: 'a Key of more than 1,024 bytes' }, { key: 'p/key-2x', reason: 'no Size' }];
    const bucket = foreignBucket(seven, withOdd(odd));
    expect(await listAll(bucket)).toMatchObject({
      keys: seven,
      odd: ['a Key of more than 1,024 bytes', 'p/key-2x'],
      tolerances: ['max_keys'],
    });
  });

  it("given on one of AWS's own hosts, the page is refused", async () => {
    const bucket = foreignBucket(seven, withOdd([{ key: 'p/key-2x', reason: 'no Size' }]));
    await expect(listAll(bucket, { foreign: false, maxKeys: 1000 })).rejects.toThrow('could not be read: no Size');
  });

  it('given as the last row, its key is as far as the page goes', async () => {
    const bucket = foreignBucket(seven, withOdd([{ key: 'p/key-4x', reason: 'no Size' }]));
    const page = await askPage(bucket, { bucket: 'stock', prefix: '', maxKeys: 6 });
    expect(page.lastKey).toBe('p/key-5');
    const last = foreignBucket(seven, withOdd([{ key: 'p/key-9', reason: 'no Size' }]));
    expect((await askPage(last, { bucket: 'stock', prefix: '', maxKeys: 1000 })).lastKey).toBe('p/key-9');
  });

  it('given in version 1 as the last row, with a key that no record could have, the listing goes on from it', async () => {
    const long = `p/key-4${'x'.repeat(1100)}`;
    const bucket = foreignBucket(ten, withOdd([{ reason: 'too long' }], { lastRow: long }), 1);
    expect(await listAll(bucket)).toMatchObject({ keys: ten, odd: ['too long'] });
    expect(bucket.requests[1]?.continuation).toEqual({ version: 1, marker: long });
  });

  it('given beside the prefix or before the page, it is refused', async () => {
    const beside = foreignBucket(ten, withOdd([{ key: 'q', reason: 'x' }]));
    await expect(listAll(beside, { prefix: 'p/' })).rejects.toThrow('outside the prefix');
    const before = foreignBucket(ten, withOdd([{ key: 'p/key-0', reason: 'x' }]));
    await expect(listAll(before, { startAfter: 'p/key-4', maxKeys: 1000 })).rejects.toThrow(ListingUnordered);
  });

  it('given a key twice with different facts, it is odd and known; with the same facts another may be missing', async () => {
    const [first, second, third] = ten.map(objectAt);
    const twice = (object: typeof first) =>
      foreignBucket(ten.slice(0, 3), () => ({ objects: [first, second, object, third] as never, keyCount: 4 }));
    const changed = { ...second, size: 99 } as typeof first;
    expect(await listAll(twice(changed))).toMatchObject({ keys: ['p/key-0', 'p/key-2'], odd: ['p/key-1'] });
    await expect(listAll(twice(second))).rejects.toThrow('came twice');
    await expect(listAll(twice(changed), { foreign: false })).rejects.toMatchObject(refused);
  });
});

describe('a listing with a delimiter', () => {
  const rolledUp = { objects: [objectAt('p/a.txt')], commonPrefixes: ['p/b/', 'p/c d/'], keyCount: 3, delimiter: '/' };
  const asked: Partial<PageExpectation> = { prefix: 'p/', delimiter: '/', foreign: false };
  const page = (change: Partial<ListingPage> = {}, more: Partial<PageExpectation> = {}) =>
    askPage(
      foreignBucket(['p/x'], () => ({ ...rolledUp, ...change })),
      { bucket: 'stock', prefix: 'p/', maxKeys: 5, ...asked, ...more },
    );

  it('given common prefixes, they are told, and the last of both is as far as the page goes', async () => {
    expect(await page()).toMatchObject({ commonPrefixes: ['p/b/', 'p/c d/'], lastKey: 'p/c d/', tolerances: [] });
    const bucket = foreignBucket(['p/x']);
    await askPage(bucket, { bucket: 'stock', prefix: 'p/', maxKeys: 5, ...asked });
    expect(bucket.requests).toEqual([{ prefix: 'p/', maxKeys: 5, delimiter: '/' }]);
  });

  it('given version 1, the last of both is the marker', async () => {
    const seen = { version: 1, keyCount: undefined, truncated: true, nextMarker: 'p/c d/' } as never;
    expect((await page(seen)).next?.continuation).toEqual({ version: 1, marker: 'p/c d/' });
  });

  it('given a page that begins after a key in a folder, that folder may come', async () => {
    const later = { objects: [], commonPrefixes: ['p/b/'], keyCount: 1 };
    expect(await page(later, { startAfter: 'p/b/x' })).toMatchObject({ commonPrefixes: ['p/b/'], lastKey: 'p/b/x' });
  });

  it.each([
    ['beside the prefix', { commonPrefixes: ['q/'], keyCount: 2 }, 'outside the prefix'],
    ['that is the prefix', { commonPrefixes: ['p/'], keyCount: 2 }, 'between the prefix and a delimiter'],
    ['without its delimiter', { commonPrefixes: ['p/b'], keyCount: 2 }, 'between the prefix and a delimiter'],
    ['twice', { commonPrefixes: ['p/b/', 'p/b/'] }, 'came twice'],
    ['the wrong way round', { commonPrefixes: ['p/c/', 'p/b/'] }, 'came after'],
    ['whose keys are listed too', { objects: [objectAt('p/b/x')], foreign: true }, 'beyond the delimiter'],
    ['and a count without them', { keyCount: 1 }, 'counts 1 keys and holds 3'],
  ])('given a common prefix %s, it is refused', async (_label, change, words) => {
    await expect(page(change)).rejects.toThrow(words);
  });

  it('given a foreign server that passes over the delimiter, all keys are there; that lists and rolls up the same, it is refused', async () => {
    const all = { objects: [objectAt('p/a'), objectAt('p/b/x')], commonPrefixes: undefined as never, keyCount: 2 };
    expect(await page(all, { foreign: true })).toMatchObject({ tolerances: ['delimiter_ignored'], lastKey: 'p/b/x' });
    const both = { objects: [objectAt('p/b/x')] };
    await expect(page(both, { foreign: true })).rejects.toThrow('is listed and rolled up');
  });

  it('given any order, common prefixes are judged by the prefix alone', async () => {
    const seen = { commonPrefixes: ['p/c/', 'p/b/'] };
    expect(await page(seen, { order: 'any' })).toMatchObject({ commonPrefixes: ['p/c/', 'p/b/'] });
    await expect(page({ commonPrefixes: ['q/'] }, { order: 'any' })).rejects.toThrow('outside the prefix');
  });
});
