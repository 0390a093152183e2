import { partitionOf, regionOfHost } from './aws-host.ts';
import { parseEndpoint } from './endpoint.ts';

/** What of a datasource decides what has to be allowed. */
export type PolicySubject = {
  readonly bucket: string;
  readonly prefix: string;
  readonly endpoint: string;
  readonly region?: string | undefined;
  /** Whether tags of objects are gathered. */
  readonly tags: boolean;
  /** Whether the bucket is asked whether it is the one it was: `sync.expect_empty`. */
  readonly identify: boolean;
};

export type Statement = {
  readonly Sid: string;
  readonly Effect: 'Allow';
  readonly Principal?: { readonly AWS: readonly string[] };
  readonly Action: readonly string[];
  readonly Resource?: readonly string[];
  readonly Condition?: Readonly<Record<string, Readonly<Record<string, string>>>>;
};

export type PolicyDocument = { readonly Version: '2012-10-17'; readonly Statement: readonly Statement[] };

/** Put by whoever reads the trust policy: the api does not know which roles take others. */
export const principalPlaceholder = 'REPLACE_WITH_A_ROLE_OF_ASSUMING_ROLE_ARNS';

/** The partition of AWS that a bucket is in, by its region or its endpoint. */
export function partitionOfSource({ endpoint, region }: Pick<PolicySubject, 'endpoint' | 'region'>): string {
  const parsed = endpoint === '' ? undefined : parseEndpoint(endpoint);
  const named = parsed === undefined || 'reason' in parsed ? undefined : regionOfHost(parsed.host);
  return partitionOf(region ?? named);
}

/**
 * The least that a datasource's credentials need: listing below its prefix; HEAD and links of objects there, which
 * deletions are confirmed with; tags where they are gathered. Bucket and prefix are what stands in the row.
 */
export function leastPolicy(subject: PolicySubject): PolicyDocument {
  const bucket = `arn:${partitionOfSource(subject)}:s3:::${subject.bucket}`;
  const below = `${literally(subject.prefix)}*`;
  const within = subject.prefix === '' ? {} : { Condition: { StringLike: { 's3:prefix': below } } };
  const objects = ['s3:GetObject', ...(subject.tags ? ['s3:GetObjectTagging'] : [])];
  return {
    Version: '2012-10-17',
    Statement: [
      { Sid: 'ListBelowPrefix', Effect: 'Allow', Action: ['s3:ListBucket'], Resource: [bucket], ...within },
      { Sid: 'ReadBelowPrefix', Effect: 'Allow', Action: objects, Resource: [`${bucket}/${below}`] },
      ...(subject.identify ? identifying(bucket, subject.prefix) : []),
    ],
  };
}

/** Lets the named roles take this one, if they tell the external id that was made for the row. */
export function trustPolicy(externalId: string): PolicyDocument {
  return {
    Version: '2012-10-17',
    Statement: [
      {
        Sid: 'StocktakeReads',
        Effect: 'Allow',
        Principal: { AWS: [principalPlaceholder] },
        Action: ['sts:AssumeRole'],
        Condition: { StringEquals: { 'sts:ExternalId': externalId } },
      },
    ],
  };
}

/** A HEAD of the bucket is allowed by s3:ListBucket, and names no prefix. */
function identifying(bucket: string, prefix: string): Statement[] {
  const head = {
    ...({ Sid: 'HeadBucket', Effect: 'Allow', Action: ['s3:ListBucket'], Resource: [bucket] } as const),
    Condition: { Null: { 's3:prefix': 'true' } },
  };
  const dates = { Sid: 'BucketDates', Effect: 'Allow', Action: ['s3:ListAllMyBuckets'], Resource: ['*'] } as const;
  return prefix === '' ? [dates] : [head, dates];
}

/** IAM takes `*` and `?` for patterns and `${` for the beginning of a variable; each of the three has a variable that is
 *  itself: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html */
function literally(text: string): string {
  return text.replace(/[*?$]/g, (character) => `\${${character}}`);
}
