import type { Bucket } from '#core/model/ports/bucket.ts';
import type { ListedObject, ListingPage, ListRequest } from '#core/model/ports/listing.ts';
import { askPage, type PageExpectation, type ProvenStep } from '#core/source/page-proof.ts';
import { unasked } from '#support/unasked.ts';

/** A page with elements that may be left out by giving them as undefined. */
export type Twist = { [name in keyof ListingPage]?: ListingPage[name] | undefined };

/** How a server answers otherwise than S3. `number` counts its answers from 1. */
export type Twister = (page: ListingPage, asked: { readonly request: ListRequest; readonly number: number }) => Twist;

export type ForeignBucket = Bucket & { readonly requests: readonly ListRequest[] };

export function objectAt(key: string): ListedObject {
  return { key, size: key.length, etag: 'e', lastModified: '2026-01-02T03:04:05.000Z', storageClass: 'STANDARD' };
}

/**
 * A bucket whose keys are listed in the order in which they are given, by tokens in version 2 and by keys in version 1,
 * as its server twists the answers.
 */
export function foreignBucket(keys: readonly string[], twist: Twister = () => ({}), version: 1 | 2 = 2): ForeignBucket {
  const requests: ListRequest[] = [];
  const list = async (request: ListRequest): Promise<ListingPage> => {
    requests.push(request);
    const page = honestPage(keys, request, request.continuation?.version ?? version);
    const twisted = { ...page, ...twist(page, { request, number: requests.length }) };
    return Object.fromEntries(Object.entries(twisted).filter(([, value]) => value !== undefined)) as never;
  };
  return {
    list,
    requests,
    head: async () => ({ status: 'missing' }),
    ...unasked,
    presign: async () => '',
    close() {},
  };
}

function honestPage(keys: readonly string[], request: ListRequest, version: 1 | 2): ListingPage {
  const { prefix, maxKeys, continuation, startAfter } = request;
  const inside = keys.filter((key) => key.startsWith(prefix));
  const from =
    continuation?.version === 2
      ? Number(continuation.token.slice(1))
      : placeAfter(inside, continuation?.marker ?? startAfter);
  const objects = inside.slice(from, from + maxKeys).map(objectAt);
  const truncated = from + maxKeys < inside.length;
  const about = { root: 'ListBucketResult', wellFormed: true, bucket: 'stock', prefix, truncated, objects };
  if (version === 1) return { version, ...about };
  const token = truncated ? { nextToken: `T${from + maxKeys}` } : {};
  return { version, ...about, keyCount: objects.length, ...token };
}

/** Keys are ASCII here, so that JavaScript's order is that of their bytes. */
function placeAfter(keys: readonly string[], after: string | undefined): number {
  if (!after) return 0;
  return placeBeyond(keys, after.replace(/\[minio_cache:[^\]]*\]$/, ''));
}

function placeBeyond(keys: readonly string[], after: string): number {
  const place = keys.findIndex((key) => key > after);
  return place === -1 ? keys.length : place;
}

/** What came of a listing that was followed to its end. */
export type Listed = {
  readonly keys: readonly string[];
  readonly odd: readonly string[];
  readonly tolerances: readonly string[];
  readonly pages: number;
};

/** Follows a listing to its end. Throws what askPage throws; more than a thousand pages are a defect of the test. */
export async function listAll(bucket: Bucket, expected: Partial<PageExpectation> = {}): Promise<Listed> {
  const keys: string[] = [];
  const odd: string[] = [];
  const tolerances = new Set<string>();
  let previous: ProvenStep | undefined;
  let pages = 0;
  do {
    const page = await askPage(bucket, {
      bucket: 'stock',
      prefix: '',
      maxKeys: 5,
      ...expected,
      ...(previous && { previous }),
    });
    keys.push(...page.objects.map(({ key }) => key));
    odd.push(...page.odd.map(({ key, reason }) => key ?? reason));
    for (const name of page.tolerances) tolerances.add(name);
    previous = page.next;
    pages += 1;
    if (pages > 1000) throw new Error('the listing does not end');
  } while (previous !== undefined);
  return { keys, odd, tolerances: [...tolerances].sort(), pages };
}
