import { execFileSync } from 'node:child_process';
import { App, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import * as iam from 'aws-cdk-lib/aws-iam';
import { Construct } from 'constructs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { leastPolicy, type PolicySubject } from '#core/source/iam-policy.ts';
import { policyView } from '#core/source/iam-policy-view.ts';

const seed = 20261130;
const plain: PolicySubject = {
  ...{ bucket: 'photos', prefix: 'raw/2026/', endpoint: '', region: 'eu-west-1', tags: false, identify: false },
};
const role = { roleArn: 'arn:aws:iam::111122223333:role/team/read-photos', externalId: 'external-1' };

/** Prefixes that each of the four grammars would stumble over. */
const hostile = [
  '"',
  "'",
  '`',
  '\\',
  '\n',
  '\r\n',
  '\t',
  '\u0000',
  '\u0001',
  '\u007f',
  '\u0085',
  '\u2028',
  '\u202e',
  'ü/',
  '文/',
  '😀/',
  '\ud83d\ude00',
  '\u0024{HOME}',
  '$HOME',
  '$(id)',
  '`id`',
  '$${x}',
  '$$$',
  '%{ if true }',
  '%%{',
  '\u0024{aws:username}',
  '\u0024{*}',
  '*',
  '?',
  '**/?',
  '$',
  '!x',
  '#',
  '; id',
  '&& id',
  '| id',
  '> x',
  "'; id; '",
  '"; id; "',
  '</script>',
  '//',
  '/*',
  '*/',
  'EOF\n',
  '--help',
  '-',
  '@file',
  'file:///etc/passwd',
  '\\u0041',
  '\\"',
  "\\'",
  '{{x}}',
  '<<EOF',
  '~',
  '%s%n',
  `${"a'".repeat(100)}`,
];

const anyPrefix = fc
  .oneof(
    fc.constantFrom(...hostile),
    fc
      .array(fc.oneof(fc.constantFrom(...hostile), fc.string({ unit: 'binary', maxLength: 5 })), { maxLength: 6 })
      .map((parts) => parts.join('')),
  )
  .map((text) => text.toWellFormed());

/** As IAM reads the pattern of a policy: `*` any, `?` one, and three variables for themselves. */
function matches(pattern: string, text: string): boolean {
  const source = pattern.replace(
    /\$\{([*?$])\}|([*?])|([^*?])/gsu,
    (_all, literal?: string, wild?: string, other?: string) => {
      if (wild !== undefined) return wild === '*' ? '[^]*' : '[^]';
      return (literal ?? other ?? '').replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&');
    },
  );
  return new RegExp(`^${source}$`, 'u').test(text);
}

describe('the least policy of a datasource', () => {
  it('given a bucket and a prefix, it allows listing below the prefix and reading its objects, and nothing else', () => {
    expect(leastPolicy(plain)).toEqual({
      Version: '2012-10-17',
      Statement: [
        {
          ...{ Sid: 'ListBelowPrefix', Effect: 'Allow', Action: ['s3:ListBucket'], Resource: ['arn:aws:s3:::photos'] },
          Condition: { StringLike: { 's3:prefix': 'raw/2026/*' } },
        },
        {
          ...{ Sid: 'ReadBelowPrefix', Effect: 'Allow', Action: ['s3:GetObject'] },
          Resource: ['arn:aws:s3:::photos/raw/2026/*'],
        },
      ],
    });
  });

  it('given tags that are gathered, and an inbox, it allows what these ask as well', () => {
    const { Statement } = leastPolicy({ ...plain, tags: true, identify: true });
    expect(Statement.flatMap(({ Action }) => Action)).toEqual([
      ...['s3:ListBucket', 's3:GetObject', 's3:GetObjectTagging', 's3:ListBucket', 's3:ListAllMyBuckets'],
    ]);
    expect(Statement[2]).toMatchObject({ Condition: { Null: { 's3:prefix': 'true' } } });
  });

  it('given no prefix, the whole bucket', () => {
    const { Statement } = leastPolicy({ ...plain, prefix: '' });
    expect(Statement[0]?.Condition).toBeUndefined();
    expect(Statement[1]?.Resource).toEqual(['arn:aws:s3:::photos/*']);
  });

  it.each([
    ['', 'cn-north-1', 'aws-cn'],
    ['', 'us-gov-west-1', 'aws-us-gov'],
    ['', 'eusc-de-east-1', 'aws-eusc'],
    ['', 'us-iso-east-1', 'aws-iso'],
    ['s3.cn-northwest-1.amazonaws.com.cn', undefined, 'aws-cn'],
    ['s3-fips.us-gov-east-1.amazonaws.com', undefined, 'aws-us-gov'],
    ['s3.amazonaws.com', undefined, 'aws'],
    ['s3.eu-west-1.amazonaws.com:443', undefined, 'aws'],
  ])('given the endpoint "%s" and the region %s, its ARNs are of %s', (endpoint, region, partition) => {
    expect(leastPolicy({ ...plain, endpoint, region }).Statement[0]?.Resource).toEqual([
      `arn:${partition}:s3:::photos`,
    ]);
    expect(policyView('a', { ...plain, endpoint, region }, undefined).partition).toBe(partition);
  });

  it('given any prefix, its pattern takes keys below it and no others, whatever they have in common', () => {
    fc.assert(
      fc.property(anyPrefix, fc.string({ maxLength: 5 }), anyPrefix, (prefix, more, other) => {
        const pattern = leastPolicy({ ...plain, prefix }).Statement[1]?.Resource?.[0] ?? '';
        const key = (text: string) => `arn:aws:s3:::photos/${text}`;
        expect(matches(pattern, key(prefix + more))).toBe(true);
        expect(matches(pattern, key(other))).toBe(other.startsWith(prefix));
      }),
      { numRuns: 500, seed },
    );
  });
});

describe('the four forms', () => {
  it('given any prefix, the JSON is printable ASCII and reads as the policy', () => {
    fc.assert(
      fc.property(anyPrefix, (prefix) => {
        const { json, policy } = policyView('a', { ...plain, prefix }, undefined);
        expect(json).toMatch(/^[\n\x20-\x7e]*$/);
        expect(JSON.parse(String(json))).toEqual(policy);
      }),
      { numRuns: 300, seed },
    );
  });

  it.each([undefined, role])('given any prefix and %o, Terraform reads the policy from the HCL', (taken) => {
    fc.assert(
      fc.property(anyPrefix, (prefix) => {
        const { terraform, policy, trust_policy } = policyView('a', { ...plain, prefix }, taken);
        const encoded = String(terraform)
          .split('jsonencode(')
          .slice(1)
          .map((rest) => readHcl(rest));
        expect(encoded).toEqual(taken === undefined ? [policy] : [trust_policy, policy]);
      }),
      { numRuns: 300, seed },
    );
  });

  it.each([undefined, role])('given hostile prefixes and %o, the lines of TypeScript make their policies', (taken) => {
    const stack = new Stack(new App(), 'Own');
    const views = hostile.map((prefix) => policyView('a', { ...plain, prefix: prefix.toWellFormed() }, taken));
    for (const [index, { cdk }] of views.entries()) {
      const [head, ...lines] = String(cdk).split('\n');
      expect(head).toBe("import * as iam from 'aws-cdk-lib/aws-iam';");
      new Function('iam', lines.join('\n')).call(new Construct(stack, `At${index}`), iam);
    }
    const template = Template.fromStack(stack);
    const wanted = views.map(({ policy }) => policy);
    if (taken === undefined) {
      const made = Object.values(template.findResources('AWS::IAM::Policy'));
      expect(made.map(({ Properties }) => inLists(Properties.PolicyDocument))).toEqual(wanted);
      return;
    }
    const made = Object.values(template.findResources('AWS::IAM::Role')).map(({ Properties }) => Properties);
    expect(made.map(({ Policies }) => Policies[0].PolicyDocument)).toEqual(wanted);
    const trusts = views.map(({ trust_policy }) => ['read-photos', '/team/', trust_policy]);
    expect(made.map((each) => [each.RoleName, each.Path, each.AssumeRolePolicyDocument])).toEqual(trusts);
  });

  it('given hostile prefixes, a shell hands the policy to the command as it is, and runs nothing else', () => {
    const views = hostile.flatMap((prefix) =>
      [undefined, role].map((taken) => policyView('a', { ...plain, prefix: prefix.toWellFormed() }, taken)),
    );
    const script = views.map(({ cli }) => cli).join('\n');
    // Instead of the AWS CLI: prints its arguments, each ended by a NUL.
    const printing = `PATH=; aws() { printf '%s\\0' "$@"; }\n`;
    const printed = execFileSync('/bin/sh', ['-euc', `${printing}${script}`], { encoding: 'utf8' }).split('\0');
    const documents = printed.filter((argument) => argument.startsWith('{')).map((argument) => JSON.parse(argument));
    const wanted = views.flatMap(({ policy, trust_policy }) =>
      trust_policy === null ? [policy] : [trust_policy, policy],
    );
    expect(documents).toEqual(wanted);
  });

  it('given a server of another make, it says that this is for AWS and shows the lines for mc', () => {
    const view = policyView('1', { ...plain, endpoint: 'minio.example.com:9000', region: undefined }, undefined);
    expect(view).toMatchObject({ partition: null, cdk: null, terraform: null, trust_policy: null });
    expect(view.cli).toMatch(
      /mc admin policy create ALIAS stocktake-1 stocktake-1\.json\nmc admin policy attach ALIAS stocktake-1/,
    );
    expect(view.notes).toContainEqual(expect.stringMatching(/^This is for AWS\. minio\.example\.com:9000/));
  });

  it('given a role, only who tells its external id may take it, and the notes say who to put', () => {
    const view = policyView('docs "x"', plain, role);
    expect(view.trust_policy).toMatchObject({
      Statement: [{ Action: ['sts:AssumeRole'], Condition: { StringEquals: { 'sts:ExternalId': 'external-1' } } }],
    });
    expect(view.cli).toContain('--policy-name stocktake-docs--x-');
    expect(view.notes).toContainEqual(expect.stringContaining('AssumingRoleArns'));
    expect(view.notes).toContainEqual(expect.stringContaining('kms:Decrypt'));
  });
});

/** The CDK writes a list of one as its element. */
function inLists(document: { Statement: Record<string, unknown>[] }): unknown {
  const listed = (value: unknown) => (Array.isArray(value) ? value : [value]);
  const Statement = document.Statement.map((statement) => ({
    ...statement,
    ...{ Action: listed(statement.Action), Resource: listed(statement.Resource) },
  }));
  return { ...document, Statement };
}

/** Reads one expression of HCL (https://github.com/hashicorp/hcl/blob/main/hclsyntax/spec.md), of what is written here. */
function readHcl(text: string): unknown {
  let at = 0;
  const blank = () => {
    while (/\s/.test(text[at] ?? '')) at += 1;
  };
  const take = (wanted: string) => {
    blank();
    if (text[at] !== wanted) throw new Error(`${wanted} is missing at ${text.slice(at, at + 20)}`);
    at += 1;
  };
  const quoted = (): string => {
    take('"');
    let read = '';
    for (;;) {
      const character = text[at] ?? '';
      if (character === '' || character === '\n') throw new Error('a quoted text does not end on its line');
      if ((character === '$' || character === '%') && text[at + 1] === '{') throw new Error('a template begins here');
      at += 1;
      if (character === '"') return read;
      read += character === '\\' ? escaped() : character;
    }
  };
  const escaped = (): string => {
    const kind = text[at] ?? '';
    at += 1;
    if (kind === '"' || kind === '\\') return kind;
    const digits = kind === 'u' ? 4 : 8;
    if (kind !== 'u' && kind !== 'U') throw new Error(`there is no escape ${kind}`);
    const code = Number.parseInt(text.slice(at, at + digits), 16);
    at += digits;
    return String.fromCodePoint(code);
  };
  const value = (): unknown => {
    blank();
    if (text[at] === '"') return quoted();
    const isList = text[at] === '[';
    const [from, to] = isList ? ['[', ']'] : ['{', '}'];
    const entries: [string, unknown][] = [];
    take(from ?? '');
    for (blank(); text[at] !== to; blank()) {
      const key = isList ? '' : quoted();
      if (!isList) take('=');
      entries.push([key, value()]);
      blank();
      if (text[at] === ',') at += 1;
    }
    take(to ?? '');
    return isList ? entries.map(([, each]) => each) : Object.fromEntries(entries);
  };
  return value();
}
