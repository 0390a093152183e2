import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compareKeys } from '#core/keys/byte-order.ts';
import { Failure } from '#core/model/errors.ts';
import type { ListedObject, ListingPage } from '#core/model/ports/listing.ts';
import { type PageExpectation, type ProvenStep, provePage } from '#core/source/page-proof.ts';

function object(key: string): ListedObject {
  return { key, size: 1, etag: 'e', lastModified: '2026-01-02T03:04:05.000Z', storageClass: 'STANDARD' };
}

/** A page with the elements left out that are given as undefined. */
function page(keys: readonly string[], change: { [name in keyof ListingPage]?: ListingPage[name] | undefined } = {}) {
  const whole = {
    version: 2,
    root: 'ListBucketResult',
    wellFormed: true,
    bucket: 'stock',
    prefix: 'p/',
    keyCount: keys.length,
    truncated: false,
    objects: keys.map(object),
    ...change,
  };
  return Object.fromEntries(Object.entries(whole).filter(([, value]) => value !== undefined)) as unknown as ListingPage;
}

const expected: PageExpectation = { bucket: 'stock', prefix: 'p/', maxKeys: 3, foreign: false };
const step: ProvenStep = { lastKey: 'p/b', continuation: { version: 2, token: 'T1' }, emptyPages: 0 };
const stepV1: ProvenStep = { lastKey: 'p/b', continuation: { version: 1, marker: 'p/b' }, emptyPages: 0 };
const v1 = { version: 1, keyCount: undefined } as const;

function refusalOf(seen: ListingPage, expectation: PageExpectation = expected): string {
  try {
    provePage(seen, expectation);
  } catch (error) {
    expect(error).toBeInstanceOf(Failure);
    expect((error as Failure).code).toBe('listing_not_proved');
    return (error as Failure).message;
  }
  throw new Error('the page was taken for proven');
}

describe('a page of an access point, asked for by its alias', () => {
  const alias = 'reports-hrzrlukc5m36ft7okagglf3gmwluquse1b-s3alias';
  const asked = { ...expected, bucket: alias };

  it('given the alias as its name, it is proved like any other', () => {
    expect(provePage(page(['p/a'], { bucket: alias }), asked).lastKey).toBe('p/a');
  });

  it.each(['stock', 'another-s3alias', '', undefined])(
    'given %j as its name, it is refused: which bucket stands behind an alias is not guessed',
    (bucket) => {
      refusalOf(page(['p/a'], { bucket }), asked);
    },
  );

  it('given another name, the message says that the bucket is to be named', () => {
    expect(refusalOf(page([], { bucket: 'stock' }), asked)).toContain(
      `an answer is about bucket "stock", asked was "${alias}". The alias of an access point was given as the bucket; name the bucket behind it.`,
    );
  });

  it('given the name of an alias as the answer about a bucket, it is refused too', () => {
    expect(refusalOf(page([], { bucket: alias }))).toContain('a proxy may be answering for another bucket');
  });
});

describe('a page that proves itself', () => {
  it('given the last page, there is nothing to go on with', () => {
    const proven = provePage(page(['p/a', 'p/b']), expected);
    expect(proven).toEqual({ objects: [object('p/a'), object('p/b')], odd: [], tolerances: [], lastKey: 'p/b' });
  });

  it('given a truncated page, its token and last key lead on', () => {
    const proven = provePage(page(['p/c', 'p/d'], { truncated: true, nextToken: 'T2' }), {
      ...expected,
      previous: step,
    });
    expect(proven.next).toEqual({ lastKey: 'p/d', continuation: { version: 2, token: 'T2' }, emptyPages: 0 });
  });

  it('given an empty listing, it is complete; what it means is not for this to say', () => {
    expect(provePage(page([]), expected)).toEqual({ objects: [], odd: [], tolerances: [], lastKey: '' });
    expect(provePage(page([]), { ...expected, startAfter: 'p/m' }).lastKey).toBe('p/m');
  });

  it.each([
    ['without NextMarker, as AWS answers', undefined],
    ['with one that is the last key', 'p/d'],
    ['with one beyond the last key, which would skip keys', 'p/x'],
    ['with one of its own making', 'p/d[minio_cache:v2,id:1]'],
  ])('given a truncated page of version 1 %s, the last key is the marker', (_label, nextMarker) => {
    const seen = page(['p/c', 'p/d'], { ...v1, truncated: true, nextMarker });
    const proven = provePage(seen, { ...expected, previous: stepV1 });
    expect(proven.next).toEqual({ lastKey: 'p/d', continuation: { version: 1, marker: 'p/d' }, emptyPages: 0 });
  });

  it('given an answer to no prefix that leaves the Prefix element out, it is taken', () => {
    expect(provePage(page(['a'], { prefix: undefined }), { ...expected, prefix: '' }).lastKey).toBe('a');
  });

  it('given empty elements for "no token" and "no marker" on the last page, they are taken as none', () => {
    expect(provePage(page(['p/a'], { nextToken: '' }), expected).next).toBeUndefined();
    expect(provePage(page(['p/a'], { ...v1, nextMarker: '' }), expected).next).toBeUndefined();
  });

  it('given keys whose UTF-16 order is another than that of their bytes, the bytes decide', () => {
    expect(provePage(page(['p/\uff5e', 'p/\u{1f600}']), expected).lastKey).toBe('p/\u{1f600}');
    expect(refusalOf(page(['p/\u{1f600}', 'p/\uff5e']))).toContain('order');
  });

  it('given as many keys as asked for, they are taken', () => {
    expect(provePage(page(['p/a', 'p/b', 'p/c']), expected).lastKey).toBe('p/c');
  });

  it('given the prefix itself as a key, it is inside', () => {
    expect(provePage(page(['p/']), expected).lastKey).toBe('p/');
  });
});

describe('a page with one thing wrong', () => {
  const keys = ['p/c', 'p/d'];
  const more = { truncated: true, nextToken: 'T2' } as const;
  const cases: [string, ListingPage, Partial<PageExpectation>, string][] = [
    ['nothing in the body', page([], { root: '', wellFormed: false }), {}, 'no XML document'],
    ['a web page', page([], { root: 'html' }), {}, '<html>'],
    ['the listing of all buckets', page([], { root: 'ListAllMyBucketsResult' }), {}, '<ListAllMyBucketsResult>'],
    ['a document that breaks off', page(keys, { wellFormed: false }), {}, 'broke off'],
    ['an unreadable element', page(keys, { unreadable: 'an object without a Key' }), {}, 'an object without a Key'],
    ['no bucket', page(keys, { bucket: undefined }), {}, 'names no bucket'],
    ['another bucket', page(keys, { bucket: 'other' }), {}, 'bucket "other", asked was "stock"'],
    ['no prefix though one was asked', page(keys, { prefix: undefined }), {}, 'no prefix, asked was "p/"'],
    ['another prefix', page(keys, { prefix: 'q/' }), {}, 'prefix "q/", asked was "p/"'],
    ['a prefix though none was asked', page(keys), { prefix: '' }, 'prefix "p/", asked was ""'],
    ['no KeyCount', page(keys, { keyCount: undefined }), {}, 'no KeyCount'],
    ['a KeyCount above its keys', page(keys, { keyCount: 3 }), {}, 'counts 3 keys and holds 2'],
    ['a KeyCount below its keys', page(keys, { keyCount: 1 }), {}, 'counts 1 keys and holds 2'],
    ['a KeyCount of version 1 that is wrong', page(keys, { version: 1, keyCount: 1 }), {}, 'counts 1 keys and holds 2'],
    ['more keys than asked for', page(['p/a', 'p/b', 'p/c', 'p/d']), {}, 'holds 4 keys, asked were 3'],
    ['no IsTruncated', page(keys, { truncated: undefined }), {}, 'IsTruncated'],
    ['no IsTruncated, and a token', page(keys, { truncated: undefined, nextToken: 'T2' }), {}, 'IsTruncated'],
    ['more to follow, and no token', page(keys, { truncated: true }), {}, 'gives no continuation token'],
    ['more to follow, and an empty token', page(keys, { truncated: true, nextToken: '' }), {}, 'gives no continuation'],
    [
      'more to follow, and only a marker',
      page(keys, { truncated: true, nextMarker: 'p/d' }),
      {},
      'gives no continuation',
    ],
    ['a token on the last page', page(keys, { nextToken: 'T2' }), {}, 'the last one and gives a continuation token'],
    ['a marker on the last page', page(keys, { ...v1, nextMarker: 'p/d' }), {}, 'the last one and gives a next marker'],
    ['the token it was asked with', page(keys, { truncated: true, nextToken: 'T1' }), { previous: step }, 'for ever'],
    ['two keys the wrong way round', page(['p/d', 'p/c']), {}, '"p/c" came after "p/d"'],
    ['a key twice', page(['p/c', 'p/c']), {}, '"p/c" came twice'],
    ['the last key of the page before', page(['p/b', 'p/c']), { previous: step }, '"p/b" came twice'],
    ['a key from before the page before', page(['p/a', 'p/c'], more), { previous: step }, '"p/a" came after "p/b"'],
    ['the key to start after', page(['p/c']), { startAfter: 'p/c' }, '"p/c" came twice'],
    ['a key before the one to start after', page(['p/a']), { startAfter: 'p/c' }, '"p/a" came after "p/c"'],
    ['a key beyond the prefix', page(['p/c', 'q']), {}, '"q" is outside the prefix "p/"'],
    ['a key before the prefix', page(['a', 'p/c']), {}, '"a" is outside the prefix "p/"'],
    ['an empty key', page(['', 'p/c']), {}, '"" came twice'],
    [
      'another version than the page before',
      page(keys, v1),
      { previous: step },
      'version 2 was continued in version 1',
    ],
    ['the other way', page(keys), { previous: stepV1 }, 'version 1 was continued in version 2'],
    [
      'no keys, and the token asked with',
      page([], { truncated: true, nextToken: 'T1' }),
      { previous: step },
      'for ever',
    ],
    [
      'no keys, more, and no marker',
      page([], { ...v1, truncated: true }),
      { previous: stepV1 },
      'gives no next marker',
    ],
    [
      'no keys, and the marker asked with',
      page([], { ...v1, truncated: true, nextMarker: 'p/b' }),
      { previous: stepV1 },
      'does not lie beyond',
    ],
    [
      'no keys, and a marker before the key to start after',
      page([], { ...v1, truncated: true, nextMarker: 'p/b' }),
      { startAfter: 'p/c' },
      'does not lie beyond',
    ],
  ];

  it.each(cases)('given %s, it is refused and says so', (_label, seen, change, words) => {
    expect(refusalOf(seen, { ...expected, ...change })).toContain(words);
  });

  it('given any of them, the message says what to do', () => {
    for (const [, seen, change] of cases) {
      expect(refusalOf(seen, { ...expected, ...change })).toMatch(/\. (Check|Nothing was deleted|If the server)/);
    }
  });

  it('given a name of any length from the server, the message stays short', () => {
    expect(refusalOf(page([], { bucket: 'x'.repeat(1e6) })).length).toBeLessThan(1000);
    expect(refusalOf(page([], { root: 'x'.repeat(1e6) })).length).toBeLessThan(1000);
  });
});

describe('pages without keys that promise more', () => {
  /** How many of them are taken in a row, each with something new to go on with. */
  function walk(version: 1 | 2, limit: number): number {
    let previous: ProvenStep | undefined;
    for (let count = 0; count < limit; count++) {
      const next = version === 2 ? { nextToken: `T${count}` } : { ...v1, nextMarker: `p/${count + 1e6}` };
      try {
        const proven = provePage(page([], { truncated: true, ...next }), {
          ...expected,
          ...(previous && { previous }),
        });
        previous = proven.next;
      } catch (error) {
        expect((error as Failure).message).toContain('1000 pages in a row');
        return count;
      }
    }
    return limit;
  }

  it.each([1, 2] as const)('given version %i, a thousand in a row are taken and no more', (version) => {
    expect(walk(version, 2000)).toBe(1000);
  });

  it('given a page with keys among them, the count begins anew', () => {
    const previous: ProvenStep = { ...step, emptyPages: 1000 };
    const proven = provePage(page(['p/c'], { truncated: true, nextToken: 'T2' }), { ...expected, previous });
    expect(proven.next?.emptyPages).toBe(0);
  });

  it('given one, the order still counts from the last key before it', () => {
    const empty = provePage(page([], { truncated: true, nextToken: 'T2' }), { ...expected, previous: step });
    expect(refusalOf(page(['p/a']), { ...expected, previous: empty.next! })).toContain('came after "p/b"');
  });
});

describe('the proof, for any listing', () => {
  const keySet = fc
    .uniqueArray(fc.string({ unit: 'grapheme', minLength: 1, maxLength: 6 }), { maxLength: 30 })
    .map((keys) => keys.map((key) => `p/${key}`).sort(compareKeys));

  /** What an honest server answers, page by page. */
  function* honest(keys: readonly string[], version: 1 | 2, maxKeys: number): Generator<ListingPage> {
    for (let at = 0; at === 0 || at < keys.length; at += maxKeys) {
      const truncated = at + maxKeys < keys.length;
      const next = truncated && version === 2 ? { nextToken: `T${at}` } : {};
      yield page(keys.slice(at, at + maxKeys), { ...(version === 1 ? v1 : {}), truncated, ...next });
    }
  }

  function proveAll(pages: Iterable<ListingPage>, maxKeys: number): string[] {
    let previous: ProvenStep | undefined;
    const found: string[] = [];
    for (const seen of pages) {
      const proven = provePage(seen, { ...expected, maxKeys, ...(previous && { previous }) });
      found.push(...proven.objects.map(({ key }) => key));
      previous = proven.next;
    }
    return previous === undefined ? found : [...found, 'and more'];
  }

  const version = fc.constantFrom(1 as const, 2 as const);
  const maxKeys = fc.integer({ min: 1, max: 8 });

  it('given what an honest server answers, all its keys are proven', () => {
    fc.assert(
      fc.property(keySet, version, maxKeys, (keys, asked, limit) => {
        expect(proveAll(honest(keys, asked, limit), limit)).toEqual(keys);
      }),
    );
  });

  it('given a page that is left out, cut short without saying so in KeyCount, doubled or shuffled, it is never taken as complete', () => {
    const damage = fc.constantFrom(
      'drop a key',
      'double a page',
      'reverse a page',
      'forget truncated',
      'lose the token',
    );
    fc.assert(
      fc.property(keySet, maxKeys, damage, fc.nat(), (keys, limit, kind, at) => {
        const pages = [...honest(keys, 2, limit)];
        const index = at % pages.length;
        const chosen = pages[index]!;
        const last = index === pages.length - 1;
        if (kind === 'drop a key') {
          fc.pre(chosen.objects.length > 0);
          pages[index] = { ...chosen, objects: chosen.objects.slice(1) };
        } else if (kind === 'double a page') {
          fc.pre(chosen.objects.length > 0 && !last);
          pages.splice(index, 0, { ...chosen, nextToken: 'another' });
        } else if (kind === 'reverse a page') {
          fc.pre(chosen.objects.length > 1);
          pages[index] = { ...chosen, objects: chosen.objects.toReversed() };
        } else if (kind === 'forget truncated') {
          const { truncated: _, ...without } = chosen;
          pages[index] = without;
        } else {
          fc.pre(!last);
          const { nextToken: _, ...without } = chosen;
          pages[index] = without;
        }
        expect(() => proveAll(pages, limit)).toThrow(Failure);
      }),
    );
  });

  it('given any page at all, what is proven is in order, inside the prefix and no more than asked for', () => {
    const anyKey = fc.oneof(
      fc.constantFrom('p/', 'p/a', 'p/b', 'q', '', 'p'),
      fc.string().map((text) => `p/${text}`),
    );
    const anyPage = fc.record(
      {
        version,
        root: fc.constantFrom('ListBucketResult', 'Error', ''),
        wellFormed: fc.boolean(),
        bucket: fc.constantFrom('stock', 'other'),
        prefix: fc.constantFrom('p/', ''),
        keyCount: fc.nat(4),
        truncated: fc.boolean(),
        nextToken: fc.constantFrom('', 'T1', 'T2'),
        nextMarker: fc.constantFrom('', 'p/b', 'p/z'),
        objects: fc.array(anyKey, { maxLength: 5 }).map((keys) => keys.map(object)),
      },
      { requiredKeys: ['version', 'root', 'wellFormed', 'objects'] },
    );
    fc.assert(
      fc.property(anyPage, (seen) => {
        let proven: ReturnType<typeof provePage>;
        try {
          proven = provePage(seen as ListingPage, { ...expected, startAfter: 'p/a' });
        } catch (error) {
          expect(error).toBeInstanceOf(Failure);
          return;
        }
        const keys = proven.objects.map(({ key }) => key);
        expect(keys).toEqual(keys.toSorted(compareKeys));
        expect(keys.every((key) => key.startsWith('p/') && compareKeys(key, 'p/a') > 0)).toBe(true);
        expect(keys.length).toBeLessThanOrEqual(3);
        expect(seen.truncated).toBe(proven.next !== undefined);
      }),
      { numRuns: 2000 },
    );
  });
});

describe('a version 1 page without keys', () => {
  it('given a first page, is gone on from its marker, wherever in the key space that lies', () => {
    const first = { ...expected, prefix: '' };
    const seen = page([], { ...v1, prefix: '', truncated: true, nextMarker: 'A' });
    expect(provePage(seen, first).next).toEqual({
      lastKey: '',
      continuation: { version: 1, marker: 'A' },
      emptyPages: 1,
    });
  });
});

describe('what a refusal advises', () => {
  it('given a listing with something unreadable in it, to report the server; given another document, to check the endpoint', () => {
    expect(refusalOf(page([], { unreadable: 'a size of -5' }))).toMatch(/size of -5\. Nothing was deleted\. Report it/);
    expect(refusalOf(page([], { unreadable: 'a size of -5', root: 'Listing' }))).toMatch(/Check that the endpoint/);
  });

  it('given a long name, its beginning and that it goes on', () => {
    expect(refusalOf(page([], { bucket: 'x'.repeat(200) }))).toContain(`"${'x'.repeat(200)}"`);
    expect(refusalOf(page([], { bucket: 'x'.repeat(201) }))).toContain(`"${'x'.repeat(200)}…"`);
  });
});
