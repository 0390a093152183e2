import * as z from 'zod';
import type { FailureDetail } from '../model/errors.ts';
import { isEndpointOfAws } from './bucket-name.ts';

/** An IAM role in any partition: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html. A path may
 *  hold any printable character; `*` and `?` are left out, for a pattern names no role. */
const roleArnPattern = /^arn:aws(?:-[a-z]+){0,3}:iam::\d{12}:role\/(?:[!-)+-.0->@-~]+\/)*[\w+=,.@-]{1,64}$/;

/** The path and the name of a role take 512 and 64 characters at most. */
const LONGEST_ARN = 640;

export const roleArn = z
  .string()
  .max(LONGEST_ARN, `must be at most ${LONGEST_ARN} characters`)
  .regex(roleArnPattern, 'must be the ARN of an IAM role, such as arn:aws:iam::111122223333:role/read-photos');

/** What hinders a role under these settings; nothing where they name none. */
export function roleProblems(config: {
  readonly role_arn?: string | undefined;
  readonly endpoint?: string | undefined;
  readonly use_ssl?: boolean | undefined;
}): FailureDetail[] {
  if (config.role_arn === undefined) return [];
  const problems: FailureDetail[] = [];
  if (!isEndpointOfAws(config.endpoint ?? '')) {
    problems.push({
      path: 'endpoint',
      reason:
        "must be AWS's own S3 where role_arn stands, for the temporary credentials of a role are sent to no other server: leave it empty and give region, or name a host such as s3.eu-west-1.amazonaws.com",
    });
  }
  if (config.use_ssl === false) {
    problems.push({
      path: 'use_ssl',
      reason: 'must be true where role_arn stands: the credentials of a role go over TLS only',
    });
  }
  return problems;
}
