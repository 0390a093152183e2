import { describe, expect, test } from 'vitest';
import { sessionPolicy } from '#adapters/aws/session-policy.ts';

const roleIn = (partition: string) => `arn:${partition}:iam::111122223333:role/reader`;

type Statement = { readonly Action: string | string[]; readonly Resource: unknown };

function resourcesOf(policy: string): unknown {
  const { Statement: all } = JSON.parse(policy) as { Statement: Statement[] };
  return all.find(({ Action }) => [Action].flat().includes('s3:Get*'))?.Resource;
}

describe('what a session of a role may do', () => {
  test.each(['aws', 'aws-cn', 'aws-us-gov'])(
    "given a role of the partition %s, its bucket is that partition's",
    (partition) => {
      const arn = `arn:${partition}:s3:::photos`;
      expect(resourcesOf(sessionPolicy({ roleArn: roleIn(partition), bucket: 'photos' }))).toEqual([arn, `${arn}/*`]);
    },
  );

  test('given the longest name there is, STS takes the policy', () => {
    expect(sessionPolicy({ roleArn: roleIn('aws-us-gov'), bucket: 'b'.repeat(255) }).length).toBeLessThan(2048);
  });

  test("given an access point's alias, which no ARN can name, the session reads what the role does", () => {
    const bucket = 'inbox-abcdefghijklmnopqrstuvwxyz0123456-s3alias';
    expect(resourcesOf(sessionPolicy({ roleArn: roleIn('aws'), bucket }))).toBe('*');
  });
});
