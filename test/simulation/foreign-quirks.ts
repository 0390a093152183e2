import { Failure } from '#core/model/errors.ts';
import type { Bucket, Buckets, HeadResult } from '#core/model/ports/bucket.ts';
import type { ListedObject, ListingPage, ListRequest } from '#core/model/ports/listing.ts';
import { WayChange } from '#core/sync/worker/way-change.ts';
import type { BucketModel } from './bucket-model.ts';
import { createKeyStartFault } from './key-start-fault.ts';
import { createOrderFault, orders } from './order-fault.ts';
import type { RandomSource } from './random-source.ts';

/** What servers that are not AWS's do, each with a completeness of its own: followed to its end, it has every object. */
export const foreignQuirks = [
  'key-start-fault',
  'folder-order',
  'time-order',
  'hidden-order',
  'order-with-repeats',
  'start-after-ignored',
  'start-after-refused',
  'no-key-count',
  'no-is-truncated',
  'hidden-behind-last-page',
  'short-pages',
  'odd-rows',
  'odd-rows-without-key',
  'head-unusable',
  'head-forbidden',
  'folder-heads',
  'way-changes',
] as const;
export type ForeignQuirk = (typeof foreignQuirks)[number];

export type QuirkyPlace = { readonly bucket: BucketModel; readonly random: RandomSource; now(): number };

/** Puts a server with a quirk before an honest one. `restart` forgets what it knows of listings under way. */
export function createQuirkyServer(
  quirk: ForeignQuirk,
  honest: Buckets,
  place: QuirkyPlace,
): { readonly buckets: Buckets; restart(): void } {
  if (quirk === 'key-start-fault') {
    const faulty = createKeyStartFault(honest, place.bucket, place.now);
    return { buckets: faulty, restart: () => faulty.restart() };
  }
  return { buckets: served(quirk, honest, place), restart() {} };
}

function served(quirk: Exclude<ForeignQuirk, 'key-start-fault'>, honest: Buckets, place: QuirkyPlace): Buckets {
  const { bucket, random } = place;
  const order = orders[quirk.replace('-order', '')];
  if (order !== undefined) return createOrderFault(honest, bucket, order);
  if (quirk === 'order-with-repeats') {
    const twice = (rows: readonly ListedObject[]) => [...rows, ...rows.filter(() => random.chance(0.3))];
    return createOrderFault(honest, bucket, orders.folder as NonNullable<typeof order>, twice);
  }
  return {
    open(target) {
      const inner = honest.open(target);
      return { ...inner, ...altered(quirk, inner, place) };
    },
  };
}

/** The keys whose rows cannot be read: always the same, one in seven. */
export function isOddKey(key: string): boolean {
  return [...key].reduce((sum, character) => sum + (character.codePointAt(0) ?? 0), 0) % 7 === 0;
}

function altered(quirk: ForeignQuirk, inner: Bucket, place: QuirkyPlace): Partial<Bucket> {
  const list = async (request: ListRequest): Promise<ListingPage> => {
    if (quirk === 'way-changes' && place.random.chance(0.03)) {
      throw new WayChange(place.random.pick(['sequence', 'spool']), 'chance says so', place.random.chance(0.2));
    }
    const refused = request.startAfter !== undefined && request.continuation === undefined;
    if (quirk === 'start-after-refused' && refused) throw new Failure('source_error', 'InvalidArgument: start-after');
    const asked = quirk === 'start-after-ignored' ? { ...request, startAfter: undefined } : request;
    const most = quirk === 'short-pages' ? Math.max(1, Math.ceil(request.maxKeys / 2)) : request.maxKeys;
    return pageOf(quirk, await inner.list({ ...asked, maxKeys: most }));
  };
  const head = heads[quirk];
  return { list, ...(head === undefined ? {} : { head: (key) => head(key, inner, place) }), ...bytesOf(inner) };
}

function pageOf(quirk: ForeignQuirk, page: ListingPage): ListingPage {
  const { keyCount: _count, ...uncounted } = page;
  switch (quirk) {
    case 'no-key-count':
      return uncounted;
    case 'no-is-truncated': {
      const { truncated: _truncated, ...silent } = page;
      return silent;
    }
    case 'hidden-behind-last-page':
      return page.truncated ? { ...page, truncated: false } : page;
    case 'odd-rows':
    case 'odd-rows-without-key': {
      const rows = page.objects.filter(({ key }) => isOddKey(key));
      const reason = 'a row that cannot be read';
      const odd = rows.map(({ key }) => (quirk === 'odd-rows' ? { key, reason } : { reason }));
      return { ...page, objects: page.objects.filter(({ key }) => !isOddKey(key)), odd };
    }
    default:
      return page;
  }
}

type Head = (key: string, inner: Bucket, place: QuirkyPlace) => Promise<HeadResult>;

const heads: Partial<Record<ForeignQuirk, Head>> = {
  'head-unusable': async () => ({ status: 'unusable' }),
  'head-forbidden': async () => ({ status: 'forbidden' }),
  /** A folder answers for the key of its name. */
  async 'folder-heads'(key, inner, { bucket }) {
    const isFolder = bucket.objects().some((object) => object.key.startsWith(key.endsWith('/') ? key : `${key}/`));
    const head = await inner.head(key);
    if (head.status === 'found' || !isFolder) return head;
    return { status: 'found', lastModified: Date.parse('2024-01-01T00:00:00Z'), size: 0, etag: '' };
  },
};

/** A GET of one byte is honest everywhere. */
function bytesOf(inner: Bucket): Pick<Bucket, 'firstByte'> {
  return {
    async firstByte(key) {
      const head = await inner.head(key);
      if (head.status !== 'found') return { status: 'missing' };
      return { status: 'found', etag: head.etag, lastModified: head.lastModified };
    },
  };
}
