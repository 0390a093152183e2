import { GetObjectCommand } from '@aws-sdk/client-s3';
import { getSignedUrl } from '@aws-sdk/s3-request-presigner';
import { Failure } from '#core/model/errors.ts';
import type { S3Session } from './s3-session.ts';

/** https://docs.aws.amazon.com/AmazonS3/latest/userguide/using-presigned-url.html */
const MAX_PRESIGN_SECONDS = 7 * 24 * 3600;

/** Throws Failure `invalid_request` for a time that S3 takes no URL for. */
export function demandPresignable(expiresInSeconds: number): void {
  if (Number.isInteger(expiresInSeconds) && expiresInSeconds >= 1 && expiresInSeconds <= MAX_PRESIGN_SECONDS) return;
  throw new Failure('invalid_request', 'A presigned URL is valid for 1–604,800 seconds (7 days).');
}

/**
 * A URL that reads an object, signed for the region that the session knows. It has the parameters of a signature and no
 * others: the SDK's own (`x-id`, which names the operation, and the hash that says there is no body) mean nothing to S3,
 * and there are servers that refuse what they do not know.
 */
export async function presignedUrl(
  { client, region }: S3Session,
  place: { readonly Bucket: string; readonly Key: string },
  expiresIn: number,
): Promise<string> {
  const command = new GetObjectCommand(place);
  command.middlewareStack.add(
    (next) => (args) => {
      dropOperation(args.request);
      return next(args);
    },
    { name: 'dropOperation', step: 'build', priority: 'low' },
  );
  const hash = 'x-amz-content-sha256';
  const unsigned = { unhoistableHeaders: new Set([hash]), unsignableHeaders: new Set([hash]) };
  return await getSignedUrl(client, command, { expiresIn, signingRegion: region, ...unsigned });
}

function dropOperation(request: unknown): void {
  const query: unknown = typeof request === 'object' && request !== null ? Reflect.get(request, 'query') : undefined;
  if (typeof query === 'object' && query !== null) Reflect.deleteProperty(query, 'x-id');
}
