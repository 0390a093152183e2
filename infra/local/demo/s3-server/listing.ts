import { hash } from 'node:crypto';
import { rankOf } from './byte-order.ts';
import type { S3Request } from './request.ts';
import { S3Error } from './s3-error.ts';
import type { StoredBucket, StoredObject } from './storage.ts';

/** What a list request asked for, checked. */
export type ListQuery = {
  readonly version: 1 | 2;
  readonly prefix: string;
  readonly delimiter: string;
  /** 0–1,000; what was asked above is brought down to 1,000, as S3 does. */
  readonly maxKeys: number;
  readonly encodingUrl: boolean;
  /** Version 2, echoed in the answer. */
  readonly startAfter: string | undefined;
  /** Version 2, echoed in the answer. */
  readonly token: string | undefined;
  /** Version 1, echoed in the answer. */
  readonly marker: string;
  /** Everything up to here was listed before: a key, or a rolled-up prefix. */
  readonly after: string;
};

/** One object of a page. Text where S3 says text, so that a fault can put anything there. */
export type PageObject = Pick<StoredObject, 'key' | 'etag' | 'lastModified' | 'storageClass' | 'size'>;

/** An answer to a list request before it is written as XML. */
export type Page = {
  readonly query: ListQuery;
  /** Of the document, which a fault may make differ from the one asked for. */
  readonly version: 1 | 2;
  readonly bucket: string;
  readonly number: number;
  readonly encodingUrl: boolean;
  /** Undefined leaves the element out. */
  readonly truncated: boolean | undefined;
  readonly nextToken: string | undefined;
  readonly nextMarker: string | undefined;
  readonly keyCount: number;
  readonly objects: readonly PageObject[];
  readonly commonPrefixes: readonly string[];
};

type Position = { readonly after: string; readonly page: number };

const maximumPageKeys = 1000;
/** Characters of a checksum that tells our tokens from others. */
const tokenCheckLength = 6;

/** Checks a list request as S3 does. Throws InvalidArgument. */
export function readListQuery(request: S3Request): ListQuery {
  const { query } = request;
  const version = request.operation === 'ListObjectsV2' ? 2 : 1;
  if (version === 2 && query['list-type'] !== '2') throw invalidArgument('list-type', 'Invalid list type.');
  const maxKeys = Number(query['max-keys'] || maximumPageKeys);
  if (!/^\d*$/.test(query['max-keys'] ?? '') || maxKeys > 2_147_483_647) {
    throw invalidArgument('max-keys', 'Argument max-keys must be an integer between 0 and 2147483647');
  }
  const encoding = query['encoding-type'] ?? '';
  if (encoding !== '' && encoding !== 'url') {
    throw invalidArgument('encoding-type', 'Invalid Encoding Method specified in Request');
  }
  const token = version === 2 ? query['continuation-token'] : undefined;
  const startAfter = version === 2 ? query['start-after'] : undefined;
  const marker = version === 1 ? (query.marker ?? '') : '';
  return {
    version,
    prefix: query.prefix ?? '',
    delimiter: query.delimiter ?? '',
    maxKeys: Math.min(maxKeys, maximumPageKeys),
    encodingUrl: encoding === 'url',
    ...{ startAfter, token, marker },
    after: token === undefined ? (startAfter ?? marker) : afterToken(token),
  };
}

/** One page of the bucket as it is now, continuing after `query.after`. */
export function listPage(bucket: StoredBucket, query: ListQuery, number: number): Page {
  const objects: StoredObject[] = [];
  const commonPrefixes: string[] = [];
  let place = firstPlace(bucket, query);
  let last = query.after;
  let truncated = false;
  for (let object = bucket.at(place); object?.key.startsWith(query.prefix); object = bucket.at(place)) {
    if (objects.length + commonPrefixes.length >= query.maxKeys) {
      truncated = query.maxKeys > 0;
      break;
    }
    const folder = folderOf(object.key, query);
    if (folder === undefined) objects.push(object);
    else commonPrefixes.push(folder);
    last = folder ?? object.key;
    place = folder === undefined ? place + 1 : bucket.placeBeyond(folder);
  }
  return {
    ...{ query, number, truncated, objects, commonPrefixes },
    version: query.version,
    bucket: bucket.name,
    encodingUrl: query.encodingUrl,
    nextToken: truncated && query.version === 2 ? makeToken({ after: last, page: number + 1 }) : undefined,
    // S3 gives NextMarker only with a delimiter; without one the last key is the marker.
    nextMarker: truncated && query.version === 1 && query.delimiter !== '' ? last : undefined,
    keyCount: objects.length + commonPrefixes.length,
  };
}

/** An opaque continuation token. `page` is the number of the page it leads to. */
export function makeToken(position: Position): string {
  const text = JSON.stringify([position.page, position.after]);
  return Buffer.from(`${hash('md5', text).slice(0, tokenCheckLength)}${text}`).toString('base64');
}

/** What a token says; undefined for one that this server did not make. */
export function openToken(token: string): Position | undefined {
  const decoded = Buffer.from(token, 'base64').toString();
  const text = decoded.slice(tokenCheckLength);
  if (token === '' || hash('md5', text).slice(0, tokenCheckLength) !== decoded.slice(0, tokenCheckLength))
    return undefined;
  const [page, after] = JSON.parse(text) as [number, string];
  return { page, after };
}

function afterToken(token: string): string {
  const position = openToken(token);
  if (!position) throw invalidArgument('continuation-token', 'The continuation token provided is incorrect');
  return position.after;
}

/** A start inside a rolled-up prefix goes on beyond that prefix: it sorts before the start, so it was listed. */
function firstPlace(bucket: StoredBucket, query: ListQuery): number {
  if (rankOf(query.after) < rankOf(query.prefix) || query.after === '') return bucket.placeFrom(query.prefix);
  const folder = query.after.startsWith(query.prefix) ? folderOf(query.after, query) : undefined;
  return folder === undefined ? bucket.placeAfter(query.after) : bucket.placeBeyond(folder);
}

function folderOf(key: string, query: ListQuery): string | undefined {
  if (query.delimiter === '') return undefined;
  const end = key.indexOf(query.delimiter, query.prefix.length);
  return end < 0 ? undefined : key.slice(0, end + query.delimiter.length);
}

function invalidArgument(name: string, message: string): S3Error {
  return new S3Error('InvalidArgument', message, { ArgumentName: name });
}
