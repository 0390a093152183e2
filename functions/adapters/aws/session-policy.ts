import type { RoleToTake } from '#core/model/ports/roles.ts';
import { isAccessPointAlias } from '#core/source/bucket-name.ts';

/**
 * What a session of a role may do, whatever else the role allows: read the one bucket that it is taken for, list the names
 * of buckets (nothing else tells when a bucket was made), and decrypt by way of S3. STS takes 2,048 characters:
 * https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html
 *
 * An access point's alias tells neither its account nor the bucket behind it, which an ARN would have to name: there the
 * session reads whatever the role does.
 */
export function sessionPolicy({ roleArn, bucket }: Pick<RoleToTake, 'roleArn' | 'bucket'>): string {
  const [, partition = 'aws'] = roleArn.split(':');
  const arn = `arn:${partition}:s3:::${bucket}`;
  return JSON.stringify({
    Version: '2012-10-17',
    Statement: [
      {
        Effect: 'Allow',
        Action: ['s3:Get*', 's3:List*'],
        Resource: isAccessPointAlias(bucket) ? '*' : [arn, `${arn}/*`],
      },
      { Effect: 'Allow', Action: 's3:ListAllMyBuckets', Resource: '*' },
      // S3 decrypts in our name, by a host whose domain depends on the partition.
      {
        Effect: 'Allow',
        Action: 'kms:Decrypt',
        Resource: '*',
        Condition: { StringLike: { 'kms:ViaService': 's3.*' } },
      },
    ],
  });
}
