import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import * as z from 'zod';
import { CFN_LINT_PYTHON, isCfnLintThere } from '#support/engine-paths.ts';
import { synthesize } from './stack-template.ts';

const skipped = isCfnLintThere() ? undefined : 'cfn-lint is not there: run `npm run engines`, which needs Python 3.10';
if (skipped !== undefined) console.warn(`cfn-lint: skipped. ${skipped}`);
test.runIf(skipped !== undefined && process.env.CI)('runs in CI', () => expect.fail(skipped));

/** What is no error, and may be. */
const allowed: Readonly<Record<string, string>> = {
  W3005: 'the CDK says of each function that it depends on its role, though the reference to the role says so already',
};

const finding = z.object({
  Filename: z.string(),
  Level: z.string(),
  Message: z.string(),
  Rule: z.object({ Id: z.string() }),
  Location: z.object({ Path: z.array(z.union([z.string(), z.number()])).nullable() }),
});

/** With all that the context can add. */
const everything = {
  ...{ removalPolicy: 'destroy', alarmEmail: 'ops@example.com', syncConcurrency: '10', namePrefix: 'other' },
  ...{ corsOrigins: 'https://app.example.com', privateEndpoints: 'minio.internal:9000' },
  ...{
    subnetIds: 'subnet-0123456789abcdef0',
    securityGroupIds: 'sg-0123456789abcdef0',
    allowedCidrs: '203.0.113.0/24',
  },
  tableWarmWrites: '20000',
  restoredTableStreamArn: 'arn:aws:dynamodb:eu-west-1:111122223333:table/restored/stream/2026-01-01T00:00:00.000',
  permissionsBoundary: 'arn:aws:iam::111122223333:policy/boundary',
  customDomain: 'catalogue.example.com',
  certificateArn: 'arn:aws:acm:eu-west-1:111122223333:certificate/11112222-3333-4444-5555-666677778888',
  tags: 'team=data',
};

const frontDoor = {
  ...{ frontDoor: 'cloudfront', customDomain: 'catalogue.example.com', frontDoorRotation: '2' },
  certificateArn: 'arn:aws:acm:us-east-1:111122223333:certificate/11112222-3333-4444-5555-666677778888',
  webAclArn: 'arn:aws:wafv2:us-east-1:111122223333:global/webacl/acme/11112222-3333-4444-5555-666677778888',
};

/** A table whose billing mode is misspelt, and a queue with a property that queues do not have. */
const careless = {
  Resources: {
    Table: {
      Type: 'AWS::DynamoDB::Table',
      Properties: {
        BillingMode: 'PAY_BY_REQUEST',
        AttributeDefinitions: [{ AttributeName: 'pk', AttributeType: 'S' }],
        KeySchema: [{ AttributeName: 'pk', KeyType: 'HASH' }],
      },
    },
    Queue: { Type: 'AWS::SQS::Queue', Properties: { Retention: 60 } },
  },
};

describe.skipIf(skipped)('the template, as cfn-lint reads it', () => {
  const findings: { file: string; rule: string; level: string; text: string }[] = [];

  let folder: string;

  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'stocktake-cfn-lint-'));
    const templates = {
      defaults: synthesize().template.toJSON(),
      everything: synthesize(everything).template.toJSON(),
      'a front door': synthesize(frontDoor).template.toJSON(),
    };
    const files = Object.entries({ ...templates, careless }).map(([name, template]) => {
      const file = join(folder, `${name}.json`);
      writeFileSync(file, JSON.stringify(template));
      return file;
    });
    // Its own start script names the folder that it was installed in before it was moved.
    const program = 'import sys; from cfnlint.runner import main; sys.exit(main())';
    const options = ['--regions', 'us-east-1', 'eu-west-1', '--format', 'json', '--', ...files];
    const answer = spawnSync(CFN_LINT_PYTHON, ['-c', program, ...options], { cwd: folder, encoding: 'utf8' });
    if (answer.error || answer.stdout === '') throw new Error(`cfn-lint failed: ${answer.error ?? ''}${answer.stderr}`);
    for (const { Filename, Level, Message, Rule, Location } of z.array(finding).parse(JSON.parse(answer.stdout))) {
      const text = `${Rule.Id} ${(Location.Path ?? []).join('/')}: ${Message}`;
      findings.push({ file: basename(Filename, '.json'), rule: Rule.Id, level: Level, text });
    }
  }, 180_000);

  test.each(['defaults', 'everything', 'a front door'])(
    'given the stack with %s, there is no error, and no warning but the known',
    (file) => {
      const unknown = findings.filter((each) => each.file === file && !Object.hasOwn(allowed, each.rule));
      expect(unknown.map(({ text }) => text)).toEqual([]);
      expect(findings.filter((each) => each.file === file && each.level === 'Error')).toEqual([]);
    },
  );

  test('given a template with two mistakes, it finds them', () => {
    const errors = findings.filter((each) => each.file === 'careless' && each.level === 'Error');
    expect(errors.map(({ text }) => text)).toEqual(
      expect.arrayContaining([
        expect.stringMatching(/^E\d+ Resources\/Table\/Properties\/BillingMode: /),
        expect.stringMatching(/^E\d+ Resources\/Queue\/Properties\/Retention: /),
      ]),
    );
  });
});
