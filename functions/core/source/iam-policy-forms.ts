import type { PolicyDocument } from './iam-policy.ts';

/** What the forms are written from. */
export type PolicyForms = {
  /** Of the policy and of what the lines make; letters, digits and hyphens. */
  readonly name: string;
  readonly policy: PolicyDocument;
  /** Of the role that reads, where one is taken. */
  readonly role?: {
    readonly name: string;
    readonly path: string;
    readonly trust: PolicyDocument;
  };
  /** The alias of `mc` is the user's own, so that it is a placeholder. */
  readonly foreign: boolean;
};

/**
 * A policy as JSON. All but printable ASCII is escaped, as IAM demands of a document:
 * https://docs.aws.amazon.com/IAM/latest/APIReference/API_PutRolePolicy.html
 */
export function policyJson(policy: unknown): string {
  return ascii(JSON.stringify(policy, null, 2));
}

/** Lines for a shell: with the AWS CLI, or MinIO's client for a server of another make. */
export function policyCommands({ name, policy, role, foreign }: PolicyForms): string {
  const document = shellText(policyJson(policy));
  if (foreign) {
    return [
      `printf '%s' ${document} > ${name}.json`,
      `mc admin policy create ALIAS ${name} ${name}.json`,
      `mc admin policy attach ALIAS ${name} --user ACCESS_KEY_ID`,
    ].join('\n');
  }
  if (role === undefined)
    return `aws iam put-user-policy --user-name USER --policy-name ${name} --policy-document ${document}`;
  const roleName = shellText(role.name);
  return [
    `aws iam create-role --role-name ${roleName} --path ${shellText(role.path)} --assume-role-policy-document ${shellText(policyJson(role.trust))}`,
    `aws iam put-role-policy --role-name ${roleName} --policy-name ${name} --policy-document ${document}`,
  ].join('\n');
}

/** Terraform (HCL), with the provider `hashicorp/aws`. */
export function policyTerraform({ name, policy, role }: PolicyForms): string {
  if (role === undefined) {
    return [
      'resource "aws_iam_user_policy" "stocktake" {',
      '  user   = "USER"',
      `  name   = ${hclText(name)}`,
      `  policy = jsonencode(${hclValue(policy, '  ')})`,
      '}',
    ].join('\n');
  }
  return [
    'resource "aws_iam_role" "stocktake" {',
    `  name               = ${hclText(role.name)}`,
    `  path               = ${hclText(role.path)}`,
    `  assume_role_policy = jsonencode(${hclValue(role.trust, '  ')})`,
    '}',
    '',
    'resource "aws_iam_role_policy" "stocktake" {',
    '  role   = aws_iam_role.stocktake.name',
    `  name   = ${hclText(name)}`,
    `  policy = jsonencode(${hclValue(policy, '  ')})`,
    '}',
  ].join('\n');
}

/** TypeScript of the CDK, for the constructor of a stack. */
export function policyCdk({ name, policy, role }: PolicyForms): string {
  const document = `iam.PolicyDocument.fromJson(${policyJson(policy)})`;
  const head = "import * as iam from 'aws-cdk-lib/aws-iam';\n";
  if (role === undefined) {
    const user = "iam.User.fromUserName(this, 'StocktakeUser', 'USER')";
    return `${head}\nnew iam.Policy(this, 'StocktakeReads', {\n  policyName: '${name}',\n  users: [${user}],\n  document: ${document},\n});`;
  }
  return [
    head,
    "new iam.CfnRole(this, 'StocktakeReader', {",
    `  roleName: ${ascii(JSON.stringify(role.name))},`,
    `  path: ${ascii(JSON.stringify(role.path))},`,
    `  assumeRolePolicyDocument: ${policyJson(role.trust)},`,
    `  policies: [{ policyName: '${name}', policyDocument: ${policyJson(policy)} }],`,
    '});',
  ].join('\n');
}

function ascii(json: string): string {
  return json.replace(/[^\n\x20-\x7e]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

/** Between single quotes a POSIX shell takes everything as it is, but for the quote itself. */
function shellText(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

/** `$` and `%` begin what Terraform would work out; as escapes they cannot. Characters beyond U+FFFF have eight digits. */
function hclText(text: string): string {
  const escaped = text.replace(/["\\$%]|[^\x20-\x7e]/gu, (character) => {
    if (character === '"' || character === '\\') return `\\${character}`;
    const code = character.codePointAt(0) ?? 0;
    return code > 0xffff ? `\\U${code.toString(16).padStart(8, '0')}` : `\\u${code.toString(16).padStart(4, '0')}`;
  });
  return `"${escaped}"`;
}

function hclValue(value: unknown, indent: string): string {
  const deeper = `${indent}  `;
  if (Array.isArray(value)) return `[${value.map((each) => hclValue(each, indent)).join(', ')}]`;
  if (typeof value !== 'object' || value === null) return hclText(String(value));
  const lines = Object.entries(value).map(([key, each]) => `${deeper}${hclText(key)} = ${hclValue(each, deeper)}`);
  return `{\n${lines.join('\n')}\n${indent}}`;
}
