import { Readable } from 'node:stream';
import type { $Command } from '@aws-sdk/client-s3';
import { Failure } from '#core/errors.ts';
import { type ErrorDocument, isRegion, readErrorDocument } from './error-document.ts';
import { type ListingDocument, readListingDocument } from './listing-document.ts';

/** What the server said to the last attempt of a call, read by us from the raw answer. */
export type RawAnswer = {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** The server's clock, epoch milliseconds. */
  readonly serverTime?: number;
  /** Of a successful listing. */
  readonly listing?: ListingDocument;
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
  maxPageBytes: number,
): { last?: RawAnswer } {
  const taken: { last?: RawAnswer } = {};
  stack.add(
    (next) => async (args) => {
      delete taken.last;
      const result = await next(args);
      if (!isRawResponse(result.response)) throw new Error('the request handler answered with something unknown');
      taken.last = await readAnswer(result.response, maxPageBytes);
      standIn(result.response, taken.last);
      return result;
    },
    { name: 'takeRawAnswers', step: 'deserialize', priority: 'low' },
  );
  return taken;
}

async function readAnswer(response: RawResponse, maxPageBytes: number): Promise<RawAnswer> {
  const { statusCode: status, headers, body } = response;
  const success = status >= 200 && status < 300;
  const bytes = await readBody(body, success ? maxPageBytes : MAX_ERROR_BYTES);
  if (bytes === undefined && success) {
    const limit = Math.floor(maxPageBytes / 1024 / 1024);
    throw new Failure(
      'not_an_s3_answer',
      `The server answered with more than ${limit} MiB; no page of keys is as long.`,
    );
  }
  const listing = success ? readListingDocument(bytes ?? new Uint8Array()) : undefined;
  const failed = !success || listing?.root === 'Error';
  const error = failed ? readErrorDocument(bytes ?? new Uint8Array()) : undefined;
  const time = Date.parse(headers.date ?? '');
  const headerRegion = headers['x-amz-bucket-region'];
  const region = headerRegion !== undefined && isRegion(headerRegion) ? headerRegion : error?.region;
  return {
    status: success && failed ? statusOf(error?.code) : status,
    headers,
    ...(Number.isNaN(time) ? {} : { serverTime: time }),
    ...(listing === undefined || failed ? {} : { listing }),
    ...(error === undefined ? {} : { error }),
    ...(region === undefined ? {} : { region }),
  };
}

function statusOf(code: string | undefined): number {
  return code !== undefined && passingCodes.has(code) ? 503 : 400;
}

/** The whole body, or undefined if it is longer than the limit; the rest is then not waited for. */
async function readBody(body: unknown, limit: number): Promise<Uint8Array | undefined> {
  if (!(body instanceof Readable)) return new Uint8Array();
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of body) {
    if (!(chunk instanceof Uint8Array)) throw new Error('a body stream without bytes');
    length += chunk.length;
    if (length > limit) return undefined;
    chunks.push(chunk);
  }
  return chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : Buffer.concat(chunks, length);
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
