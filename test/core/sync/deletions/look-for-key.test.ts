import { describe, expect, it } from 'vitest';
import type { Bucket, FirstByte, HeadResult } from '#core/model/ports/bucket.ts';
import type { ListingPage, ListRequest } from '#core/model/ports/listing.ts';
import { lookForKey, sightIn } from '#core/sync/deletions/look-for-key.ts';
import type { SettlingContext } from '#core/sync/deletions/settling-context.ts';

const lastModified = Date.parse('2026-02-01T00:00:00.000Z');
const written = { size: 1, etag: 'e', lastModified: '2026-02-01T00:00:00.000Z', storageClass: 'STANDARD' };
const there = { status: 'found', lastModified };

type Answers = {
  readonly head?: HeadResult;
  readonly byte?: FirstByte;
  /** One after the other. */
  readonly pages?: readonly Partial<ListingPage>[];
  readonly tolerances?: readonly string[];
};

function bucketOf({
  head = { status: 'forbidden' },
  byte = { status: 'refused' },
  pages = [],
  tolerances = [],
}: Answers) {
  const asked: ListRequest[] = [];
  const bytes: string[] = [];
  const bucket: Pick<Bucket, 'head' | 'list' | 'firstByte'> = {
    head: async () => head,
    async firstByte(key) {
      bytes.push(key);
      return byte;
    },
    async list(request) {
      const answer = pages[asked.push(request) - 1] ?? {};
      const about = { root: 'ListBucketResult', wellFormed: true, bucket: 'stock', prefix: request.prefix };
      const objects = answer.objects ?? [];
      return { version: 2, ...about, keyCount: objects.length, truncated: false, ...answer, objects };
    },
  };
  const context = { bucket, config: { bucket: 'stock' }, tally: { tolerances } } as unknown as SettlingContext;
  return { asked, bytes, look: () => lookForKey(context, 'kept') };
}

const empty = { truncated: true, nextToken: 'more' };
const page = (...keys: string[]): Partial<ListingPage> => ({ objects: keys.map((key) => ({ key, ...written })) });

describe('a HEAD', () => {
  it('that tells is enough', async () => {
    const head = { status: 'found', size: 1, etag: 'e', lastModified } as const;
    const { look, asked, bytes } = bucketOf({ head });
    expect(await look()).toEqual({ ...there, head });
    expect(await bucketOf({ head: { status: 'missing' } }).look()).toEqual({ status: 'missing' });
    expect([asked, bytes]).toEqual([[], []]);
  });

  it('that is forbidden leaves it to the listing: a GET takes the same permission', async () => {
    const { look, bytes, asked } = bucketOf({ byte: { status: 'found', etag: 'e', lastModified } });
    expect(await look()).toEqual({ status: 'missing' });
    expect([bytes, asked]).toEqual([[], [expect.objectContaining({ prefix: 'kept', maxKeys: 1 })]]);
  });
});

describe('where HEAD cannot be used', () => {
  const head = { status: 'unusable' } as const;

  it.each<[string, FirstByte, unknown]>([
    ['comes with its time', { status: 'found', etag: '', lastModified }, there],
    ['comes without a time', { status: 'found', etag: 'e' }, { status: 'unclear' }],
    ['is there and cannot be read', { status: 'unreadable' }, { status: 'unclear' }],
    ['is answered in a way that says nothing', { status: 'unclear' }, { status: 'unclear' }],
  ])('a byte that %s speaks for the object, whatever the listing lacks', async (_what, byte, sight) => {
    const { look, asked } = bucketOf({ head, byte });
    expect(await look()).toEqual(sight);
    expect(asked).toEqual([]);
  });

  it.each<FirstByte>([{ status: 'missing' }, { status: 'refused' }])(
    'the listing decides where the byte is $status',
    async (byte) => {
      expect(await bucketOf({ head, byte }).look()).toEqual({ status: 'missing' });
      expect(await bucketOf({ head, byte, pages: [page('kept')] }).look()).toEqual(there);
    },
  );
});

describe('a listing that decides about a key', () => {
  it('does not say that it is missing by a page that is empty and promises more', async () => {
    const { look, asked } = bucketOf({ pages: [empty, page('kept')] });
    expect(await look()).toEqual(there);
    expect(asked.map(({ continuation }) => continuation)).toEqual([undefined, { version: 2, token: 'more' }]);
  });

  it('says so when its pages come to their end without it, or to another key', async () => {
    expect(await bucketOf({ pages: [empty, {}] }).look()).toEqual({ status: 'missing' });
    expect(await bucketOf({ pages: [empty, page('kept-too')] }).look()).toEqual({ status: 'missing' });
  });

  it('tells by its first page, though others begin with the key', async () => {
    const { look, asked } = bucketOf({ pages: [{ ...page('kept'), ...empty }, page('kept-too')] });
    expect([await look(), asked.length]).toEqual([there, 1]);
  });

  it('must be proved as any other, and does not go on for ever without a key', async () => {
    const refused = { code: 'listing_not_proved' };
    await expect(bucketOf({ pages: [{ bucket: 'another' }] }).look()).rejects.toMatchObject(refused);
    const endless = Array.from({ length: 2000 }, (_, index) => ({ truncated: true, nextToken: `token-${index}` }));
    await expect(bucketOf({ pages: endless }).look()).rejects.toMatchObject(refused);
  });
});

describe('a listing without an order', () => {
  const tolerances = ['unordered'];

  it('is read to its end: the key may come behind others that begin with it', async () => {
    const first = { ...page('kept-a', 'kept-b'), ...empty };
    const { look, asked } = bucketOf({ tolerances, pages: [first, page('kept-c', 'kept-d')] });
    expect(await look()).toEqual({ status: 'missing' });
    expect(asked.map(({ maxKeys }) => maxKeys)).toEqual([1000, 1000]);
    expect(await bucketOf({ tolerances, pages: [page('kept', 'kept-a')] }).look()).toEqual(there);
  });

  it('does not tell once it is ten pages long', async () => {
    const long = (count: number) =>
      Array.from({ length: count }, (_, index) => ({
        ...page(`kept-${index}`),
        ...(index < count - 1 ? { truncated: true, nextToken: `token-${index}` } : {}),
      }));
    expect(await bucketOf({ tolerances, pages: long(9) }).look()).toEqual({ status: 'missing' });
    const { look, asked } = bucketOf({ tolerances, pages: long(11) });
    expect([await look(), asked.length]).toEqual([{ status: 'unclear' }, 10]);
  });
});

describe('a row that cannot be read', () => {
  const proven = { odd: [{ reason: 'a Key that is not UTF-8' }], tolerances: [], lastKey: '' };

  it('may be the key, whatever else is on the page', () => {
    expect(sightIn({ ...proven, objects: [] }, 'kept', false)).toEqual({ status: 'unclear' });
    const other = [{ key: 'kept-too', ...written }];
    expect(sightIn({ ...proven, objects: other }, 'kept', false)).toEqual({ status: 'unclear' });
    expect(sightIn({ ...proven, objects: [{ key: 'kept', ...written }] }, 'kept', false)).toEqual({
      status: 'unclear',
    });
    expect(sightIn({ ...proven, odd: [], objects: other }, 'kept', false)).toEqual({ status: 'missing' });
  });
});
