import { ListObjectsCommand, type ListObjectsCommandInput, ListObjectsV2Command } from '@aws-sdk/client-s3';
import type { Failure } from '#core/model/errors.ts';
import type { BucketTarget, HeadResult } from '#core/model/ports/bucket.ts';
import type { ListingPage, ListRequest } from '#core/model/ports/listing.ts';
import { isForeign } from '#core/source/foreign-server.ts';
import { agree, carefulSpelling, type KeySpelling, keySpellings, spellingShownBy } from './key-spelling.ts';
import type { Listing, ListingDocument } from './listing-document.ts';
import { firstWays, type ListingWay, refusesWay, waysAround } from './listing-ways.ts';
import { echoedInListing } from './own-secrets.ts';
import type { Answer, S3Session } from './s3-session.ts';
import { settleSpelling } from './settle-spelling.ts';

/** The limit of S3's listing. A server that passes over max-keys answers as many. */
const largestPage = 1000;

/** The calls of an open bucket that its listing needs. */
export type ListingCalls = {
  /** The Failure for an answer that is no listing. */
  readonly refused: (answer: Answer) => Failure;
  readonly head: (key: string) => Promise<HeadResult>;
};

/**
 * The pages of one open bucket, in whatever way its server understands the question. What the first answer shows of that
 * holds for as long as the bucket is open.
 */
export class BucketListing {
  readonly #target: BucketTarget;
  readonly #session: S3Session;
  readonly #calls: ListingCalls;
  readonly #isForeign: boolean;
  #way: ListingWay | undefined;
  /** How keys may be written by answers that say that they are encoded, and by those that do not. */
  readonly #spellings = new Map<boolean, readonly KeySpelling[]>();

  constructor(target: BucketTarget, session: S3Session, calls: ListingCalls) {
    this.#target = target;
    this.#session = session;
    this.#calls = calls;
    this.#isForeign = isForeign(target.endpoint);
  }

  async page(request: ListRequest): Promise<ListingPage> {
    const { way, answer } = await this.#answer(request);
    if (answer.listing === undefined) throw this.#calls.refused(answer);
    const document = await this.#read(request, way, answer.listing);
    const time = answer.serverTime === undefined ? {} : { serverTime: answer.serverTime };
    if (answer.listing.isDisguised && this.#session.secrets.areIn(textsOf(document))) throw echoedInListing();
    const page = { version: way.version, ...withForgiven(document, way.leftOut), ...time };
    return page.prefix === request.prefix ? withoutPrefixReadings(page) : page;
  }

  /** While the version is `auto`, version 2 is tried; a server that does not know it is asked anew, for it may have passed
   *  over start-after as well. */
  async #answer(request: ListRequest): Promise<{ way: ListingWay; answer: Answer }> {
    const version = request.continuation?.version;
    if (this.#way !== undefined) {
      const way = { ...this.#way, version: version ?? this.#way.version };
      return { way, answer: await this.#ask(request, way) };
    }
    const first = firstWays(this.#target.listVersion, version);
    const isAuto = this.#target.listVersion === 'auto' && version === undefined;
    const answer = await this.#ask(request, first);
    if (this.#isForeign && refusesWay(answer, this.#calls.refused)) {
      for (const way of waysAround(first, isAuto, answer)) {
        const other = await this.#ask(request, way);
        if (other.listing !== undefined) return { way: this.#keep(way), answer: other };
      }
    }
    const { listing } = answer;
    if (listing?.root !== 'ListBucketResult') return { way: first, answer };
    if (isAuto && listing.shapedAsV1) {
      const way = this.#keep({ ...first, version: 1 });
      return { way, answer: await this.#ask(request, way) };
    }
    if (listing.shapedAsV2 || first.version === 1) this.#keep(first);
    return { way: first, answer };
  }

  #keep(way: ListingWay): ListingWay {
    this.#way = way;
    return way;
  }

  /** Never a wrong key: where it takes more than the answer to know how its keys are written, that is found out. */
  async #read(request: ListRequest, way: ListingWay, listing: Listing): Promise<ListingDocument> {
    const { saysEncoded } = listing;
    const isAsked = !way.leftOut.includes('encoding-type');
    if (!this.#isForeign || (!isAsked && !saysEncoded)) return listing.read(saysEncoded ? 'form' : 'plain');
    const { texts } = listing;
    const known = this.#spellings.get(saysEncoded);
    const shown = known === undefined ? spellingShownBy(texts, saysEncoded) : undefined;
    if (shown !== undefined) return listing.read(shown);
    let spellings = known ?? keySpellings;
    if (!agree(texts, spellings)) {
      spellings = await this.#settle(request, way, listing, spellings);
      if (spellings.length > 0 && agree(texts, spellings)) this.#spellings.set(saysEncoded, spellings);
    }
    const spelling = carefulSpelling(texts, spellings);
    if (spelling === undefined) {
      return { ...listing.read('plain'), unreadable: 'keys of which it cannot be told whether they are URL-encoded' };
    }
    const isOrdinary = (saysEncoded && spelling === 'form') || !texts.some((text) => /[%+]/.test(text));
    return withForgiven(listing.read(spelling), isOrdinary ? [] : ['encoding-type']);
  }

  #settle(
    request: ListRequest,
    way: ListingWay,
    listing: Listing,
    spellings: readonly KeySpelling[],
  ): Promise<readonly KeySpelling[]> {
    const ask = async (asked: ListRequest, asIs: ListingWay) => (await this.#ask(asked, asIs)).listing;
    const unencoded: ListingWay = { ...way, leftOut: [...way.leftOut, 'encoding-type'] };
    return settleSpelling(listing, spellings, {
      again: () => ask(request, way),
      unencoded: () => ask(request, unencoded),
      head: this.#calls.head,
      beginningWith: (prefix) => ask({ prefix, maxKeys: largestPage }, way),
    });
  }

  async #ask(request: ListRequest, { version, leftOut }: ListingWay): Promise<Answer> {
    const { prefix, maxKeys, delimiter, continuation, startAfter } = request;
    const scope: ListObjectsCommandInput = {
      Bucket: this.#target.bucket,
      ...(leftOut.includes('max-keys') ? {} : { MaxKeys: maxKeys }),
      ...(leftOut.includes('encoding-type') ? {} : { EncodingType: 'url' }),
      ...(prefix === '' ? {} : { Prefix: prefix }),
      ...(delimiter === undefined ? {} : { Delimiter: delimiter }),
    };
    const most = this.#isForeign ? largestPage : maxKeys;
    if (version === 1) {
      const marker = continuation?.version === 1 ? continuation.marker : startAfter;
      const input = { ...scope, ...(marker ? { Marker: marker } : {}) };
      return await this.#session.ask(() => new ListObjectsCommand(input), most);
    }
    const after = startAfter ? { StartAfter: startAfter } : {};
    const from = continuation?.version === 2 ? { ContinuationToken: continuation.token } : after;
    return await this.#session.ask(() => new ListObjectsV2Command({ ...scope, ...from }), most);
  }
}

/** All that a page has of the server's own making, decoded: the body as it came was looked through before. */
function textsOf(document: ListingDocument): string[] {
  const { objects, odd = [], commonPrefixes = [], readings } = document;
  const texts = [document.root, document.bucket, document.prefix, document.delimiter, document.lastRow];
  texts.push(document.nextMarker, ...(readings?.nextMarker ?? []), ...(readings?.prefix ?? []), ...commonPrefixes);
  for (const { key } of odd) texts.push(key);
  for (const { key, etag, storageClass } of objects) {
    texts.push(key, etag);
    if (storageClass !== 'STANDARD') texts.push(storageClass);
  }
  return texts.filter((text) => text !== undefined);
}

/** A prefix that is the one asked for needs no other reading. */
function withoutPrefixReadings(page: ListingPage): ListingPage {
  if (page.readings?.prefix === undefined) return page;
  const { readings, ...rest } = page;
  const { nextMarker } = readings;
  return nextMarker === undefined ? rest : { ...rest, readings: { nextMarker } };
}

function withForgiven(document: ListingDocument, names: readonly string[]): ListingDocument {
  if (names.length === 0) return document;
  return { ...document, forgiven: [...(document.forgiven ?? []), ...names.map((name) => name.replace('-', '_'))] };
}
