import * as z from 'zod';
import type { FailureDetail } from '../model/errors.ts';
import { isEndpointOfAws } from './bucket-name.ts';

/** The account that a bucket is to belong to: https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucket-owner-condition.html.
 *  S3 refuses whatever is asked of a bucket of another account, so that a name which a stranger took is not read. */
export const bucketOwner = z
  .string()
  .regex(/^\d{12}$/, 'must be the 12 digits of an AWS account, such as 111122223333');

/** What hinders the owner under these settings; nothing where they name none. */
export function ownerProblems(config: {
  readonly expected_bucket_owner?: string | null | undefined;
  readonly endpoint?: string | undefined;
}): FailureDetail[] {
  if (typeof config.expected_bucket_owner !== 'string' || isEndpointOfAws(config.endpoint ?? '')) return [];
  const reason =
    "goes with AWS's own S3 alone: other servers do not look whose a bucket is, and would seem to; leave it out";
  return [{ path: 'expected_bucket_owner', reason }];
}
