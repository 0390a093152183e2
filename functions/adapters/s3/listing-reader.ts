import type { ListedFields } from './listed-object.ts';
import type { XmlListener } from './xml-scan.ts';

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
export type HeadName = (typeof headNames)[number];
export type Head = Partial<Record<HeadName, string>>;

const headNameSet = new Set<string>(headNames);
const objectNameSet = new Set<string>(['Key', 'Size', 'ETag', 'LastModified', 'StorageClass']);

/** Without these a page cannot be gone on from, so that they have to be readable where they are there. */
const neededNames = new Set<string>(['IsTruncated', 'NextContinuationToken', 'EncodingType']);

function isHeadName(name: string): name is HeadName {
  return headNameSet.has(name);
}

function isObjectName(name: string): name is Exclude<keyof ListedFields, 'strange'> {
  return objectNameSet.has(name);
}

/** S3 writes at most about twenty elements for one key, its owner, checksum and restore state included. */
const ELEMENTS_PER_KEY = 50;
const ELEMENTS_BESIDE_KEYS = 1_000;

/** MinIO's are among the longest, at about twice the longest key. A token has to fit in the line of a request. */
const MAX_TOKEN_LENGTH = 8 * 1024;

/** Other stores take keys of 1,024 characters, which are 4,096 bytes at most, and three times as many once encoded. */
const MAX_KEY_TEXT = 12 * 1024;

/** Takes the elements of a listing as they go by, and judges nothing but their number and their length. */
export class ListingReader implements XmlListener {
  readonly head: Head = {};
  readonly contents: ListedFields[] = [];
  /** Texts of the common prefixes. */
  readonly prefixes: string[] = [];
  /** Elements that are there, but are no text. */
  readonly strange = new Set<HeadName>();
  /** Why the document cannot be read, in words. */
  problem: string | undefined;
  readonly #maxKeys: number;
  #rows = 0;
  #elements = 0;
  #current: ListedFields | undefined;
  #isListing = false;
  #inPrefixes = false;

  constructor(maxKeys: number) {
    this.#maxKeys = maxKeys;
  }

  start(name: string, depth: number): string | undefined {
    this.#elements += 1;
    if (this.#elements > this.#maxKeys * ELEMENTS_PER_KEY + ELEMENTS_BESIDE_KEYS) {
      return `more elements than ${this.#maxKeys} keys can have`;
    }
    if (depth === 1) this.#isListing = name === 'ListBucketResult';
    else if (depth === 2 && this.#isListing) {
      this.#inPrefixes = name === 'CommonPrefixes';
      if (name === 'Contents') {
        this.#current = {};
        return this.#countRow();
      }
    } else if (depth === 3 && this.#inPrefixes && name === 'Prefix') return this.#countRow();
    return undefined;
  }

  #countRow(): string | undefined {
    this.#rows += 1;
    return this.#rows > this.#maxKeys ? `too many keys: asked were ${this.#maxKeys}, and more came` : undefined;
  }

  end(name: string, depth: number, text: string | undefined): void {
    if (!this.#isListing) return;
    if (depth === 3) {
      if (this.#current !== undefined) this.#objectField(this.#current, name, text);
      else if (this.#inPrefixes && name === 'Prefix') this.#commonPrefix(text);
    } else if (depth === 2) this.#headField(name, text);
  }

  #objectField(object: ListedFields, name: string, text: string | undefined): void {
    if (!isObjectName(name)) return;
    if (text === undefined || object[name] !== undefined) {
      if (object.strange === undefined || name === 'Key') object.strange = name;
      if (name === 'Key') delete object.Key;
    } else if (text.length > MAX_KEY_TEXT) this.problem ??= `a ${name} of more than 1,024 bytes by far`;
    else if (object.strange !== 'Key' || name !== 'Key') object[name] = text;
  }

  #commonPrefix(text: string | undefined): void {
    if (text === undefined || text.length > MAX_KEY_TEXT) this.problem ??= 'a strange CommonPrefixes element';
    else this.prefixes.push(text);
  }

  #headField(name: string, text: string | undefined): void {
    if (this.#current !== undefined) {
      this.contents.push(this.#current);
      this.#current = undefined;
      return;
    }
    // Keys may be rolled up in it, and it does not say which.
    if (name === 'CommonPrefixes' && text) this.problem ??= 'a strange CommonPrefixes element';
    if (!isHeadName(name)) return;
    if (this.head[name] !== undefined || (text === undefined && neededNames.has(name))) {
      this.problem ??= `a strange or repeated ${name} element`;
    } else if (text === undefined) this.strange.add(name);
    else if (text.length > MAX_TOKEN_LENGTH) this.problem ??= `a ${name} element longer than 8,192 characters`;
    else this.head[name] = text;
  }
}
