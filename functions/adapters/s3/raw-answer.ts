import type { $Command } from '@aws-sdk/client-s3';
import { Failure } from '#core/model/errors.ts';
import { isRegion } from '#core/source/region.ts';
import { type ErrorDocument, isErrorRoot, readErrorDocument } from './error-document.ts';
import { type Listing, scanListing } from './listing-document.ts';
import { isKeptHeader } from './object-headers.ts';
import { echoed, echoedInListing, type OwnSecrets } from './own-secrets.ts';
import { readBody } from './read-body.ts';
import { readTaggingDocument } from './tagging-document.ts';

/** What the server said to the last attempt of a call, read by us from the raw answer. */
export type RawAnswer = {
  readonly status: number;
  /** Those that anything is read from. */
  readonly headers: Readonly<Record<string, string>>;
  /** The server's clock, epoch milliseconds. */
  readonly serverTime?: number;
  /** Of a successful listing. */
  readonly listing?: Listing;
  /** Of an object, if the body tells of any. */
  readonly tags?: Readonly<Record<string, string>>;
  /** Of a refusal. */
  readonly error?: ErrorDocument;
  /** The region that the server names for the bucket, in a header or in the error. */
  readonly region?: string;
};

type RawResponse = { statusCode: number; headers: Record<string, string>; body?: unknown };

/** S3's error documents are under 1 KB; what a stranger adds is not read. */
const MAX_ERROR_BYTES = 64 * 1024;

/** Codes that stand for a passing state, so that the SDK should try again even if they came with status 200. */
const passingCodes = new Set(['SlowDown', 'InternalError', 'ServiceUnavailable', 'OperationAborted']);

/** The statuses of what a listing is refused with, for servers that send a refusal with status 200. */
const usualStatus: ReadonlyMap<string, number> = new Map([
  ['AccessDenied', 403],
  ['NoSuchBucket', 404],
  ['MethodNotAllowed', 405],
  ['NotImplemented', 501],
]);

/** How an answer is to be read. */
export type Reading = {
  readonly maxBytes: number;
  /** How many keys were asked for, when the answer is a listing. */
  readonly maxKeys?: number;
  readonly secrets: OwnSecrets;
};

/**
 * Puts itself between the connection and the SDK's deserialiser: the raw answer is read here, within limits, and the
 * SDK is handed an empty success, or an error document that holds the code and nothing else. So the SDK keeps signing,
 * retrying and choosing endpoints, and neither its XML reader (39 ms a page, gigabytes for a hostile one, silent about
 * missing elements) nor its errors see what the server wrote.
 *
 * @returns where the last answer is found once the command was sent.
 */
export function takeRawAnswers<In extends object, Out extends { $metadata: object }>(
  stack: $Command<In, Out, unknown>['middlewareStack'],
  reading: Reading,
): { last?: RawAnswer } {
  const taken: { last?: RawAnswer } = {};
  stack.add(
    (next) => async (args) => {
      delete taken.last;
      reading.secrets.noteSigned(authorizationOf(args.request));
      const result = await next(args);
      if (!isRawResponse(result.response)) throw new Error('the request handler answered with something unknown');
      taken.last = await readAnswer(result.response, reading);
      standIn(result.response, taken.last);
      return result;
    },
    { name: 'takeRawAnswers', step: 'deserialize', priority: 'low' },
  );
  return taken;
}

async function readAnswer(response: RawResponse, { maxBytes, maxKeys, secrets }: Reading): Promise<RawAnswer> {
  const { statusCode: status, body } = response;
  const headers = keptHeaders(response.headers);
  const success = status >= 200 && status < 300;
  const isPage = success && maxKeys !== undefined;
  if (isPage) refuseUnread(headers, maxBytes);
  const bytes = await readBody(body, success ? maxBytes : MAX_ERROR_BYTES);
  if (bytes === undefined && success) throw tooLarge(maxBytes);
  const listing = isPage ? scanListing(bytes ?? new Uint8Array(), maxKeys) : undefined;
  const tags = success && !isPage && bytes ? readTaggingDocument(bytes) : undefined;
  if (success) refuseEchoes(secrets, headers, tags);
  const failed = !success || (listing !== undefined && isErrorRoot(listing.root));
  const error = failed ? readErrorDocument(bytes ?? new Uint8Array()) : undefined;
  if (listing !== undefined && !failed && secrets.areInBytes(bytes ?? new Uint8Array())) throw echoedInListing();
  const time = Date.parse(headers.date ?? '');
  const headerRegion = headers['x-amz-bucket-region'];
  const named = headerRegion !== undefined && isRegion(headerRegion) ? headerRegion : error?.region;
  const region = secrets.regionOf(named);
  return {
    status: success && failed ? statusOf(error?.code) : status,
    headers,
    ...(Number.isNaN(time) ? {} : { serverTime: time }),
    ...(listing === undefined || failed ? {} : { listing }),
    ...(tags === undefined ? {} : { tags }),
    ...(error === undefined ? {} : { error }),
    ...(region === undefined ? {} : { region }),
  };
}

function authorizationOf(request: unknown): string | undefined {
  const headers: unknown =
    typeof request === 'object' && request !== null ? Reflect.get(request, 'headers') : undefined;
  const value: unknown = typeof headers === 'object' && headers !== null ? Reflect.get(headers, 'authorization') : '';
  return typeof value === 'string' ? value : undefined;
}

function keptHeaders(headers: RawResponse['headers']): RawResponse['headers'] {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => isKeptHeader(name)));
}

/** What these say of an object is stored as it is, so that it cannot be left out: without its ETag it would be another. */
function refuseEchoes(secrets: OwnSecrets, headers: RawAnswer['headers'], tags: RawAnswer['tags'] = {}): void {
  if (secrets.areIn([...Object.entries(headers), ...Object.entries(tags)].flat())) throw echoed();
}

/**
 * What a listing's headers give away before anything of it is read. Its bytes are taken as they are, never unpacked: a
 * few of them could stand for gigabytes, and nobody asked for less than plain text.
 */
function refuseUnread(headers: RawResponse['headers'], maxBytes: number): void {
  const encoding = headers['content-encoding']?.toLowerCase() ?? '';
  if (encoding !== '' && encoding !== 'identity' && encoding !== 'aws-chunked') {
    throw new Failure(
      'not_an_s3_answer',
      'The server answered a listing with a compressed body (Content-Encoding), which was not asked for. Turn ' +
        'compression off in the server or the proxy before it.',
    );
  }
  if (Number(headers['content-length'] ?? 0) > maxBytes) throw tooLarge(maxBytes);
}

function tooLarge(maxBytes: number): Failure {
  return new Failure(
    'answer_too_large',
    `The server's answer is longer than ${inWords(maxBytes)}; no page of keys is as long. Check that the endpoint is an ` +
      'S3 server; if it is, a smaller page_size may help.',
  );
}

function inWords(bytes: number): string {
  const mebibytes = bytes / 1024 / 1024;
  return mebibytes >= 1 ? `${Math.floor(mebibytes)} MiB` : `${bytes} bytes`;
}

function statusOf(code: string | undefined): number {
  if (code === undefined) return 400;
  return passingCodes.has(code) ? 503 : (usualStatus.get(code) ?? 400);
}

function standIn(response: RawResponse, answer: RawAnswer): void {
  const { date, 'retry-after': retryAfter } = answer.headers;
  response.statusCode = answer.status;
  response.headers = {
    ...(date === undefined ? {} : { date }),
    ...(retryAfter === undefined ? {} : { 'retry-after': retryAfter }),
  };
  const code = answer.error?.code;
  response.body = code === undefined ? new Uint8Array() : Buffer.from(`<Error><Code>${code}</Code></Error>`);
}

function isRawResponse(value: unknown): value is RawResponse {
  return (
    typeof value === 'object' &&
    value !== null &&
    'statusCode' in value &&
    typeof value.statusCode === 'number' &&
    'headers' in value &&
    typeof value.headers === 'object'
  );
}
