import { type Stack, Token } from 'aws-cdk-lib';
import { CfnManagedPolicy, CfnPolicy } from 'aws-cdk-lib/aws-iam';
import { CfnFunction } from 'aws-cdk-lib/aws-lambda';

/** Bytes of all variables of a function together: https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html */
const mostEnvironmentBytes = 4096;

/** Characters of all policies in a role together: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html */
const mostPolicyCharacters = 10_240;

/** The longest beginning of an ARN or a URL, with a hyphen on each side of the stack's part of the name and 13 characters
 *  that CloudFormation adds. The longest is that of a secret: `arn:aws-us-gov:secretsmanager:us-gov-west-1:ACCOUNT:secret:`. */
const aroundNames = 80;

/** No stack's name is longer, for where it is not known yet. */
const longestStackName = 128;

/** What AWS refuses of the settings of a stack for its size, one sentence each. Names that AWS gives are reckoned with at
 *  their longest, so that what passes here is not refused there. */
export function sizeProblems(stack: Stack): string[] {
  const nodes = stack.node.findAll();
  const functions = nodes.filter((node) => CfnFunction.isCfnFunction(node));
  return [...functions.flatMap((fn) => environmentProblems(stack, fn)), ...policyProblems(stack)];
}

function environmentProblems(stack: Stack, fn: CfnFunction): string[] {
  const resolved: { variables?: Record<string, unknown> } = stack.resolve(fn.environment) ?? {};
  const variables = Object.entries(resolved.variables ?? {}).map(
    ([name, value]) => [name, String(longest(stack, value))] as const,
  );
  // Lambda measures them as JSON.
  const bytes = Buffer.byteLength(JSON.stringify(Object.fromEntries(variables)));
  if (bytes <= mostEnvironmentBytes) return [];
  const [name, value] = variables.sort(([, one], [, other]) => other.length - one.length)[0] ?? ['', ''];
  const setting = name.toLowerCase().replaceAll(/_(\w)/g, (_, letter: string) => letter.toUpperCase());
  return [
    `the environment of the function ${ownerOf(fn.node.path)} would have ${count(bytes)} bytes, and Lambda takes ${count(mostEnvironmentBytes)}: ` +
      `-c ${setting} alone makes ${count(Buffer.byteLength(value))} of them; name fewer, or one pattern for many`,
  ];
}

function policyProblems(stack: Stack): string[] {
  const sizes = new Map<string, number>();
  for (const node of stack.node.findAll()) {
    if (!(node instanceof CfnPolicy || node instanceof CfnManagedPolicy)) continue;
    const { length } = JSON.stringify(longest(stack, stack.resolve(node.policyDocument)));
    const owner = ownerOf(node.node.path);
    sizes.set(owner, (sizes.get(owner) ?? 0) + length);
  }
  return [...sizes].flatMap(([owner, size]) =>
    size <= mostPolicyCharacters
      ? []
      : [
          `the policies of the role of ${owner} would have ${count(size)} characters, and IAM takes ${count(mostPolicyCharacters)}: ` +
            'name fewer roles in -c assumableRoles, or one pattern for many',
        ],
  );
}

/** The construct of the stack that a resource belongs to, which is named as its function is. */
function ownerOf(path: string): string {
  const parts = path.split('/');
  return (parts[parts.indexOf('Role') - 1] ?? parts.at(-3) ?? path).toLowerCase();
}

/** A value of the template as text, where intrinsic functions stand as text of the greatest length that theirs can have. */
function longest(stack: Stack, value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map((each) => longest(stack, each));
  if ('Fn::Join' in value) {
    const [separator, parts] = value['Fn::Join'] as [string, unknown[]];
    return parts.map((part) => longest(stack, part)).join(separator);
  }
  const intrinsic = Object.entries(value).find(([name]) => name === 'Ref' || name.startsWith('Fn::'));
  if (intrinsic !== undefined) return 'x'.repeat(lengthOf(stack, intrinsic[1]));
  return Object.fromEntries(Object.entries(value).map(([name, inside]) => [name, longest(stack, inside)]));
}

function lengthOf({ stackName }: Stack, reference: unknown): number {
  const [name = ''] = [reference].flat().map(String);
  // Account, region and partition: the longest of them is the suffix of URLs in an isolated partition.
  if (name.startsWith('AWS::')) return 20;
  return (Token.isUnresolved(stackName) ? longestStackName : stackName.length) + name.length + aroundNames;
}

function count(value: number): string {
  return value.toLocaleString('en');
}
