import { Failure } from '#core/model/errors.ts';
import type { Bucket, Buckets } from '#core/model/ports/bucket.ts';
import type { ListedObject, ListingPage, ListRequest } from '#core/model/ports/listing.ts';
import { unasked } from '#support/unasked.ts';
import { tokenAfter } from './bucket-model.ts';

/** All that a listing is known to do wrong, as it looks to whoever asked through the Bucket port. */
export const listingFaultKinds = [
  'throttled',
  'timeout',
  'hang',
  'slow-drip',
  'reset',
  'cut-xml',
  'empty-200',
  'html-200',
  'error-in-200',
  'truncated-without-token',
  'without-is-truncated',
  'token-repeated',
  'token-loop',
  'key-count',
  'bucket-name',
  'out-of-order',
  'duplicate-key',
  'key-outside-prefix',
  'forbidden',
  'key-revoked',
  'bucket-gone',
  'empty-listing',
  'partial-listing',
  'config-changed',
] as const;
export type ListingFaultKind = (typeof listingFaultKinds)[number];

/** One request for a page beside the answer that an honest server would have given. `call` counts from 1. */
export type AskedPage = { readonly request: ListRequest; readonly page: ListingPage; readonly call: number };

export type ListingFault = {
  readonly kind: ListingFaultKind;
  /** Whether it strikes at this page. It may strike more than once. */
  strikes(asked: AskedPage): boolean;
};

export type FaultEffects = {
  /** Lets time pass, milliseconds: for answers that never come. */
  advance(milliseconds: number): void;
  /** What somebody changes about the datasource while a page is under way; for `config-changed`. */
  changeConfig?: () => Promise<void>;
  /** When the client gives up waiting, milliseconds. */
  readonly requestTimeoutMs: number;
};

export type FaultyBuckets = Buckets & {
  /** Adds a fault, which stays until they are cleared. */
  inject(fault: ListingFault): void;
  /** Heals the server and begins to count anew. */
  clear(): void;
  /** How often a fault struck. */
  readonly hits: number;
  /** The keys of the pages that were answered rightly before the first fault struck. */
  readonly answeredBefore: ReadonlySet<string>;
};

/** Strikes wherever the page holds a key: the same page in every run, whichever way the key space is divided. */
export function atPageHolding(key: string): ListingFault['strikes'] {
  return ({ page }) => page.objects.some((object) => object.key === key);
}

/** Strikes once, at the n-th page that is asked for. */
export function atCall(call: number): ListingFault['strikes'] {
  return (asked) => asked.call === call;
}

type Server = { revoked: boolean; gone: boolean; looping: boolean; partial: boolean };

const healthy: Server = { revoked: false, gone: false, looping: false, partial: false };

/** Puts a server that misbehaves on demand before honest buckets. */
export function createFaultyBuckets(honest: Buckets, effects: FaultEffects): FaultyBuckets {
  let faults: ListingFault[] = [];
  let server = { ...healthy };
  let calls = 0;
  let hits = 0;
  const answered = new Set<string>();

  const list = async (bucket: Bucket, request: ListRequest): Promise<ListingPage> => {
    assertServes(server);
    if (server.looping && isLoopToken(request)) return loopPage(request, await bucket.list({ ...request, ...begin }));
    const page = await bucket.list(request);
    // A listing for one key is a question about that key, and no page of a walk.
    if (request.maxKeys === 1) return page;
    calls += 1;
    const asked = { request, page, call: calls };
    const fault = faults.find((one) => one.strikes(asked));
    if (fault !== undefined) {
      hits += 1;
      return strike(fault.kind, asked, server, effects);
    }
    if (server.partial) return fewerKeys(page);
    if (hits === 0) for (const object of page.objects) answered.add(object.key);
    return page;
  };

  return {
    open(target) {
      const bucket = honest.open(target);
      return {
        get closings() {
          return bucket.closings;
        },
        list: (request) => list(bucket, request),
        async head(key) {
          // A HEAD's answer has no body to say that it is the bucket which is missing.
          if (server.gone) return { status: 'missing' };
          if (server.revoked) return { status: 'forbidden' };
          return bucket.head(key);
        },
        ...unasked,
        firstByte: (key) => bucket.firstByte(key),
        presign: (key, seconds) => bucket.presign(key, seconds),
        close: () => bucket.close(),
      };
    },
    inject: (fault) => void faults.push(fault),
    clear() {
      faults = [];
      server = { ...healthy };
      calls = 0;
      hits = 0;
      answered.clear();
    },
    get hits() {
      return hits;
    },
    answeredBefore: answered,
  };
}

function assertServes(server: Server): void {
  if (server.revoked) throw new Failure('credentials_invalid', 'The server does not know the access key.');
  if (server.gone) throw new Failure('bucket_not_found', 'There is no such bucket.');
}

async function strike(
  kind: ListingFaultKind,
  asked: AskedPage,
  server: Server,
  effects: FaultEffects,
): Promise<ListingPage> {
  switch (kind) {
    case 'throttled':
      throw new Failure('source_throttled', 'The server asks for fewer requests (SlowDown), also after retries.');
    case 'timeout':
      throw new Failure('source_timeout', 'The server gave up waiting for the request.');
    case 'hang':
    case 'slow-drip':
      effects.advance(effects.requestTimeoutMs);
      throw new Failure('source_timeout', 'The server did not complete its answer in time.');
    case 'reset':
      throw new Failure('endpoint_unreachable', 'The connection broke (ECONNRESET).');
    case 'forbidden':
      throw new Failure('access_denied', 'Access is denied.');
    case 'key-revoked':
      server.revoked = true;
      return refuse(server);
    case 'bucket-gone':
      server.gone = true;
      return refuse(server);
    case 'config-changed':
      await effects.changeConfig?.();
      return asked.page;
    case 'token-loop':
      server.looping = true;
      return loopPage(asked.request, asked.page);
    case 'partial-listing':
      server.partial = true;
      return fewerKeys(asked.page);
    default:
      return falsified(kind, asked);
  }
}

function refuse(server: Server): never {
  assertServes(server);
  throw new Error('the server is healthy');
}

type Falsification = Exclude<
  ListingFaultKind,
  | 'throttled'
  | 'timeout'
  | 'hang'
  | 'slow-drip'
  | 'reset'
  | 'forbidden'
  | 'key-revoked'
  | 'bucket-gone'
  | 'config-changed'
  | 'token-loop'
  | 'partial-listing'
>;

function falsified(kind: Falsification, { request, page }: AskedPage): ListingPage {
  const { objects } = page;
  switch (kind) {
    case 'cut-xml':
      return { ...page, wellFormed: false, objects: objects.slice(0, Math.floor(objects.length / 2)) };
    case 'empty-200':
      return bare(page, { root: '', wellFormed: false });
    case 'html-200':
      return bare(page, { root: 'html', wellFormed: true });
    case 'error-in-200':
      return bare(page, { root: 'Error', wellFormed: true });
    case 'truncated-without-token': {
      const { nextToken: _token, nextMarker: _marker, ...rest } = page;
      return { ...rest, truncated: true };
    }
    case 'without-is-truncated': {
      const { truncated: _truncated, ...rest } = page;
      return rest;
    }
    case 'token-repeated':
      return { ...page, truncated: true, nextToken: tokenOf(request) };
    case 'key-count':
      return { ...page, keyCount: (page.keyCount ?? objects.length) + 1 };
    case 'bucket-name':
      return { ...page, bucket: 'another-bucket' };
    case 'out-of-order':
      return { ...page, objects: objects.toReversed() };
    case 'duplicate-key':
      return { ...page, objects: [...objects.slice(0, -1), ...objects.slice(-2, -1)] };
    case 'key-outside-prefix':
      return { ...page, objects: [...objects.slice(0, -1), ...objects.slice(-1).map(outside(request.prefix))] };
    case 'empty-listing':
      return { ...bare(page, { root: page.root, wellFormed: true }), ...ending(page, 0) };
  }
}

/** A document that says nothing of a listing. */
function bare({ version, serverTime }: ListingPage, document: { root: string; wellFormed: boolean }): ListingPage {
  return { version, ...document, objects: [], ...(serverTime === undefined ? {} : { serverTime }) };
}

/** The rest of what an honest page says where it is the last one. */
function ending({ version, bucket, prefix }: ListingPage, keyCount: number): Partial<ListingPage> {
  return { bucket, prefix, truncated: false, ...(version === 2 ? { keyCount } : {}) };
}

/** Leaves out three of five keys and is right in all else. */
function fewerKeys(page: ListingPage): ListingPage {
  const objects = page.objects.filter((_, index) => index % 5 === 1 || index % 5 === 3);
  return { ...page, objects, ...(page.keyCount === undefined ? {} : { keyCount: objects.length }) };
}

function outside(prefix: string): (object: ListedObject) => ListedObject {
  return (object) => ({ ...object, key: `${prefix.slice(0, -1)}\u{10ffff}` });
}

const begin = { continuation: undefined, startAfter: undefined };
const loop = ['loop-a', 'loop-b'] as const;

function isLoopToken({ continuation }: ListRequest): boolean {
  return continuation?.version === 2 && loop.some((token) => token === continuation.token);
}

/** A page without keys whose token leads to another one, and back. */
function loopPage(request: ListRequest, page: ListingPage): ListingPage {
  const [a, b] = loop;
  const nextToken = tokenOf(request) === a ? b : a;
  return { ...page, objects: [], keyCount: 0, truncated: true, nextToken };
}

function tokenOf({ continuation, startAfter }: ListRequest): string {
  return continuation?.version === 2 ? continuation.token : tokenAfter(startAfter ?? '');
}
