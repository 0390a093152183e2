import { isBelowAws } from './aws-host.ts';
import { isAccessPointAlias, isEndpointOfAws } from './bucket-name.ts';
import { parseEndpoint } from './endpoint.ts';
import { leastPolicy, type PolicySubject, partitionOfSource, principalPlaceholder, trustPolicy } from './iam-policy.ts';
import { type PolicyForms, policyCdk, policyCommands, policyJson, policyTerraform } from './iam-policy-forms.ts';

/** The role that a datasource names, and what AWS is told when it is taken. */
export type SubjectRole = { readonly roleArn: string; readonly externalId: string };

/**
 * Says what has to be allowed for a datasource and how to allow it, in four forms.
 *
 * @param id of the datasource, which the policy is named by.
 * @param role where one stands instead of keys.
 */
export function policyView(id: string, subject: PolicySubject, role: SubjectRole | undefined): Record<string, unknown> {
  const policy = leastPolicy(subject);
  const trust = role && trustPolicy(role.externalId);
  const forms: PolicyForms = {
    name: `stocktake-${id.replace(/[^A-Za-z0-9-]/g, '-')}`.slice(0, 128),
    policy,
    foreign: !isOfAws(subject.endpoint),
    ...(role && trust ? { role: { ...nameOf(role.roleArn), trust } } : {}),
  };
  return {
    bucket: subject.bucket,
    prefix: subject.prefix,
    partition: forms.foreign ? null : partitionOfSource(subject),
    policy,
    trust_policy: trust ?? null,
    json: policyJson(trust === undefined ? policy : { policy, trust_policy: trust }),
    cdk: forms.foreign ? null : policyCdk(forms),
    terraform: forms.foreign ? null : policyTerraform(forms),
    cli: policyCommands(forms),
    notes: notes(subject, role),
  };
}

/** Endpoints of one's own network stand below AWS's domains as well, and are judged by IAM like all of its S3. */
function isOfAws(endpoint: string): boolean {
  const parsed = endpoint === '' ? undefined : parseEndpoint(endpoint);
  return isEndpointOfAws(endpoint) || (parsed !== undefined && !('reason' in parsed) && isBelowAws(parsed.host));
}

/** A path begins and ends with a slash; a role without one has the slash alone. */
function nameOf(roleArn: string): { name: string; path: string } {
  const whole = roleArn.slice(roleArn.indexOf('/'));
  const end = whole.lastIndexOf('/') + 1;
  return { path: whole.slice(0, end), name: whole.slice(end) };
}

function notes(subject: PolicySubject, role: SubjectRole | undefined): string[] {
  const foreign = !isOfAws(subject.endpoint);
  const bucketKey = `arn:${partitionOfSource(subject)}:kms:REGION:ACCOUNT:key/KEY`;
  const all: [boolean, string][] = [
    [
      foreign,
      `This is for AWS. ${subject.endpoint} is another server: MinIO takes the same policy, as the lines for mc show; others have rights of their own.`,
    ],
    [
      foreign && /[*?$]/.test(subject.prefix),
      'The prefix has *, ? or $ in it, which IAM writes as a variable; MinIO may not know these.',
    ],
    [
      !foreign,
      `Objects that are encrypted with a KMS key of yours need kms:Decrypt on that key (${bucketKey}) as well, for links to their content and for checksums; listing them does not.`,
    ],
    [
      !subject.tags,
      's3:GetObjectTagging is left out, as no tags are gathered (enrichment_pipeline). Jobs of the connector that use these credentials gather them unless told otherwise.',
    ],
    [true, 'Without s3:GetObject there are no links to content, and deletions take a listing each to confirm.'],
    [
      subject.identify && subject.prefix !== '',
      'expect_empty asks the bucket whether it is the one it was. AWS allows that by s3:ListBucket without a prefix, which lets all its keys be listed.',
    ],
    [
      isAccessPointAlias(subject.bucket),
      'This is the alias of an access point, which no policy may name: put the ARN of the access point, and for objects ARN/object/…, into Resource.',
    ],
    [
      role !== undefined,
      `${principalPlaceholder}: of a deployment, the roles in the stack's output AssumingRoleArns; on one machine, who aws sts get-caller-identity shows.`,
    ],
    [role === undefined && !foreign, 'USER is the IAM user that the access key belongs to.'],
  ];
  return all.flatMap(([holds, note]) => (holds ? [note] : []));
}
