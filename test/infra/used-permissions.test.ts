import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { beforeAll, describe, expect, test } from 'vitest';
import { render, synthesize } from './stack-template.ts';

/** What each request that our adapters make needs. What S3 is asked is signed with the user's own credentials. */
const actionsOfCommand: Readonly<Record<string, readonly string[]>> = {
  EncryptCommand: ['kms:Encrypt'],
  DecryptCommand: ['kms:Decrypt'],
  AssumeRoleCommand: ['sts:AssumeRole'],
  GetSecretValueCommand: ['secretsmanager:GetSecretValue'],
  SendMessageCommand: ['sqs:SendMessage'],
  ChangeMessageVisibilityCommand: ['sqs:ChangeMessageVisibility'],
  PutEventsCommand: ['events:PutEvents'],
  // Whoever puts a schedule hands a role to it.
  CreateScheduleCommand: ['scheduler:CreateSchedule', 'iam:PassRole'],
  UpdateScheduleCommand: ['scheduler:UpdateSchedule', 'iam:PassRole'],
  DeleteScheduleCommand: ['scheduler:DeleteSchedule'],
  GetScheduleCommand: ['scheduler:GetSchedule'],
  ListSchedulesCommand: ['scheduler:ListSchedules'],
  ...Object.fromEntries(
    ['ListObjects', 'ListObjectsV2', 'HeadObject', 'GetObject', 'GetObjectTagging', 'HeadBucket', 'ListBuckets'].map(
      (name) => [`${name}Command`, []],
    ),
  ),
};

/** The adapter of the Table port makes all of its requests in every bundle: its callers tell which of them are made. */
const actionsOfTableCall: Readonly<Record<string, readonly string[]>> = {
  get: ['dynamodb:GetItem'],
  batchGet: ['dynamodb:BatchGetItem'],
  query: ['dynamodb:Query'],
  put: ['dynamodb:PutItem'],
  delete: ['dynamodb:DeleteItem'],
  batchWrite: ['dynamodb:BatchWriteItem'],
  transact: ['dynamodb:PutItem', 'dynamodb:DeleteItem', 'dynamodb:ConditionCheckItem'],
};
const ofTable = /^(Get|Put|Delete|BatchGet|BatchWrite|TransactWrite)Items?Command$|^QueryCommand$/;

/** What Lambda does with a function's role: it writes the log, reads sources of events, and lays down what failed. */
const actionsOfLambda = {
  log: ['logs:CreateLogStream', 'logs:PutLogEvents'],
  queue: ['ReceiveMessage', 'DeleteMessage', 'ChangeMessageVisibility', 'GetQueueAttributes', 'GetQueueUrl'].map(
    (verb) => `sqs:${verb}`,
  ),
  stream: ['DescribeStream', 'GetRecords', 'GetShardIterator', 'ListStreams'].map((verb) => `dynamodb:${verb}`),
  failures: ['sqs:SendMessage', 'sqs:GetQueueAttributes', 'sqs:GetQueueUrl'],
};

/** The one transaction of the publisher is two puts: it may delete nothing, least of all an entry of the audit. */
const notNeeded: Readonly<Record<string, readonly string[]>> = {
  publisher: ['dynamodb:DeleteItem', 'dynamodb:ConditionCheckItem'],
};

const names = ['api', 'probe', 'sync', 'schedules', 'publisher', 'jobs'];
/** With a role that may be taken: otherwise none may, and code that asks for one is refused. */
const stack = synthesize({ assumableRoles: 'arn:aws:iam::111122223333:role/read-photos' });

describe.each(names)('the role of %s', (name) => {
  let code: string;
  beforeAll(async () => {
    code = await bundle(name);
  });

  test('given what its code asks of AWS and what Lambda does for it, it allows that and nothing else', () => {
    const all = [...ofCode(code), ...actionsOfLambda.log, ...ofLambda(name)];
    const needed = new Set(all.filter((action) => !notNeeded[name]?.includes(action)));
    expect([...new Set(grants(name).map(({ action }) => action))].sort()).toEqual([...needed].sort());
  });

  test('given the queues that it is told of, it may send to each, and besides only to where its failures end', () => {
    const own = stack.ofType('AWS::Lambda::Function').filter(([id]) => isOf(name, id));
    const told = own.flatMap(([, { Properties }]) => {
      const { Variables } = Properties.Environment as { Variables: Record<string, unknown> };
      return Object.entries(Variables).flatMap(([key, value]) => (/_(QUEUE|LETTERS)_URL$/.test(key) ? [value] : []));
    });
    const targets = grants(name).flatMap(({ action, resource }) => (action === 'sqs:SendMessage' ? [resource] : []));
    const wanted = [...told.map((url) => render(url).replace('>', '.Arn>')), ...failureQueues(name)];
    expect([...new Set(targets)].sort()).toEqual([...new Set(wanted)].sort());
  });
});

/** Code of ours that the function's handler reaches, function by function. */
async function bundle(name: string): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(new URL(`../../functions/handlers/${name}/handler.ts`, import.meta.url))],
    ...{ bundle: true, write: false, format: 'esm', platform: 'node', target: 'node24', logLevel: 'error' },
    packages: 'external',
  });
  return outputFiles[0]?.text ?? '';
}

function ofCode(code: string): string[] {
  const commands = [...code.matchAll(/new (\w+Command)\(/g)].map(([, command = '']) => command);
  const calls = [...code.matchAll(/\btable\d*\.(\w+)\(/gi)].map(([, call = '']) => call);
  expect(commands.length).toBeGreaterThan(0);
  return [
    ...commands.filter((each) => !ofTable.test(each)).flatMap((each) => known(actionsOfCommand, each)),
    ...calls.flatMap((each) => known(actionsOfTableCall, each)),
  ];
}

function known(table: Readonly<Record<string, readonly string[]>>, name: string): readonly string[] {
  const actions = table[name];
  if (actions === undefined) throw new Error(`${name} is not in the tables of this test: what does it need?`);
  return actions;
}

function ofLambda(name: string): string[] {
  const sources = mappings(name).map(({ EventSourceArn }) => render(EventSourceArn));
  return [
    ...(sources.some((arn) => arn.includes('Queue')) ? actionsOfLambda.queue : []),
    ...(sources.some((arn) => arn.includes('Stream')) ? actionsOfLambda.stream : []),
    ...(failureQueues(name).length > 0 ? actionsOfLambda.failures : []),
  ];
}

function mappings(name: string): Record<string, unknown>[] {
  const all = [...stack.ofType('AWS::Lambda::EventSourceMapping'), ...stack.ofType('AWS::Lambda::EventInvokeConfig')];
  const own = all.filter(([, { Properties }]) => isOf(name, render(Properties.FunctionName).slice(1)));
  return own.map(([, { Properties }]) => Properties);
}

function failureQueues(name: string): string[] {
  return mappings(name).flatMap(({ DestinationConfig: config }) =>
    config === undefined ? [] : [render((config as { OnFailure: { Destination: unknown } }).OnFailure.Destination)],
  );
}

function grants(name: string): { action: string; resource: string }[] {
  const policies = stack.ofType('AWS::IAM::Policy').filter(([id]) => new RegExp(`^${name}Role`, 'i').test(id));
  return policies.flatMap(([, { Properties }]) => {
    const { Statement } = Properties.PolicyDocument as { Statement: { Action: unknown; Resource: unknown }[] };
    return Statement.flatMap(({ Action, Resource }) =>
      [Action]
        .flat()
        .flatMap((action) =>
          [Resource].flat().map((resource) => ({ action: String(action), resource: render(resource) })),
        ),
    );
  });
}

function isOf(name: string, id: string): boolean {
  return new RegExp(`^${name}Function`, 'i').test(id);
}
