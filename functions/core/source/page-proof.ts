import { compareKeys } from '../keys/byte-order.ts';
import { Failure } from '../model/errors.ts';
import type { Bucket } from '../model/ports/bucket.ts';
import type { Continuation, ListedObject, ListingPage, OddRow } from '../model/ports/listing.ts';

/**
 * How many pages without a key may follow one another. Servers that walk over delete markers answer such pages, each
 * with a new token, so they cannot be refused at sight; but nothing else shows that the listing gets anywhere, so
 * they must not go on for ever. A thousand of them skip about a million delete markers.
 */
const MAX_EMPTY_PAGES = 1_000;

/** What is carried from a proven page to the next one of the same sequence. */
export type ProvenStep = {
  /** The last key seen so far, or where the sequence started after; '' sorts before every key. */
  readonly lastKey: string;
  readonly continuation: Continuation;
  /** Pages without a key, up to and with this one. */
  readonly emptyPages: number;
};

export type PageExpectation = {
  readonly bucket: string;
  readonly prefix: string;
  readonly maxKeys: number;
  /** For the first page of a sequence; ignored when there is a previous one. */
  readonly startAfter?: string;
  readonly previous?: ProvenStep;
};

export type ProvenPage = {
  readonly objects: readonly ListedObject[];
  /** Rows that stand between the objects and cannot be catalogued. */
  readonly odd: readonly OddRow[];
  /** What this server was forgiven to take the page for proved; each by a short name. */
  readonly tolerances: readonly string[];
  readonly lastKey: string;
  /** The server's own clock, epoch milliseconds. */
  readonly serverTime?: number;
  /** How to go on; absent when the listing ended here. */
  readonly next?: ProvenStep;
};

/** Asks for one page and proves it. Throws Failure `listing_not_proved`, or what the bucket answers. */
export async function askPage(bucket: Bucket, expected: PageExpectation): Promise<ProvenPage> {
  const { prefix, maxKeys, startAfter, previous } = expected;
  const page = await bucket.list({ prefix, maxKeys, startAfter, continuation: previous?.continuation });
  return provePage(page, expected);
}

/**
 * Turns what a server said into what is known: that these are all the keys between the page before and this page's
 * last key, and whether more follow. Deletions rest on it, so whatever cannot be checked is refused.
 *
 * @throws Failure `listing_not_proved` that says what was seen and what to do about it.
 */
export function provePage(page: ListingPage, expected: PageExpectation): ProvenPage {
  proveDocument(page);
  proveScope(page, expected);
  proveCounts(page, expected);
  const floor = expected.previous?.lastKey ?? expected.startAfter ?? '';
  const lastKey = proveOrder(page.objects, floor, expected.prefix);
  const continuation = proveContinuation(page, expected, lastKey);
  const time = page.serverTime === undefined ? {} : { serverTime: page.serverTime };
  const proven = { objects: page.objects, odd: [], tolerances: [], lastKey, ...time };
  if (continuation === undefined) return proven;
  const emptyPages = page.objects.length > 0 ? 0 : (expected.previous?.emptyPages ?? 0) + 1;
  if (emptyPages > MAX_EMPTY_PAGES) {
    refuse(`${MAX_EMPTY_PAGES} pages in a row had no key and promised more`, faultyServer);
  }
  return { ...proven, next: { lastKey, continuation, emptyPages } };
}

const wrongEndpoint = 'Check that the endpoint is an S3 server and not a web page or a proxy.';
const faultyServer = 'Nothing was deleted. Report it to whoever runs the S3 server; another list_version may help.';
const wrongScope = 'Check the endpoint, the bucket and path_style; a proxy may be answering for another bucket.';

function refuse(seen: string, advice: string): never {
  throw new Failure('listing_not_proved', `The listing cannot be relied on: ${seen}. ${advice}`);
}

function proveDocument(page: ListingPage): void {
  if (page.unreadable !== undefined) {
    const advice = page.root === 'ListBucketResult' ? faultyServer : wrongEndpoint;
    refuse(`an answer could not be read: ${page.unreadable}`, advice);
  }
  if (page.root === '') refuse('an answer held no XML document', wrongEndpoint);
  if (page.root !== 'ListBucketResult')
    refuse(`an answer began with <${page.root.slice(0, 100)}>, not <ListBucketResult>`, wrongEndpoint);
  if (!page.wellFormed) refuse('an answer broke off or is not well-formed XML', wrongEndpoint);
}

function proveScope(page: ListingPage, expected: PageExpectation): void {
  if (page.bucket === undefined) refuse('an answer names no bucket', wrongScope);
  if (page.bucket !== expected.bucket) {
    refuse(`an answer is about bucket ${quote(page.bucket)}, asked was ${quote(expected.bucket)}`, wrongScope);
  }
  // Servers may leave an empty element out; only an asked prefix that is not confirmed says something.
  if ((page.prefix ?? '') !== expected.prefix) {
    const seen = page.prefix === undefined ? 'no prefix' : `prefix ${quote(page.prefix)}`;
    refuse(`an answer names ${seen}, asked was ${quote(expected.prefix)}`, wrongScope);
  }
  const asked = expected.previous?.continuation.version;
  if (asked !== undefined && asked !== page.version) {
    refuse(`a listing begun in version ${asked} was continued in version ${page.version}`, faultyServer);
  }
}

function proveCounts(page: ListingPage, expected: PageExpectation): void {
  const keys = page.objects.length;
  if (page.version === 2 && page.keyCount === undefined) {
    refuse('an answer has no KeyCount', 'If the server only knows the older listing, set list_version to 1.');
  }
  if (page.keyCount !== undefined && page.keyCount !== keys) {
    refuse(`an answer counts ${page.keyCount} keys and holds ${keys}`, faultyServer);
  }
  if (keys > expected.maxKeys) refuse(`an answer holds ${keys} keys, asked were ${expected.maxKeys}`, faultyServer);
}

/** The last key of the page, or the floor if it has none. */
function proveOrder(objects: readonly ListedObject[], floor: string, prefix: string): string {
  let last = floor;
  for (const { key } of objects) {
    if (compareKeys(key, last) <= 0) {
      const seen = key === last ? `key ${quote(key)} came twice` : `key ${quote(key)} came after ${quote(last)}`;
      refuse(`${seen}, which is not the order of S3 (by UTF-8 bytes)`, faultyServer);
    }
    if (!key.startsWith(prefix)) refuse(`key ${quote(key)} is outside the prefix ${quote(prefix)}`, wrongScope);
    last = key;
  }
  return last;
}

function proveContinuation(page: ListingPage, expected: PageExpectation, lastKey: string): Continuation | undefined {
  if (page.truncated === undefined)
    refuse('an answer does not say whether more keys follow (IsTruncated)', faultyServer);
  const offered = page.version === 2 ? page.nextToken : page.nextMarker;
  const name = page.version === 2 ? 'continuation token' : 'next marker';
  if (!page.truncated) {
    // An empty element is how some servers write "none".
    if (offered) refuse(`an answer says that it is the last one and gives a ${name}`, faultyServer);
    return undefined;
  }
  return page.version === 2 ? provenToken(page, expected) : provenMarker(page, expected, lastKey);
}

function provenToken(page: ListingPage, expected: PageExpectation): Continuation {
  if (!page.nextToken) refuse('an answer says that more keys follow and gives no continuation token', faultyServer);
  const before = expected.previous?.continuation;
  if (before?.version === 2 && before.token === page.nextToken) {
    refuse('an answer gives the continuation token it was asked with, which would go round for ever', faultyServer);
  }
  return { version: 2, token: page.nextToken };
}

/**
 * Where there are keys the marker is the last of them, whatever the server offers: "the keys after this one" cannot
 * skip any, while a marker beyond the last key would. AWS offers one only when there is a delimiter.
 */
function provenMarker(page: ListingPage, expected: PageExpectation, lastKey: string): Continuation {
  if (page.objects.length > 0) return { version: 1, marker: lastKey };
  if (!page.nextMarker) refuse('an answer without keys says that more follow and gives no next marker', faultyServer);
  const before = expected.previous?.continuation;
  const asked = before?.version === 1 ? before.marker : (expected.startAfter ?? '');
  if (compareKeys(page.nextMarker, asked) <= 0) {
    refuse('an answer gives a next marker that does not lie beyond the one it was asked with', faultyServer);
  }
  return { version: 1, marker: page.nextMarker };
}

/** Shortened: a key is at most 1,024 bytes, but a bucket or prefix that a server made up may be of any size. */
function quote(text: string): string {
  return JSON.stringify(text.length > 200 ? `${text.slice(0, 200)}…` : text);
}
