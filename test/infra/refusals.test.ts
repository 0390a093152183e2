import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, test } from 'vitest';
import { sizeProblems } from '../../infra/aws/constructs/size-limits.ts';
import { createApp, createStack } from './stack-template.ts';

const app = fileURLToPath(new URL('../../infra/aws/app.ts', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'stocktake-refusals-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Starts the app as the CDK's CLI does. */
function deploy(context: Readonly<Record<string, unknown>>) {
  const outdir = join(folder, 'cdk.out');
  const env = { PATH: process.env.PATH, CDK_CONTEXT_JSON: JSON.stringify(context), CDK_OUTDIR: outdir };
  const { status, stderr, stdout } = spawnSync(process.execPath, [app], { env, encoding: 'utf8' });
  return { status, stderr, stdout, made: readdirSync(outdir) };
}

/** So many ARNs of 57 characters each, as the list of a setting. */
function roles(many: number): string {
  const arns = Array.from({ length: many }, (_, index) => `arn:aws:iam::111122223333:role/reader-of-photos-${index}`);
  return arns.map((arn) => arn.padEnd(57, 'x')).join(',');
}

const problemsOf = (settings: Readonly<Record<string, unknown>>) => sizeProblems(createStack(createApp(settings)));

describe('a deployment that is refused', () => {
  test.each([
    [
      'an unknown key',
      { retention: '7' },
      /^the settings of this stack cannot be used: -c retention: is not known; .+\n$/,
    ],
    [
      '80 roles',
      { assumableRoles: roles(80) },
      /^this stack cannot be deployed: the environment of the function \w+ .+\n$/,
    ],
  ])('given %s, it ends with one line on stderr and code 1 before anything is written', (_, context, line) => {
    const { status, stderr, stdout, made } = deploy(context);
    expect(stderr).toMatch(line);
    expect(stderr.split('\n')).toHaveLength(2);
    expect([status, stdout, made]).toEqual([1, '', []]);
  });

  test('given more roles than an environment holds, the function, both sizes and the setting are named', () => {
    const [problem, ...others] = problemsOf({ assumableRoles: roles(80) });
    expect(problem).toMatch(
      /^the environment of the function (api|probe|sync|jobs) would have [45],\d{3} bytes, and Lambda takes 4,096: -c assumableRoles alone makes 4,639 of them/,
    );
    expect(others).toHaveLength(3);
  });

  test('given names of AWS at their longest, the measure is above what Lambda measures, and not by much', () => {
    const [problem = ''] = problemsOf({ assumableRoles: roles(80) });
    const measured = Number(/would have (\S+) bytes/.exec(problem)?.[1]?.replace(',', ''));
    const table = 'stocktake-DataTableFDBAD0F2-1ABCDEFGHIJKL';
    const key = 'arn:aws-us-gov:kms:us-gov-west-1:111122223333:key/11112222-3333-4444-5555-666677778888';
    const queue = 'https://sqs.ap-southeast-1.amazonaws.com/111122223333/stocktake-JobsQueue1ABCDEFG-1ABCDEFGHIJKL';
    const secret =
      'arn:aws-us-gov:secretsmanager:us-gov-west-1:111122223333:secret:AdminKeySecretCA126E48-1ABCDEFGHIJKL';
    const real = JSON.stringify({
      ...{
        TABLE_NAME: table,
        KEY_ARN: key,
        ADMIN_KEY_SECRET_ARN: secret,
        WORK_QUEUE_URL: queue,
        JOBS_QUEUE_URL: queue,
      },
      ...{ ASSUMABLE_ROLES: roles(80), PRIVATE_ENDPOINTS: '', MINIMUM_INTERVAL_SECONDS: '10' },
    });
    expect(measured).toBeGreaterThan(real.length);
    expect(measured).toBeLessThan(real.length + 300);
  });

  test('given more patterns than policies hold, the role is named as well', () => {
    const problems = problemsOf({ assumableRoles: roles(170) });
    expect(problems.filter((problem) => problem.startsWith('the policies of the role of '))).toHaveLength(3);
    expect(problems.join(' ')).toMatch(/role of sync would have 1\d,\d{3} characters, and IAM takes 10,240/);
  });

  test('given a stack in an app of its own, it is refused at synth as well', () => {
    const own = createApp({ assumableRoles: roles(80) });
    createStack(own);
    expect(() => own.synth()).toThrow(/the environment of the function/);
  });
});

test('given a key of an organisation, which has a colon, it is let be', () => {
  expect(problemsOf({ 'org:cost-centre': '4711', 'acme/team': 'data' })).toEqual([]);
});
