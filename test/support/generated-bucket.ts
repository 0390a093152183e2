import type { Bucket, HeadResult } from '#core/model/ports/bucket.ts';
import type { ListedObject, ListingPage, ListRequest } from '#core/model/ports/listing.ts';
import { unasked } from './unasked.ts';

/**
 * How the keys of a generated bucket look. `numbered`: one folder, counted through. `dated`: a folder for each hour, in
 * it names that begin with random-looking hex digits, as log deliveries have them.
 */
export type KeyStyle = 'numbered' | 'dated';

export type GeneratedBucket = {
  readonly name: string;
  /** Objects there are now. */
  readonly size: number;
  /** Requests answered since the last reset. */
  readonly requests: { lists: number; heads: number };
  /** Changes the content of the object with this number. */
  modify(index: number): void;
  delete(index: number): void;
  /** Adds an object right behind the one with this number. */
  addBehind(index: number): void;
  /** All objects in the order of their keys, made while they are asked for. */
  objects(): Iterable<ListedObject>;
  open(): Bucket;
};

/** `scrambled`: in no order of the keys, by tokens that tell how far the listing is. */
export type ListingOrder = 'keys' | 'scrambled';

/** Asked before each answer: takes the time that a request would. */
export type BeforeAnswer = (request: 'list' | 'head') => Promise<void>;

const largestPage = 1000;

/** Objects to an hour's folder in the `dated` style. */
const hourly = 500;

const firstHour = Date.parse('2022-01-01T00:00:00Z');

/** What is added behind an object has its key with this behind it; no generated key begins with another. */
const addedSuffix = '.added';

/**
 * A bucket of `count` objects that are made up from their number whenever they are asked for, so that a million of them
 * take no memory. Only changes are remembered.
 */
export function createGeneratedBucket(
  name: string,
  count: number,
  style: KeyStyle,
  beforeAnswer: BeforeAnswer = async () => {},
  order: ListingOrder = 'keys',
): GeneratedBucket {
  const edits: Edits = { modified: new Set(), deleted: new Set(), added: new Set() };
  const content: Content = { count, keyOf: keysOf[style], edits };
  const requests = { lists: 0, heads: 0 };
  const bucket: Bucket = {
    async list(request) {
      await beforeAnswer('list');
      requests.lists += 1;
      return order === 'keys' ? listPage(name, content, request) : scrambledPage(name, content, request);
    },
    async head(key) {
      await beforeAnswer('head');
      requests.heads += 1;
      return headOf(content, key);
    },
    ...unasked,
    presign: async (key) => `https://${name}.example.com/${encodeURIComponent(key)}`,
    close() {},
  };
  return {
    name,
    get size() {
      return count - edits.deleted.size + edits.added.size;
    },
    requests,
    modify: (index) => void edits.modified.add(index),
    delete: (index) => void edits.deleted.add(index),
    addBehind: (index) => void edits.added.add(index),
    objects: () => objectsFrom(content, { index: 0, half: 0 }),
    open: () => bucket,
  };
}

type Edits = { readonly modified: Set<number>; readonly deleted: Set<number>; readonly added: Set<number> };
type Content = { readonly count: number; readonly keyOf: (index: number) => string; readonly edits: Edits };

const keysOf: Record<KeyStyle, (index: number) => string> = {
  numbered: (index) => `archive/object-${String(index).padStart(10, '0')}.bin`,
  dated(index) {
    const place = Math.floor((index % hourly) * (2 ** 32 / hourly));
    const start = place.toString(16).padStart(8, '0');
    return `events/${hourFolder(Math.floor(index / hourly))}/${start}-${randomLooking(index)}.json.gz`;
  },
};

const hourFolders = { hour: -1, name: '' };

/** The last one is remembered: neighbours are asked for one after the other. */
function hourFolder(hour: number): string {
  if (hourFolders.hour !== hour) {
    const text = new Date(firstHour + hour * 3_600_000).toISOString();
    hourFolders.hour = hour;
    hourFolders.name = `${text.slice(0, 10).replaceAll('-', '/')}/${text.slice(11, 13)}`;
  }
  return hourFolders.name;
}

function randomLooking(index: number): string {
  const digits = hexDigits(index, 0);
  return `${digits.slice(0, 4)}-${digits.slice(4, 8)}-${digits.slice(8, 12)}-${digits.slice(12, 24)}`;
}

/** 32 digits that look random: whoever makes up a million objects cannot take long over one. */
function hexDigits(index: number, salt: number): string {
  let digits = '';
  let state = Math.imul(index + 1, 0x9e3779b1) ^ Math.imul(salt + 1, 0x85ebca6b);
  for (let word = 0; word < 4; word += 1) {
    state = Math.imul(state ^ (state >>> 15), 0x2c1b3c6d + word * 2);
    state = Math.imul(state ^ (state >>> 12), 0x297a2d39);
    state ^= state >>> 15;
    digits += (state >>> 0).toString(16).padStart(8, '0');
  }
  return digits;
}

/** Half 0 is the object with the number, half 1 what was added behind it. */
type Place = { index: number; half: 0 | 1 };

/** Keys are ASCII, so that the order of JavaScript's strings is that of their bytes. */
function placeAfter({ count, keyOf }: Content, key: string): Place {
  let low = 0;
  let high = count;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (keyOf(middle) > key) high = middle;
    else low = middle + 1;
  }
  if (low > 0 && keyOf(low - 1) + addedSuffix > key) return { index: low - 1, half: 1 };
  return { index: low, half: 0 };
}

function* objectsFrom(content: Content, { index: first, half }: Place): Iterable<ListedObject> {
  const { deleted, added } = content.edits;
  for (let index = first; index < content.count; index += 1) {
    if (!deleted.has(index) && (index > first || half === 0)) yield objectAt(content, index, 0);
    if (added.has(index)) yield objectAt(content, index, 1);
  }
}

function objectAt({ keyOf, edits }: Content, index: number, half: 0 | 1): ListedObject {
  const changed = half === 1 || edits.modified.has(index);
  const digits = hexDigits(index, 1 + half + (changed ? 2 : 0));
  return {
    key: half === 0 ? keyOf(index) : keyOf(index) + addedSuffix,
    size: Number.parseInt(digits.slice(0, 5), 16) + (changed ? 1 : 0),
    etag: digits,
    lastModified: new Date(firstHour + index * 1000 + (changed ? 500 : 0)).toISOString(),
    storageClass: index % 7 === 0 ? 'STANDARD_IA' : 'STANDARD',
  };
}

function listPage(name: string, content: Content, request: ListRequest): ListingPage {
  const { prefix, continuation } = request;
  if (prefix !== '') throw new Error('a generated bucket is listed whole');
  const after = continuation === undefined ? request.startAfter : afterOf(continuation);
  const place = after === undefined ? ({ index: 0, half: 0 } as const) : placeAfter(content, after);
  const most = Math.min(request.maxKeys, largestPage);
  const objects: ListedObject[] = [];
  let truncated = false;
  for (const object of objectsFrom(content, place)) {
    truncated = objects.length === most;
    if (truncated) break;
    objects.push(object);
  }
  const nextToken = truncated ? { nextToken: objects.at(-1)?.key } : {};
  const shape = { version: 2, root: 'ListBucketResult', wellFormed: true } as const;
  return { ...shape, bucket: name, prefix, keyCount: objects.length, truncated, ...nextToken, objects };
}

/** A prime that divides no count here: each object comes once. */
const stride = 7919;

function scrambledPage(name: string, content: Content, { maxKeys, continuation }: ListRequest): ListingPage {
  const first = continuation?.version === 2 ? Number(continuation.token) : 0;
  const objects: ListedObject[] = [];
  let place = first;
  for (; place < content.count && objects.length < Math.min(maxKeys, largestPage) - 1; place += 1) {
    const index = (place * stride) % content.count;
    if (!content.edits.deleted.has(index)) objects.push(objectAt(content, index, 0));
    if (content.edits.added.has(index)) objects.push(objectAt(content, index, 1));
  }
  const truncated = place < content.count;
  const shape = { version: 2, root: 'ListBucketResult', wellFormed: true, bucket: name, prefix: '' } as const;
  return { ...shape, keyCount: objects.length, truncated, ...(truncated ? { nextToken: String(place) } : {}), objects };
}

function afterOf(continuation: NonNullable<ListRequest['continuation']>): string {
  return continuation.version === 2 ? continuation.token : continuation.marker;
}

function headOf(content: Content, key: string): HeadResult {
  const plain = key.endsWith(addedSuffix) ? key.slice(0, -addedSuffix.length) : key;
  const { index, half } = placeAfter(content, plain);
  const found = index - (half === 1 ? 0 : 1);
  const there = plain === key ? !content.edits.deleted.has(found) : content.edits.added.has(found);
  if (found < 0 || content.keyOf(found) !== plain || !there) return { status: 'missing' };
  const { lastModified, size, etag } = objectAt(content, found, plain === key ? 0 : 1);
  return { status: 'found', lastModified: Date.parse(lastModified), size, etag };
}
