import { readFileSync } from 'node:fs';
import { Match } from 'aws-cdk-lib/assertions';
import { describe, expect, test } from 'vitest';
import { recordPartitionPrefix } from '#core/catalogue/record.ts';
import { feedPrefixes } from '#core/changes/feed-prefixes.ts';
import { runEvents } from '#core/changes/run-events.ts';
import { jobPartitionPrefix } from '#core/jobs/job-store.ts';
import { type RunRow, runStatus, zeroCounters } from '#core/runs/run.ts';
import { runItem, runKey, runPartitionPrefix } from '#core/runs/run-store.ts';
import { isForWebhooks } from '#core/webhooks/outcome.ts';
import { environment as api } from '#handlers/api/env.ts';
import { environment as jobs } from '#handlers/jobs/env.ts';
import { environment as probe } from '#handlers/probe/env.ts';
import { environment as publisher } from '#handlers/publisher/env.ts';
import { environment as schedules } from '#handlers/schedules/env.ts';
import { environment as sync } from '#handlers/sync/env.ts';
import { createApp, createStack, render, synthesize } from './stack-template.ts';

const stack = synthesize();
const { template } = stack;
const functions = { api, probe, sync, schedules, publisher, jobs };

/** The function whose logical id begins with its name; Function, for others may come with the CDK. */
function functionOf(name: string, from = stack) {
  const pattern = new RegExp(`^${name}Function`, 'i');
  const found = from.ofType('AWS::Lambda::Function').filter(([id]) => pattern.test(id));
  expect(found).toHaveLength(1);
  return found[0]![1].Properties;
}

describe('what keeps data', () => {
  test('given the defaults, the table is on demand, recoverable, protected, with expiry and stream', () => {
    template.hasResource('AWS::DynamoDB::Table', {
      DeletionPolicy: 'Retain',
      UpdateReplacePolicy: 'Retain',
      Properties: {
        BillingMode: 'PAY_PER_REQUEST',
        DeletionProtectionEnabled: true,
        KeySchema: [
          { AttributeName: 'pk', KeyType: 'HASH' },
          { AttributeName: 'sk', KeyType: 'RANGE' },
        ],
        PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true },
        StreamSpecification: { StreamViewType: 'NEW_AND_OLD_IMAGES' },
        TimeToLiveSpecification: { AttributeName: 'ttl', Enabled: true },
        GlobalSecondaryIndexes: Match.absent(),
      },
    });
  });

  test.each([
    ['retain', 'Retain'],
    ['destroy', 'Delete'],
  ])(
    'given removalPolicy %s, table, key, admin key and logs have policy %s, all else goes with the stack',
    (value, policy) => {
      const { resources } = synthesize({ removalPolicy: value });
      const kept = ['AWS::DynamoDB::Table', 'AWS::KMS::Key', 'AWS::SecretsManager::Secret', 'AWS::Logs::LogGroup'];
      for (const [id, { Type, DeletionPolicy = 'Delete' }] of Object.entries(resources)) {
        // The key of the alarms' topic keeps nothing.
        const keeps = kept.includes(Type) && !id.startsWith('OperationsAlarms');
        expect([Type, DeletionPolicy]).toEqual([Type, keeps ? policy : 'Delete']);
      }
    },
  );

  test('given a refactoring, what keeps data keeps its logical id: another id is another, empty table', () => {
    const kept = ['AWS::DynamoDB::Table', 'AWS::KMS::Key', 'AWS::SecretsManager::Secret'];
    expect(kept.flatMap((type) => stack.ofType(type).map(([id]) => id))).toEqual([
      'DataTableFDBAD0F2',
      'SecretsKey9BF95D68',
      expect.stringMatching(/^OperationsAlarmsTopicKey/),
      'AdminKeySecretCA126E48',
    ]);
  });

  test('given tableWarmWrites, the table is warmed for so many writes; without it, nothing is paid for', () => {
    const [[, table] = []] = stack.ofType('AWS::DynamoDB::Table');
    expect(table?.Properties).not.toHaveProperty('WarmThroughput');
    const [[, warmed] = []] = synthesize({ tableWarmWrites: '20000' }).ofType('AWS::DynamoDB::Table');
    expect(warmed?.Properties).toMatchObject({ WarmThroughput: { WriteUnitsPerSecond: 20_000 } });
  });

  test('given a restored table, every function, permission and stream mapping uses it, and the own one stays', () => {
    const arn = 'arn:aws:dynamodb:eu-west-1:111122223333:table/restored';
    const restored = synthesize({ restoredTableStreamArn: `${arn}/stream/2026-01-01T00:00:00.000` });
    expect(restored.ofType('AWS::DynamoDB::Table')).toEqual(stack.ofType('AWS::DynamoDB::Table'));
    expect(restored.outputs.TableName?.Value).toBe('restored');
    const others = Object.entries(restored.resources).filter(([, { Type }]) => Type !== 'AWS::DynamoDB::Table');
    expect(JSON.stringify(others)).not.toContain('DataTableFDBAD0F2"');
    expect(restored.ofType('AWS::Lambda::EventSourceMapping')).toHaveLength(5);
    expect(JSON.stringify(others)).toContain(`${arn}/stream/2026-01-01T00:00:00.000`);
  });
});

describe('what bounds the bill', () => {
  test('given neither setting, there is no budget, and the table takes what it is given', () => {
    expect(stack.ofType('AWS::Budgets::Budget')).toEqual([]);
    expect(stack.ofType('AWS::DynamoDB::Table')[0]![1].Properties.OnDemandThroughput).toBeUndefined();
  });

  test('given both, the topic rings at what was and at what will be spent, and the table has its limit', () => {
    const bounded = synthesize({ monthlyBudgetUsd: '500', maxWriteRequestUnits: '4000' });
    const { Properties } = bounded.ofType('AWS::Budgets::Budget')[0]![1];
    expect(Properties).toMatchObject({
      Budget: { BudgetType: 'COST', TimeUnit: 'MONTHLY', BudgetLimit: { Amount: 500, Unit: 'USD' } },
    });
    const { NotificationsWithSubscribers: all } = Properties as {
      NotificationsWithSubscribers: Record<string, unknown>[];
    };
    const [[topic] = []] = bounded.ofType('AWS::SNS::Topic');
    expect(all.map(({ Notification }) => Notification)).toEqual([
      expect.objectContaining({ NotificationType: 'ACTUAL', Threshold: 100, ComparisonOperator: 'GREATER_THAN' }),
      expect.objectContaining({ NotificationType: 'FORECASTED', Threshold: 100 }),
    ]);
    for (const { Subscribers } of all)
      expect(Subscribers).toEqual([{ SubscriptionType: 'SNS', Address: { Ref: topic } }]);
    bounded.template.hasResourceProperties('AWS::DynamoDB::Table', {
      OnDemandThroughput: { MaxWriteRequestUnits: 4000 },
    });
  });

  test('given the topic of alarms, it is encrypted, and who rings may use its key for this account alone', () => {
    const [[key] = []] = stack.ofType('AWS::KMS::Key').filter(([id]) => id.startsWith('OperationsAlarms'));
    template.hasResourceProperties('AWS::SNS::Topic', { KmsMasterKeyId: { 'Fn::GetAtt': [key, 'Arn'] } });
    template.hasResourceProperties('AWS::KMS::Key', {
      KeyPolicy: {
        Statement: Match.arrayWith([
          Match.objectLike({
            Principal: { Service: ['budgets.amazonaws.com', 'cloudwatch.amazonaws.com'] },
            Condition: { StringEquals: { 'aws:SourceAccount': { Ref: 'AWS::AccountId' } } },
          }),
        ]),
      },
    });
  });
});

describe('the stack', () => {
  test.each([
    ['retain', true],
    ['destroy', false],
  ])('given removalPolicy %s, it is protected from being deleted: %s', (removalPolicy, isProtected) => {
    expect(createStack(createApp({ removalPolicy })).terminationProtection).toBe(isProtected);
  });

  test('given cdk.json, it sets every feature flag that the CDK recommends for a new app, but the one that reports usage', () => {
    const read = (path: string) => JSON.parse(readFileSync(new URL(path, import.meta.url), 'utf8'));
    const { context } = read('../../cdk.json');
    const recommended = read('../../node_modules/aws-cdk-lib/recommended-feature-flags.json');
    expect(context).toMatchObject({ ...recommended, '@aws-cdk/core:enableAdditionalMetadataCollection': false });
  });
});

describe('functions', () => {
  test.each(Object.entries(functions))('given %s, it is told exactly what its env.ts reads', (name, environment) => {
    const { Variables } = functionOf(name).Environment as { Variables: Record<string, unknown> };
    expect(Object.keys(Variables).sort()).toEqual(Object.keys(environment.shape).sort());
    // Intrinsics stand for texts: all else must be what the function can parse.
    const rendered = Object.fromEntries(Object.entries(Variables).map(([key, value]) => [key, render(value)]));
    expect(environment.safeParse(rendered)).toMatchObject({ success: true });
  });

  test('given all of them: Node 24 on arm64, JSON logs into a group of their own, no tracing', () => {
    expect(stack.ofType('AWS::Lambda::Function')).toHaveLength(Object.keys(functions).length);
    const groups = new Set<string>();
    for (const [, { Properties }] of stack.ofType('AWS::Lambda::Function')) {
      expect(Properties).toMatchObject({
        Runtime: 'nodejs24.x',
        Architectures: ['arm64'],
        LoggingConfig: { LogFormat: 'JSON', SystemLogLevel: 'WARN' },
      });
      expect(Properties.TracingConfig).toBeUndefined();
      groups.add(render((Properties.LoggingConfig as Record<string, unknown>).LogGroup));
    }
    expect(groups.size).toBe(Object.keys(functions).length);
  });

  test('given sync, it may call itself through the queue and takes its size from the context', () => {
    expect(functionOf('sync')).toMatchObject({ RecursiveLoop: 'Allow', Timeout: 900, MemorySize: 1769 });
    expect(functionOf('sync').ReservedConcurrentExecutions).toBeUndefined();
    const sized = synthesize({ syncMemoryMb: '3008', syncConcurrency: '20', apiConcurrency: '15' });
    expect(functionOf('sync', sized)).toMatchObject({ MemorySize: 3008, ReservedConcurrentExecutions: 20 });
    for (const name of ['api', 'probe']) {
      expect(functionOf(name, sized).ReservedConcurrentExecutions).toBe(15);
      expect(functionOf(name).ReservedConcurrentExecutions).toBeUndefined();
    }
    sized.template.hasResourceProperties('AWS::Lambda::EventSourceMapping', {
      ScalingConfig: { MaximumConcurrency: 16 },
    });
  });

  test('given more ticks than sync has room for, Lambda keeps them for as long as it can', () => {
    template.hasResourceProperties('AWS::Lambda::EventInvokeConfig', {
      FunctionName: { Ref: Match.stringLikeRegexp('^SyncFunction') },
      MaximumEventAgeInSeconds: 21_600,
      MaximumRetryAttempts: 1,
    });
  });

  test('given what may be set, it reaches the functions', () => {
    const vpc = { subnetIds: 'subnet-11112222', securityGroupIds: 'sg-11112222' };
    const set = synthesize({ privateEndpoints: 'a:1,b', ...vpc, minimumIntervalSeconds: '60', holdAboveShare: '0.5' });
    expect(functionOf('probe', set).Environment).toMatchObject({ Variables: { PRIVATE_ENDPOINTS: 'a:1,b' } });
    expect(functionOf('api', set).Environment).toMatchObject({ Variables: { MINIMUM_INTERVAL_SECONDS: '60' } });
    expect(functionOf('sync', set).Environment).toMatchObject({
      Variables: { PRIVATE_ENDPOINTS: 'a:1,b', HOLD_ABOVE_SHARE: '0.5', HOLD_ABOVE_OBJECTS: '10' },
    });
  });

  test('given any log group, it is kept for as long as the context says', () => {
    const groups = synthesize({ logRetentionDays: '7' }).ofType('AWS::Logs::LogGroup');
    expect(groups).toHaveLength(Object.keys(functions).length + 1);
    for (const [, { Properties }] of groups) expect(Properties.RetentionInDays).toBe(7);
  });
});

describe('what is lost is kept somewhere', () => {
  const deadLetters = stack.ofType('AWS::SQS::Queue').filter(([, { Properties }]) => !Properties.RedrivePolicy);

  test('given any queue, it is encrypted, takes TLS only, and its letters stay for 14 days', () => {
    expect(deadLetters).toHaveLength(7);
    for (const [, { Properties }] of deadLetters) expect(Properties.MessageRetentionPeriod).toBe(1_209_600);
    for (const [id, { Properties }] of stack.ofType('AWS::SQS::Queue')) {
      expect(Properties.SqsManagedSseEnabled).toBe(true);
      template.hasResourceProperties('AWS::SQS::QueuePolicy', {
        Queues: [{ Ref: id }],
        PolicyDocument: {
          Statement: Match.arrayWith([
            Match.objectLike({ Effect: 'Deny', Condition: { Bool: { 'aws:SecureTransport': 'false' } } }),
          ]),
        },
      });
    }
  });

  test('given any queue with a consumer, a message is hidden for six invocations and the time of a batch, and given up after five tries', () => {
    const consumed = stack.ofType('AWS::SQS::Queue').filter(([, { Properties }]) => Properties.RedrivePolicy);
    const hidden = consumed.map(([id, { Properties }]) => [id.replace(/Queue.*/, ''), Properties.VisibilityTimeout]);
    expect(Object.fromEntries(hidden)).toEqual({ Work: 5400, Jobs: 5400, Webhooks: 721 });
    for (const [, { Properties }] of consumed) {
      expect(Properties).toMatchObject({ RedrivePolicy: { maxReceiveCount: 5 } });
    }
    for (const consumer of ['^SyncFunction', '^JobsFunction']) {
      template.hasResourceProperties('AWS::Lambda::EventSourceMapping', {
        FunctionName: { Ref: Match.stringLikeRegexp(consumer) },
        BatchSize: 1,
        FunctionResponseTypes: ['ReportBatchItemFailures'],
      });
    }
  });

  test('given every way to lose something, a dead letter queue of its own stands at its end', () => {
    const ends = [
      ...stack.ofType('AWS::Lambda::EventSourceMapping'),
      ...stack.ofType('AWS::Lambda::EventInvokeConfig'),
    ].flatMap(([, { Properties }]) => (Properties.DestinationConfig ? [render(onFailure(Properties))] : []));
    const rules = stack.ofType('AWS::Events::Rule').flatMap(([, { Properties }]) => {
      const targets = Properties.Targets as { DeadLetterConfig: { Arn: unknown } }[];
      return targets.map(({ DeadLetterConfig }) => render(DeadLetterConfig.Arn));
    });
    const redrives = stack.ofType('AWS::SQS::Queue').flatMap(([, { Properties }]) => {
      const policy = Properties.RedrivePolicy as { deadLetterTargetArn: unknown } | undefined;
      return policy === undefined ? [] : [render(policy.deadLetterTargetArn)];
    });
    const schedule = (functionOf('schedules').Environment as { Variables: Record<string, unknown> }).Variables;
    const all = [...ends, ...rules, ...redrives, render(schedule.SCHEDULE_DLQ_ARN)];
    expect(all).toHaveLength(10);
    expect(new Set(all)).toEqual(new Set(deadLetters.map(([id]) => `<${id}.Arn>`)));
  });

  function onFailure(properties: Record<string, unknown>): unknown {
    return (properties.DestinationConfig as { OnFailure: { Destination: unknown } }).OnFailure.Destination;
  }
});

describe('webhooks', () => {
  test('given the events that the core tells webhooks of, the rule of the bus leads those to the queue', () => {
    const [rule] = stack.ofType('AWS::Events::Rule').filter(([, { Properties }]) => Properties.EventPattern);
    const { source, 'detail-type': types } = rule![1].Properties.EventPattern as Record<string, string[]>;
    expect(source).toEqual(['stocktake']);
    const all = [...types!, 'Objects Added', 'Objects Modified', 'Objects Deleted'];
    const event = { id: 'e', time: '2026-03-01T10:00:00Z', detail: {} };
    expect(all.filter((type) => isForWebhooks({ ...event, type }))).toEqual(types);
    expect(types).toHaveLength(5);
  });

  test('given receivers that are slow, a batch has time for them, and batches at once are few', () => {
    template.hasResourceProperties('AWS::Lambda::EventSourceMapping', {
      EventSourceArn: { 'Fn::GetAtt': [Match.stringLikeRegexp('^WebhooksQueue'), 'Arn'] },
      BatchSize: 10,
      ScalingConfig: { MaximumConcurrency: 4 },
      FunctionResponseTypes: ['ReportBatchItemFailures'],
    });
    expect(functionOf('publisher')).toMatchObject({ RecursiveLoop: 'Allow', Timeout: 120 });
  });
});

describe('the stream', () => {
  const filters = stack
    .ofType('AWS::Lambda::EventSourceMapping')
    .filter(([, { Properties }]) => Properties.FilterCriteria)
    .map(([id, { Properties }]) => {
      const { Filters } = Properties.FilterCriteria as { Filters: { Pattern: string }[] };
      return { id, properties: Properties, patterns: Filters.map(({ Pattern }) => JSON.parse(Pattern)) };
    });
  const of = (name: string) => filters.find(({ id }) => id.startsWith(name))!;

  const statuses: string[] = of('Publisher').patterns[1].dynamodb.NewImage.status.S;

  test('given both readers, a bad record is cut out, and nothing is skipped at the start', () => {
    expect(filters).toHaveLength(2);
    for (const { properties } of filters) {
      expect(properties).toMatchObject({ BisectBatchOnFunctionError: true, StartingPosition: 'TRIM_HORIZON' });
      expect(properties.MaximumRetryAttempts).toBeGreaterThan(0);
      expect(properties.MaximumRecordAgeInSeconds).toBeLessThan(86_400);
    }
  });

  test('given the partitions that the core names, each is read by the function that follows it', () => {
    const published = [recordPartitionPrefix, runPartitionPrefix, jobPartitionPrefix];
    const followed = feedPrefixes.filter((prefix) => !published.some((each) => each === prefix));
    expect(of('Schedules').patterns).toEqual([{ dynamodb: { Keys: { pk: { S: followed } } } }]);
    const images = [
      { NewImage: { quiet: { BOOL: [{ exists: false }] } } },
      { NewImage: { status: { S: statuses } } },
      // A job's row is written once, when it ended.
      {},
    ];
    expect(of('Publisher').patterns).toEqual(
      published.map((prefix, index) => ({
        eventName: ['INSERT', 'MODIFY'],
        dynamodb: { Keys: { pk: { S: [{ prefix }] } }, ...images[index] },
      })),
    );
  });

  test.each(runStatus.options)(
    'given a run that is %s, the publisher is told of it if that makes an event',
    (status) => {
      const row: RunRow = {
        ...{ v: 1, version: 1, fence: 1, id: 'run', datasource: 'docs', uid: 'uid', trigger: 'manual', status },
        ...{ dry_run: false, first_load: false, queued_at: new Date(0).toISOString(), counters: zeroCounters },
        ranges: { done: 0, total: 1 },
      };
      const events = runEvents([{ key: runKey(row.uid, row.id), after: runItem(row) }]);
      expect(events).toHaveLength(statuses.includes(status) ? 1 : 0);
    },
  );
});

describe('names', () => {
  test('given scripts that read them, the outputs are these', () => {
    expect(Object.keys(stack.outputs).sort()).toEqual([
      'AdminKeyCommand',
      'AlarmTopicArn',
      'ApiUrl',
      'DashboardUrl',
      'EventBusName',
      'JobsDeadLettersUrl',
      'JobsQueueUrl',
      'PublisherDeadLettersUrl',
      'ScheduleGroupName',
      'SchedulesDeadLettersUrl',
      'SweepsDeadLettersUrl',
      'SyncFunctionName',
      'TableName',
      'TicksDeadLettersUrl',
      'WebhookQueueUrl',
      'WebhooksDeadLettersUrl',
      'WorkDeadLettersUrl',
      'WorkQueueUrl',
    ]);
    expect(render(stack.outputs.AdminKeyCommand?.Value)).toMatch(
      /^aws secretsmanager get-secret-value --region \S+ --/,
    );
  });

  test('given any output, it says in words what it is', () => {
    const told = Object.entries(stack.outputs).map(([name, { Description }]) => [name, Description]);
    for (const [name, description] of told)
      expect([name, description]).toEqual([name, expect.stringMatching(/^\w.{10,}/)]);
    expect(new Set(told.map(([, description]) => description)).size).toBe(told.length);
  });

  test.each([
    ['aws', 'console.aws.amazon.com'],
    ['aws-cn', 'console.amazonaws.cn'],
    ['aws-us-gov', 'console.amazonaws-us-gov.com'],
    ['aws-eusc', 'console.amazonaws-eusc.eu'],
    ['aws-iso', 'console.aws.amazon.com'],
  ])('given the partition %s, the dashboard is at its console', (partition, domain) => {
    const { Conditions } = template.toJSON() as { Conditions: Record<string, { 'Fn::Equals': [unknown, string] }> };
    const chosen = (value: unknown): string => {
      if (typeof value !== 'object' || value === null || !('Fn::If' in value)) return render(value);
      const [condition, yes, no] = value['Fn::If'] as [string, unknown, unknown];
      const [left, right] = Conditions[condition]!['Fn::Equals'];
      expect(left).toEqual({ Ref: 'AWS::Partition' });
      return chosen(right === partition ? yes : no);
    };
    const { 'Fn::Join': join } = stack.outputs.DashboardUrl!.Value as { 'Fn::Join': [string, unknown[]] };
    expect(join[1].map(chosen).join('')).toBe(
      `https://<AWS::Region>.${domain}/cloudwatch/home?region=<AWS::Region>#dashboards/dashboard/stocktake`,
    );
  });

  test('given the queues of dead letters, each has its URL in an output of its name', () => {
    const urls = Object.entries(stack.outputs).filter(([name]) => name.endsWith('DeadLettersUrl'));
    const queues = urls.map(([name, { Value }]) => [name, render(Value).replace(/[0-9A-F]{8}>$/, '>')]);
    expect(Object.fromEntries(queues)).toEqual({
      WorkDeadLettersUrl: '<WorkDeadLettersQueue>',
      JobsDeadLettersUrl: '<JobsQueueDeadLettersQueue>',
      TicksDeadLettersUrl: '<TickDeadLettersQueue>',
      SweepsDeadLettersUrl: '<SweepDeadLettersQueue>',
      SchedulesDeadLettersUrl: '<ChangesSchedulesDeadLettersQueue>',
      PublisherDeadLettersUrl: '<ChangesPublisherDeadLettersQueue>',
      WebhooksDeadLettersUrl: '<WebhooksDeadLettersQueue>',
    });
  });

  test('given another prefix, nothing shares a name with the first stack', () => {
    const names = ({ resources }: ReturnType<typeof synthesize>) =>
      Object.values(resources).flatMap(({ Type, Properties = {} }) =>
        ['Name', 'AlarmName', 'DashboardName', 'TableName', 'FunctionName', 'QueueName', 'LogGroupName', 'RoleName']
          .filter((key) => typeof Properties[key] === 'string')
          .map((key) => `${Type} ${Properties[key]}`),
      );
    const [first, second] = [names(stack), names(synthesize({ namePrefix: 'other' }))];
    expect(first.length).toBeGreaterThan(20);
    expect(first.filter((name) => second.includes(name))).toEqual([]);
  });

  test('given the schedule role, only Scheduler may take it, for this group, and only to start sync', () => {
    template.hasResourceProperties('AWS::IAM::Role', {
      AssumeRolePolicyDocument: {
        Statement: [
          {
            Principal: { Service: 'scheduler.amazonaws.com' },
            Condition: { StringEquals: { 'aws:SourceAccount': { Ref: 'AWS::AccountId' } } },
          },
        ],
      },
    });
    template.hasResourceProperties('AWS::Scheduler::ScheduleGroup', { Name: 'stocktake' });
  });
});
