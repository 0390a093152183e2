import { type $Command, GetObjectCommand, HeadBucketCommand, ListBucketsCommand } from '@aws-sdk/client-s3';
import type { BucketIdentity, FirstByte } from '#core/model/ports/bucket.ts';
import { readCreationDate } from './bucket-list-document.ts';
import { unquoted } from './listed-object.ts';
import type { RawAnswer } from './raw-answer.ts';
import { readBody } from './read-body.ts';
import type { S3Session } from './s3-session.ts';

/** A bucket list of 1,000 buckets, the most that AWS gives at once, takes some 150 KB. */
const maxBucketListBytes = 1024 * 1024;

/** Statuses by which a server says that it takes no such question; 400 also of an object under a key of the customer. */
const refusals: ReadonlySet<number> = new Set([400, 405, 410, 501]);

/** True if the answer to a HEAD tells nothing of the object. */
export function headIsUnusable({ status }: RawAnswer): boolean {
  return refusals.has(status);
}

/**
 * Asks for the first byte of an object and reads the headers of the answer alone: a server that passes over the range
 * would send the whole object. Throws Failure when there is no answer.
 */
export async function readFirstByte(session: S3Session, bucket: string, key: string): Promise<FirstByte> {
  const answer = await session.ask(() => {
    const command = new GetObjectCommand({ Bucket: bucket, Key: key, Range: 'bytes=0-0' });
    withBody(command.middlewareStack, async (body) => drop(body));
    return command;
  });
  const { status, error, headers } = answer;
  if (status === 200 || status === 206) {
    const time = Date.parse(headers['last-modified'] ?? '');
    const lastModified = Number.isNaN(time) ? {} : { lastModified: time };
    return { status: 'found', etag: unquoted(headers.etag ?? ''), ...lastModified };
  }
  // Of an object without bytes no range can be had: https://www.rfc-editor.org/rfc/rfc9110#status.416
  if (status === 416 || error?.code === 'InvalidObjectState') return { status: 'unreadable' };
  if (status === 404) return { status: isOfTheKey(answer) ? 'missing' : 'unclear' };
  return { status: status === 403 || refusals.has(status) ? 'refused' : 'unclear' };
}

/** A 404 may be about the bucket. */
function isOfTheKey({ error }: RawAnswer): boolean {
  return error?.code !== 'NoSuchBucket';
}

/**
 * What tells this bucket from another of its name. The list of all buckets, which alone says when one was made, may be
 * refused; then it is not told. Throws Failure when there is no answer.
 */
export async function identifyBucket(session: S3Session, bucket: string): Promise<BucketIdentity> {
  const { status, region } = await session.ask(() => new HeadBucketCommand({ Bucket: bucket }));
  if (status === 404) return { status: 'missing' };
  if (status !== 200) return { status: 'unclear' };
  const created = await creationDate(session, bucket);
  return {
    status: 'found',
    ...(region === undefined ? {} : { region }),
    ...(created === undefined ? {} : { created }),
  };
}

async function creationDate(session: S3Session, bucket: string): Promise<number | undefined> {
  const read: { created?: number } = {};
  const answer = await session.ask(() => {
    const command = new ListBucketsCommand({});
    withBody(command.middlewareStack, async (body) => {
      delete read.created;
      const bytes = await readBody(body, maxBucketListBytes);
      const created = bytes && readCreationDate(bytes, bucket);
      if (created !== undefined) read.created = created;
    });
    return command;
  });
  return answer.status === 200 ? read.created : undefined;
}

type Answered = { statusCode: number; body?: unknown };

/** Lets the body of a success be taken before anything else reads it. */
function withBody<In extends object, Out extends { $metadata: object }>(
  stack: $Command<In, Out, unknown>['middlewareStack'],
  take: (body: unknown) => Promise<void>,
): void {
  stack.addRelativeTo(
    <Args, Result extends { response: unknown }>(next: (args: Args) => Promise<Result>) =>
      async (args: Args) => {
        const result = await next(args);
        const response = result.response as Answered;
        if (response.statusCode < 200 || response.statusCode >= 300) return result;
        await take(response.body);
        response.body = new Uint8Array();
        return result;
      },
    { name: 'takeBody', relation: 'after', toMiddleware: 'takeRawAnswers' },
  );
}

/** The connection is given up with it: the rest of the object would have to be read to use it again. */
function drop(body: unknown): void {
  if (typeof body === 'object' && body !== null && 'destroy' in body && typeof body.destroy === 'function') {
    body.destroy();
  }
}
