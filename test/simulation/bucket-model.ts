import { Failure } from '#core/model/errors.ts';
import type { Bucket, Buckets, BucketTarget, FirstByte, HeadResult } from '#core/model/ports/bucket.ts';
import type { ListedObject, ListingPage, ListRequest } from '#core/model/ports/listing.ts';
import { rankOf } from '#local/demo/s3-server/byte-order.ts';
import { unasked } from '#support/unasked.ts';

/** What an object is put with; what is absent is made up, differently at each put. */
export type ModelContent = Partial<Omit<ListedObject, 'key'>>;

/** A bucket in memory that lists as S3 does. Its clock is whatever it was given. */
export type BucketModel = {
  readonly name: string;
  /** Puts an object, in the place of the one there was. `lastModified` is the bucket's clock unless given. */
  put(key: string, content?: ModelContent): ListedObject;
  /** Returns whether the key was there. */
  delete(key: string): boolean;
  get(key: string): ListedObject | undefined;
  readonly size: number;
  /** All objects, by UTF-8 bytes of their keys. */
  objects(): readonly ListedObject[];
  /** One page, as ListObjectsV2 (or ListObjects for `version` 1) would answer. Throws Failure for a made-up token. */
  list(request: ListRequest, version: 1 | 2): ListingPage;
  head(key: string): HeadResult;
  firstByte(key: string): FirstByte;
};

/** `placed` once it stands in the order. */
type Entry = { readonly rank: string; object: ListedObject; placed: boolean; deleted: boolean };

/** The most keys of one page, whatever is asked for: the limit of S3's listing. */
const largestPage = 1000;

/** So many new or deleted keys are put in their place one by one; more are sorted in together. */
const fewEdits = 16;

/** An empty bucket. `now` is the server's clock, epoch milliseconds. */
export function createBucketModel(name: string, now: () => number): BucketModel {
  const entries = createSortedEntries();
  let puts = 0;
  return {
    name,
    put(key, content = {}) {
      puts += 1;
      const made = { size: puts, etag: `etag-${puts}`, storageClass: 'STANDARD', lastModified: timeText(now()) };
      const object = Object.freeze({ key, ...made, ...content });
      entries.put(object);
      return object;
    },
    delete: (key) => entries.delete(key),
    get: (key) => entries.get(key),
    get size() {
      return entries.size();
    },
    objects: () => entries.sorted().map((entry) => entry.object),
    list: (request, version) => listPage({ name, now, entries: entries.sorted() }, request, version),
    head(key) {
      const object = entries.get(key);
      if (object === undefined) return { status: 'missing' };
      const { size, etag } = object;
      return { status: 'found', lastModified: wholeSeconds(Date.parse(object.lastModified)), size, etag };
    },
    firstByte(key) {
      const object = entries.get(key);
      if (object === undefined) return { status: 'missing' };
      if (object.size === 0) return { status: 'unreadable' };
      return { status: 'found', etag: object.etag, lastModified: wholeSeconds(Date.parse(object.lastModified)) };
    },
  };
}

/** The buckets of one S3 server; the list may grow. Opening one that is not there succeeds; asking it anything says so,
 *  as S3 does. */
export function createModelBuckets(models: readonly BucketModel[]): Buckets {
  return {
    open(target) {
      const model = (): BucketModel => {
        const found = models.find((one) => one.name === target.bucket);
        if (found === undefined) throw new Failure('bucket_not_found', `There is no bucket ${target.bucket}.`);
        return found;
      };
      return openModel(model, target);
    },
  };
}

function openModel(model: () => BucketModel, target: BucketTarget): Bucket {
  return {
    list: async (request) => model().list(request, target.listVersion === 1 ? 1 : 2),
    head: async (key) => model().head(key),
    ...unasked,
    firstByte: async (key) => model().firstByte(key),
    presign: async (key) => `https://${target.endpoint}/${target.bucket}/${encodeURIComponent(key)}`,
    close() {},
  };
}

type Listing = { readonly name: string; readonly now: () => number; readonly entries: readonly Entry[] };

function listPage({ name, now, entries }: Listing, request: ListRequest, asked: 1 | 2): ListingPage {
  const { prefix, continuation } = request;
  const version = continuation?.version ?? asked;
  const after = rankOf(continuation === undefined ? (request.startAfter ?? '') : positionOf(continuation));
  const prefixRank = rankOf(prefix);
  const first =
    after >= prefixRank && after !== ''
      ? firstWhere(entries, (rank) => rank > after)
      : firstWhere(entries, (rank) => rank >= prefixRank);
  const end =
    prefix === '' ? entries.length : firstWhere(entries, (rank) => rank > prefixRank && !rank.startsWith(prefixRank));
  const most = Math.min(request.maxKeys, largestPage);
  const { objects, commonPrefixes, last } = rolledUp(entries, { first, end, most }, request);
  const truncated = last < end;
  return {
    ...{ version, root: 'ListBucketResult', wellFormed: true, bucket: name, prefix, truncated, objects },
    serverTime: wholeSeconds(now()),
    ...(commonPrefixes.length === 0 ? {} : { commonPrefixes }),
    ...(version === 2 ? { keyCount: objects.length + commonPrefixes.length } : {}),
    // Version 1 names a next marker only where a delimiter was asked for.
    ...(version === 2 && truncated ? { nextToken: tokenAfter((entries[last - 1] as Entry).object.key) } : {}),
  };
}

/** The objects of a page, keys beneath the next delimiter rolled up into one; `last` is the place behind all of them. */
function rolledUp(
  entries: readonly Entry[],
  { first, end, most }: { readonly first: number; readonly end: number; readonly most: number },
  { prefix, delimiter }: ListRequest,
): { readonly objects: ListedObject[]; readonly commonPrefixes: string[]; readonly last: number } {
  const objects: ListedObject[] = [];
  const commonPrefixes: string[] = [];
  let place = first;
  while (place < end && objects.length + commonPrefixes.length < most) {
    const { object } = entries[place] as Entry;
    const cut = delimiter === undefined ? -1 : object.key.indexOf(delimiter, prefix.length);
    place += 1;
    if (cut < 0) {
      objects.push(object);
      continue;
    }
    const folder = object.key.slice(0, cut + 1);
    commonPrefixes.push(folder);
    while (place < end && (entries[place] as Entry).object.key.startsWith(folder)) place += 1;
  }
  return { objects, commonPrefixes, last: place };
}

const tokenMark = 'model:';

/** The token that leads to what comes after a key; after '' comes the first one. */
export function tokenAfter(key: string): string {
  return Buffer.from(`${tokenMark}${key}`).toString('base64');
}

/** The key after which a continuation goes on. Throws Failure for a made-up token. */
export function positionOf(continuation: NonNullable<ListRequest['continuation']>): string {
  if (continuation.version === 1) return continuation.marker;
  const text = Buffer.from(continuation.token, 'base64').toString();
  if (!text.startsWith(tokenMark)) {
    throw new Failure('source_error', 'The continuation token provided is incorrect (InvalidArgument).');
  }
  return text.slice(tokenMark.length);
}

/** The first place whose rank satisfies a condition that holds for all ranks after it too. */
function firstWhere(entries: readonly Entry[], holds: (rank: string) => boolean): number {
  let low = 0;
  let high = entries.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (holds((entries[middle] as Entry).rank)) high = middle;
    else low = middle + 1;
  }
  return low;
}

type SortedEntries = {
  put(object: ListedObject): void;
  delete(key: string): boolean;
  get(key: string): ListedObject | undefined;
  size(): number;
  sorted(): readonly Entry[];
};

/** Sorted only when asked for, so that filling a bucket with a million keys takes one sort. */
function createSortedEntries(): SortedEntries {
  const byKey = new Map<string, Entry>();
  let order: Entry[] = [];
  let added: Entry[] = [];
  let removed: Entry[] = [];

  const takeOut = (): void => {
    if (removed.length > fewEdits) order = order.filter((entry) => !entry.deleted);
    else {
      for (const { rank } of removed)
        order.splice(
          firstWhere(order, (other) => other >= rank),
          1,
        );
    }
    removed = [];
  };
  const putIn = (): void => {
    added = added.filter((entry) => !entry.deleted);
    for (const entry of added) entry.placed = true;
    if (added.length > fewEdits) order = [...order, ...added].sort((one, other) => (one.rank < other.rank ? -1 : 1));
    else {
      for (const entry of added)
        order.splice(
          firstWhere(order, (rank) => rank > entry.rank),
          0,
          entry,
        );
    }
    added = [];
  };

  return {
    put(object) {
      const entry = byKey.get(object.key);
      if (entry !== undefined) {
        entry.object = object;
        return;
      }
      const made = { rank: rankOf(object.key), object, placed: false, deleted: false };
      byKey.set(object.key, made);
      added.push(made);
    },
    delete(key) {
      const entry = byKey.get(key);
      if (entry === undefined) return false;
      byKey.delete(key);
      entry.deleted = true;
      if (entry.placed) removed.push(entry);
      return true;
    },
    get: (key) => byKey.get(key)?.object,
    size: () => byKey.size,
    sorted() {
      if (removed.length > 0) takeOut();
      if (added.length > 0) putIn();
      return order;
    },
  };
}

/** What S3's Date and Last-Modified headers tell. */
function wholeSeconds(time: number): number {
  return Math.floor(time / 1000) * 1000;
}

function timeText(time: number): string {
  return new Date(time).toISOString();
}
