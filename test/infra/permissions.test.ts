import { describe, expect, test } from 'vitest';
import { auditPartition } from '#core/audit/audit-entry.ts';
import { deliveryPartition } from '#core/webhooks/delivery.ts';
import { secretContext } from '#core/webhooks/webhook.ts';
import { render, synthesize } from './stack-template.ts';

type Statement = {
  readonly Effect: string;
  readonly Action: string | string[];
  readonly Resource?: unknown;
  readonly Principal?: unknown;
  readonly Condition?: unknown;
};

const stack = synthesize({ alarmEmail: 'ops@example.com' });

/** Every statement of every policy in the template, with the resource it stands in. */
const statements = Object.entries(stack.resources).flatMap(([id, { Properties }]) =>
  policies(Properties).flatMap(({ Statement }) => Statement.map((statement) => ({ id, statement }))),
);

function policies(value: unknown): { Statement: Statement[] }[] {
  if (typeof value !== 'object' || value === null) return [];
  if ('Statement' in value && Array.isArray(value.Statement)) return [value as { Statement: Statement[] }];
  return Object.values(value).flatMap(policies);
}

function list(value: unknown): unknown[] {
  if (value === undefined) return [];
  return Array.isArray(value) ? value : [value];
}

function describeStatement({ id, statement }: (typeof statements)[number]): string {
  const principal = statement.Principal === undefined ? [] : [`by ${JSON.stringify(statement.Principal)}`];
  const on = list(statement.Resource).map(render).join(' ');
  return [statement.Effect, list(statement.Action).join(' '), `on ${on}`, ...principal, `in ${nameOf(id)}`].join(' ');
}

/** Without the hash that the CDK adds. */
function nameOf(id: string): string {
  return id.replace(/[0-9A-F]{8}$/, '');
}

const tlsOnly = 'refuses everyone who does not use TLS';
const schedulesArn = 'arn:<AWS::Partition>:scheduler:<AWS::Region>:<AWS::AccountId>:schedule/stocktake/*';

/** Every statement that has a wildcard, and why. */
const reasons: Readonly<Record<string, string>> = {
  'Deny sqs:* on <WorkDeadLettersQueue.Arn> by {"AWS":"*"} in WorkDeadLettersQueuePolicy': tlsOnly,
  'Deny sqs:* on <WorkQueue.Arn> by {"AWS":"*"} in WorkQueuePolicy': tlsOnly,
  'Deny sqs:* on <WebhooksQueue.Arn> by {"AWS":"*"} in WebhooksQueuePolicy': tlsOnly,
  'Deny sqs:* on <WebhooksDeadLettersQueue.Arn> by {"AWS":"*"} in WebhooksDeadLettersQueuePolicy': tlsOnly,
  'Deny sqs:* on <JobsQueueDeadLettersQueue.Arn> by {"AWS":"*"} in JobsQueueDeadLettersQueuePolicy': tlsOnly,
  'Deny sqs:* on <JobsQueue.Arn> by {"AWS":"*"} in JobsQueuePolicy': tlsOnly,
  'Deny sqs:* on <TickDeadLettersQueue.Arn> by {"AWS":"*"} in TickDeadLettersQueuePolicy': tlsOnly,
  'Deny sqs:* on <SweepDeadLettersQueue.Arn> by {"AWS":"*"} in SweepDeadLettersQueuePolicy': tlsOnly,
  'Deny sqs:* on <ChangesSchedulesDeadLettersQueue.Arn> by {"AWS":"*"} in ChangesSchedulesDeadLettersQueuePolicy':
    tlsOnly,
  'Deny sqs:* on <ChangesPublisherDeadLettersQueue.Arn> by {"AWS":"*"} in ChangesPublisherDeadLettersQueuePolicy':
    tlsOnly,
  'Deny sns:Publish on <OperationsAlarmsTopic> by "*" in OperationsAlarmsTopicPolicy': tlsOnly,
  'Allow kms:* on * by {"AWS":"arn:<AWS::Partition>:iam::<AWS::AccountId>:root"} in OperationsAlarmsTopicKey':
    "the account's own policies decide over the key; * in a key policy is that key",
  'Allow kms:Decrypt kms:GenerateDataKey* on * by {"Service":["budgets.amazonaws.com","cloudwatch.amazonaws.com"]} in OperationsAlarmsTopicKey':
    'who rings encrypts what he says; SNS asks for every kind of data key, and * in a key policy is that key',
  'Allow kms:* on * by {"AWS":"arn:<AWS::Partition>:iam::<AWS::AccountId>:root"} in SecretsKey':
    "the account's own policies decide over the key; * in a key policy is that key",
  [`Allow scheduler:CreateSchedule scheduler:DeleteSchedule scheduler:GetSchedule scheduler:UpdateSchedule on ${schedulesArn} in SchedulesRoleDefaultPolicy`]:
    'schedules are named after datasources, which come and go; the group is the border',
  'Allow dynamodb:ListStreams scheduler:ListSchedules on * in SchedulesRoleDefaultPolicy':
    'neither action takes a resource; a stream mapping needs ListStreams, the sweep ListSchedules',
  'Allow dynamodb:ListStreams on * in PublisherRoleDefaultPolicy':
    'the action takes no resource, and a stream mapping needs it',
};

describe('permissions', () => {
  test('given any statement with a wildcard, it is on the list with a reason, and the list has no other', () => {
    const wild = statements.filter(({ statement }) => {
      const values = [...list(statement.Action), ...list(statement.Resource), ...list(statement.Principal)];
      return values.some((value) => (typeof value === 'string' ? value : renderDeep(value)).includes('*'));
    });
    const found = wild.map((each) => withoutHashes(describeStatement(each)));
    expect(found.sort()).toEqual(Object.keys(reasons).sort());
  });

  test('given every role, its policies name actions one by one', () => {
    for (const { id, statement } of statements.filter(({ id }) => /Role/.test(id))) {
      for (const action of list(statement.Action))
        expect([id, action]).toEqual([id, expect.stringMatching(/^\w+:\w+$/)]);
    }
    const attached = JSON.stringify(stack.ofType('AWS::IAM::Role'));
    expect(attached).not.toContain('ManagedPolicyArns');
    expect(stack.ofType('AWS::IAM::Policy').map(([, { Properties }]) => list(Properties.Roles).length)).toEqual([
      1, 1, 1, 1, 1, 1, 1,
    ]);
  });

  const keyActions = {
    Api: ['kms:Encrypt'],
    Probe: ['kms:Decrypt'],
    Sync: ['kms:Decrypt'],
    Schedules: [],
    Publisher: ['kms:Decrypt'],
    Jobs: ['kms:Decrypt'],
  };
  test.each(Object.entries(keyActions))('given %s, with the key it may do %j', (name, allowed) => {
    expect(actionsOf(name).filter((action) => action.startsWith('kms:'))).toEqual(allowed);
  });

  test('given who opens what, the publisher opens secrets of webhooks alone, and nobody else opens those', () => {
    const kinds = (name: string) =>
      statements
        .filter(
          ({ id, statement }) => nameOf(id) === `${name}RoleDefaultPolicy` && /kms:/.test(String(statement.Action)),
        )
        .map(({ statement }) => statement.Condition);
    const only = (...kind: string[]) => [{ StringEqualsIfExists: { 'kms:EncryptionContext:kind': kind } }];
    expect(kinds('Api')).toEqual(only('connector', 'datasource', 'webhook'));
    expect(kinds('Probe')).toEqual(only('connector', 'datasource'));
    expect(kinds('Sync')).toEqual(only('connector', 'datasource'));
    expect(kinds('Publisher')).toEqual([{ StringEqualsIfExists: { 'kms:EncryptionContext:kind': ['webhook'] } }]);
    expect(secretContext({ owner: 'x' }).kind).toBe('webhook');
  });

  test('given the publisher, it writes to the partitions of webhooks and of the audit alone, as the core names them', () => {
    const [own] = statements.filter(
      ({ id, statement }) =>
        nameOf(id) === 'PublisherRoleDefaultPolicy' && list(statement.Action).includes('dynamodb:PutItem'),
    );
    const partitions = ['registry#webhook', 'webhook-health', `${deliveryPartition('')}*`, 'audit#*'];
    expect(auditPartition(0)).toMatch(/^audit#/);
    expect(own?.statement.Condition).toEqual({
      'ForAllValues:StringLike': { 'dynamodb:LeadingKeys': partitions },
      Null: { 'dynamodb:LeadingKeys': 'false' },
    });
  });

  test('given the role that schedules take, it may be passed to Scheduler alone', () => {
    const passing = statements.filter(({ statement }) => list(statement.Action).includes('iam:PassRole'));
    expect(passing.map(({ statement }) => [withoutHashes(render(statement.Resource)), statement.Condition])).toEqual([
      ['<ScheduleGroupRole.Arn>', { StringEquals: { 'iam:PassedToService': 'scheduler.amazonaws.com' } }],
    ]);
  });
});

function actionsOf(name: string): string[] {
  const own = statements.filter(({ id }) => nameOf(id) === `${name}RoleDefaultPolicy`);
  expect(own.length).toBeGreaterThan(0);
  return own.flatMap(({ statement }) => list(statement.Action).map(String)).sort();
}

function renderDeep(value: unknown): string {
  return typeof value === 'object' && value !== null && 'AWS' in value ? renderDeep(value.AWS) : render(value);
}

function withoutHashes(text: string): string {
  return text
    .replace(/(<\w+?)[0-9A-F]{8}(\.\w+)?>/g, '$1$2>')
    .replace(/\{"AWS":\{"Fn::Join":.*?\]\]\}\}/g, '{"AWS":"arn:<AWS::Partition>:iam::<AWS::AccountId>:root"}');
}
