import type { IncomingMessage } from 'node:http';
import { decodeUri } from './uri.ts';

/** What a request asks for; the last two for what this server has no answer to. */
export type Operation =
  | 'ListBuckets'
  | 'CreateBucket'
  | 'HeadBucket'
  | 'DeleteBucket'
  | 'GetBucketLocation'
  | 'ListObjects'
  | 'ListObjectsV2'
  | 'GetObject'
  | 'HeadObject'
  | 'PutObject'
  | 'CopyObject'
  | 'DeleteObject'
  | 'DeleteObjects'
  | 'GetObjectTagging'
  | 'PutObjectTagging'
  | 'MethodNotAllowed'
  | 'NotImplemented';

/** A request as hooks, faults and handlers see it. Names of headers are in lower case. */
export type S3Request = {
  readonly method: string;
  readonly operation: Operation;
  readonly bucket: string;
  readonly key: string;
  /** Decoded; the first value of each name. */
  readonly query: Readonly<Record<string, string>>;
  readonly headers: Readonly<Record<string, string>>;
  /** The server's clock, epoch milliseconds. */
  readonly at: number;
  /** List requests only: 1 for the start of a listing, n + 1 for the token or marker that page n gave. */
  readonly page?: number;
};

/** A request with what its signature is computed over. */
export type ParsedRequest = S3Request & {
  readonly path: string;
  readonly pairs: readonly (readonly [string, string])[];
};

const virtualHost = /^(.+)\.(?:localhost|127\.0\.0\.1)(?::\d+)?$/;

/** Features of S3 that are asked for by a query parameter and that this server has not. */
const unsupported =
  /^(?:acl|versions|uploads|uploadId|partNumber|versionId|policy|policyStatus|versioning|cors|lifecycle|website|logging|notification|encryption|torrent|restore|select|attributes|legal-hold|retention|object-lock|replication|requestPayment|accelerate|inventory|analytics|metrics|ownershipControls|publicAccessBlock|intelligent-tiering)$/;

/** True for both versions of the listing. */
export function isListing(operation: Operation): boolean {
  return operation === 'ListObjects' || operation === 'ListObjectsV2';
}

/** Reads bucket, key and query, path style or virtual-host style. Throws InvalidURI. */
export function parseRequest(message: IncomingMessage, at: number): ParsedRequest {
  const [rawPath = '/', ...rest] = (message.url ?? '/').split('?');
  const path = decodeUri(rawPath);
  const pairs = parsePairs(rest.join('?'));
  const query: Record<string, string> = Object.create(null);
  for (const [name, value] of pairs) query[name] ??= value;
  const headers: Record<string, string> = Object.create(null);
  for (const [name, values] of Object.entries(message.headersDistinct)) {
    headers[name] = (values ?? []).map((value) => value.trim().replace(/ +/g, ' ')).join(',');
  }
  const method = message.method ?? 'GET';
  const { bucket, key } = targetOf(path, headers.host ?? '');
  return {
    method,
    operation: operationOf({ method, bucket, key, query, headers }),
    bucket,
    key,
    query,
    headers,
    at,
    path,
    pairs,
  };
}

function parsePairs(raw: string): (readonly [string, string])[] {
  const parts = raw.split('&').filter((part) => part !== '');
  return parts.map((part) => {
    const equals = part.indexOf('=');
    const [name, value] = equals < 0 ? [part, ''] : [part.slice(0, equals), part.slice(equals + 1)];
    return [decodeUri(name.replaceAll('+', ' ')), decodeUri(value.replaceAll('+', ' '))] as const;
  });
}

function targetOf(path: string, host: string): { bucket: string; key: string } {
  const inHost = virtualHost.exec(host)?.[1];
  if (inHost !== undefined) return { bucket: inHost, key: path.slice(1) };
  const slash = path.indexOf('/', 1);
  if (slash < 0) return { bucket: path.slice(1), key: '' };
  return { bucket: path.slice(1, slash), key: path.slice(slash + 1) };
}

function operationOf(request: Pick<S3Request, 'method' | 'bucket' | 'key' | 'query' | 'headers'>): Operation {
  if (Object.keys(request.query).some((name) => unsupported.test(name))) return 'NotImplemented';
  if (request.bucket === '') return request.method === 'GET' ? 'ListBuckets' : 'MethodNotAllowed';
  return request.key === '' ? bucketOperation(request.method, request.query) : objectOperation(request);
}

function bucketOperation(method: string, query: S3Request['query']): Operation {
  if ('tagging' in query) return 'NotImplemented';
  switch (method) {
    case 'GET':
      if ('location' in query) return 'GetBucketLocation';
      return 'list-type' in query ? 'ListObjectsV2' : 'ListObjects';
    case 'HEAD':
      return 'HeadBucket';
    case 'PUT':
      return 'CreateBucket';
    case 'DELETE':
      return 'DeleteBucket';
    case 'POST':
      return 'delete' in query ? 'DeleteObjects' : 'NotImplemented';
    default:
      return 'MethodNotAllowed';
  }
}

function objectOperation(request: Pick<S3Request, 'method' | 'query' | 'headers'>): Operation {
  const tagging = 'tagging' in request.query;
  switch (request.method) {
    case 'GET':
      return tagging ? 'GetObjectTagging' : 'GetObject';
    case 'HEAD':
      return 'HeadObject';
    case 'PUT':
      if (tagging) return 'PutObjectTagging';
      return 'x-amz-copy-source' in request.headers ? 'CopyObject' : 'PutObject';
    case 'DELETE':
      return tagging ? 'NotImplemented' : 'DeleteObject';
    case 'POST':
      return 'NotImplemented';
    default:
      return 'MethodNotAllowed';
  }
}
