import type { ListedObject, ListingPage } from '#core/model/ports/listing.ts';
import { type ListedFields, readListedObject } from './listed-object.ts';
import { urlDecode } from './url-decode.ts';
import { scanXml, type XmlListener } from './xml-scan.ts';

/** What a listing's body said; the answer's headers and the version it was asked in are not in it. */
export type ListingDocument = Omit<ListingPage, 'version' | 'serverTime'> & {
  /** It has what only the older ListObjects answers (Marker) and lacks what only ListObjectsV2 does (KeyCount). */
  readonly shapedAsV1: boolean;
};

const utf8 = new TextDecoder('utf-8', { fatal: true });

/**
 * Reads the body of a ListObjects or ListObjectsV2 answer. Never throws: what is missing stays undefined, what cannot
 * be read is named in `unreadable`, and the core decides what either means.
 *
 * @param maxKeys how many keys were asked for: reading ends at the first one more, and at absurdly many elements.
 */
export function readListingDocument(body: Uint8Array, maxKeys: number): ListingDocument {
  let text: string;
  try {
    text = utf8.decode(body);
  } catch {
    return { root: '', wellFormed: false, objects: [], shapedAsV1: false, unreadable: 'bytes that are not UTF-8' };
  }
  const reader = new ListingReader(maxKeys);
  const outcome = scanXml(text, reader);
  const { fields, unreadable, ...listing } = reader.finish();
  const firstProblem = outcome.unreadable ?? unreadable;
  return {
    ...listing,
    root: outcome.root,
    wellFormed: outcome.wellFormed,
    shapedAsV1: fields.Marker !== undefined && fields.KeyCount === undefined,
    ...(firstProblem === undefined ? {} : { unreadable: firstProblem }),
  };
}

const headNames = [
  'Name',
  'Prefix',
  'KeyCount',
  'IsTruncated',
  'NextContinuationToken',
  'Marker',
  'NextMarker',
  'Delimiter',
  'EncodingType',
] as const;
type HeadName = (typeof headNames)[number];
type Head = Partial<Record<HeadName, string>>;

const headNameSet = new Set<string>(headNames);
const objectNameSet = new Set<string>(['Key', 'Size', 'ETag', 'LastModified', 'StorageClass']);

function isHeadName(name: string): name is HeadName {
  return headNameSet.has(name);
}

function isObjectName(name: string): name is keyof ListedFields {
  return objectNameSet.has(name);
}

/** S3 writes at most about twenty elements for one key, its owner, checksum and restore state included. */
const ELEMENTS_PER_KEY = 50;
const ELEMENTS_BESIDE_KEYS = 1_000;

/** MinIO's are among the longest, at about twice the longest key. A token has to fit in the line of a request. */
const MAX_TOKEN_LENGTH = 8 * 1024;

class ListingReader implements XmlListener {
  readonly #maxKeys: number;
  #keys = 0;
  #elements = 0;
  readonly #head: Head = {};
  readonly #contents: ListedFields[] = [];
  #current: ListedFields | undefined;
  #isListing = false;
  #problem: string | undefined;

  constructor(maxKeys: number) {
    this.#maxKeys = maxKeys;
  }

  start(name: string, depth: number): string | undefined {
    this.#elements += 1;
    if (this.#elements > this.#maxKeys * ELEMENTS_PER_KEY + ELEMENTS_BESIDE_KEYS) {
      return `more elements than ${this.#maxKeys} keys can have`;
    }
    if (depth === 1) this.#isListing = name === 'ListBucketResult';
    else if (depth === 2 && this.#isListing && name === 'Contents') return this.#startObject();
    return undefined;
  }

  #startObject(): string | undefined {
    this.#keys += 1;
    this.#current = {};
    return this.#keys > this.#maxKeys ? `too many keys: asked were ${this.#maxKeys}, and more came` : undefined;
  }

  end(name: string, depth: number, text: string | undefined): void {
    if (!this.#isListing) return;
    if (depth === 3 && this.#current !== undefined) this.#objectField(this.#current, name, text);
    else if (depth === 2) this.#headField(name, text);
  }

  #objectField(object: ListedFields, name: string, text: string | undefined): void {
    if (!isObjectName(name)) return;
    if (text === undefined || object[name] !== undefined) this.#problem ??= `an object with a strange ${name} element`;
    else object[name] = text;
  }

  #headField(name: string, text: string | undefined): void {
    if (this.#current !== undefined) {
      this.#contents.push(this.#current);
      this.#current = undefined;
      return;
    }
    // Keys rolled up into a common prefix are keys left out: nobody asked for it, and it would hide them.
    if (name === 'CommonPrefixes' && text !== '') this.#problem ??= 'CommonPrefixes, which were not asked for';
    if (!isHeadName(name)) return;
    if (text === undefined || this.#head[name] !== undefined) this.#problem ??= `a strange or repeated ${name} element`;
    else if (text.length > MAX_TOKEN_LENGTH) this.#problem ??= `a ${name} element longer than 8,192 characters`;
    else this.#head[name] = text;
  }

  finish(): Omit<ListingDocument, 'root' | 'wellFormed' | 'shapedAsV1'> & { fields: Head } {
    const head = this.#head;
    // Judged here and not on the way: some servers write EncodingType after the keys.
    const decode = head.EncodingType === 'url' ? urlDecode : asIs;
    const objects: ListedObject[] = [];
    for (const contents of this.#contents) {
      const object = readListedObject(contents, decode);
      if (typeof object === 'string') this.#problem ??= object;
      else objects.push(object);
    }
    const listing = {
      fields: head,
      objects,
      ...given('bucket', head.Name),
      ...given('prefix', this.#decoded('Prefix', decode)),
      ...given('nextMarker', this.#decoded('NextMarker', decode)),
      ...given('nextToken', head.NextContinuationToken),
      ...given('keyCount', this.#number('KeyCount')),
      ...given('truncated', this.#boolean('IsTruncated')),
    };
    if (head.Delimiter) this.#problem ??= 'a Delimiter, which was not asked for';
    return this.#problem === undefined ? listing : { ...listing, unreadable: this.#problem };
  }

  #decoded(name: HeadName, decode: (text: string) => string | undefined): string | undefined {
    const text = this.#head[name];
    if (text === undefined) return undefined;
    const decoded = decode(text);
    if (decoded === undefined) this.#problem ??= `a ${name} that is not properly URL-encoded`;
    return decoded;
  }

  #number(name: HeadName): number | undefined {
    const text = this.#head[name];
    if (text === undefined) return undefined;
    if (/^\d{1,9}$/.test(text)) return Number(text);
    this.#problem ??= `a ${name} that is not a whole number`;
    return undefined;
  }

  #boolean(name: HeadName): boolean | undefined {
    const text = this.#head[name];
    if (text === 'true' || text === 'false') return text === 'true';
    if (text !== undefined) this.#problem ??= `a ${name} that is neither true nor false`;
    return undefined;
  }
}

function asIs(text: string): string {
  return text;
}

function given<Name extends string, Value>(name: Name, value: Value | undefined): { [key in Name]?: Value } {
  return value === undefined ? {} : ({ [name]: value } as { [key in Name]?: Value });
}
