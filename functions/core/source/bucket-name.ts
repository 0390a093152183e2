import type { FailureDetail } from '../model/errors.ts';
import { isAwsHost } from './aws-host.ts';
import { parseEndpoint } from './endpoint.ts';
import { isAwsRegion } from './region.ts';

/** https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html */
const awsName = /^(?!.*\.\.)[a-z0-9][a-z0-9._-]{1,61}[a-z0-9]$/;

/** What the names end in that AWS gives to things which are no buckets, and what those are. Requests to most of them are
 *  made in other ways than to a bucket, and what any of them lists is not what S3 lists of one. */
const otherThings: readonly (readonly [ending: string, thing: string])[] = [
  ['-ext-s3alias', 'an access point to a file system'],
  ['--ol-s3', 'an Object Lambda access point'],
  ['--op-s3', 'an access point on Outposts'],
  ['.mrap', 'a Multi-Region Access Point'],
  ['--table-s3', 'a table bucket'],
];

/** What other servers take besides: capitals (Backblaze B2), up to 255 characters, the bucket of another tenant (Ceph).
 *  `.` and `..` would turn a path-style request into "list all buckets", a slash into one about an object. */
export const bucketNamePattern =
  /^(?=.{3,255}$)(?!.*\.\.)(?:[A-Za-z0-9][A-Za-z0-9._-]{0,62}:)?[A-Za-z0-9][A-Za-z0-9._-]{1,253}[A-Za-z0-9]$/;

/** Why a text is no name of a bucket on any server. */
export function bucketNameReason(text: unknown): string {
  return typeof text === 'string' && /^arn:/i.test(text)
    ? 'must be the name of a bucket, not an ARN: of arn:aws:s3:::photos it is photos. An access point is not taken by its ARN: name the bucket behind it'
    : 'must be a bucket name: 3–63 of a–z, 0–9, dot, hyphen, beginning and ending with a letter or digit, no two dots in a row; on servers other than AWS also capitals, tenant:bucket, and up to 255 characters';
}

/** True of what AWS calls an access point that can be asked like a bucket. */
export function isAccessPointAlias(bucket: string): boolean {
  return bucket.endsWith('-s3alias');
}

/** True of AWS's own S3, which an empty endpoint stands for. Not every host under amazonaws.com is AWS's: gateways and
 *  load balancers of its customers stand there too. */
export function isEndpointOfAws(endpoint: string): boolean {
  if (endpoint === '') return true;
  const parsed = parseEndpoint(endpoint);
  return !('reason' in parsed) && isAwsHost(parsed.host);
}

/** What AWS's own S3 does not take of a bucket's and a region's name, which other servers do; nothing for those. */
export function awsProblems(config: {
  readonly bucket?: string | undefined;
  readonly endpoint: string;
  readonly region?: string | null | undefined;
}): FailureDetail[] {
  if (!isEndpointOfAws(config.endpoint)) return [];
  const problems: FailureDetail[] = [];
  if (config.bucket !== undefined && !awsName.test(config.bucket)) {
    problems.push({
      path: 'bucket',
      reason:
        'must be a bucket name of AWS: 3–63 of a–z, 0–9, dot, hyphen, beginning and ending with a letter or digit, no two dots in a row',
    });
  }
  const [, thing] = otherThings.find(([ending]) => config.bucket?.endsWith(ending)) ?? [];
  if (thing !== undefined) {
    problems.push({
      path: 'bucket',
      reason: `is the name of ${thing}, which cannot be catalogued: name a general purpose bucket`,
    });
  }
  if (config.region && !isAwsRegion(config.region)) {
    problems.push({ path: 'region', reason: 'must be a region of AWS such as "eu-west-1"' });
  }
  return problems;
}
