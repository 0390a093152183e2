import { CfnOutput, type Environment, Stack, type StackProps } from 'aws-cdk-lib';
import type { IEventBus } from 'aws-cdk-lib/aws-events';
import type { ITopic } from 'aws-cdk-lib/aws-sns';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import type { Construct } from 'constructs';
import type { StackConfig } from './config/config.ts';
import { AdminKey } from './constructs/admin-key.ts';
import type { DeadLetterQueues } from './constructs/alarms.ts';
import { ApiFunction } from './constructs/api-function.ts';
import { AssumableRoles } from './constructs/assumable-roles.ts';
import { Budget } from './constructs/budget.ts';
import { Changes } from './constructs/changes.ts';
import { CustomDomain } from './constructs/custom-domain.ts';
import { DataTable } from './constructs/data-table.ts';
import { DeadLetterQueue } from './constructs/dead-letter-queue.ts';
import { EventBus } from './constructs/event-bus.ts';
import { FrontDoor } from './constructs/front-door.ts';
import { FrontDoorSecret } from './constructs/front-door-secret.ts';
import { HttpApi } from './constructs/http-api.ts';
import { JobsFunction } from './constructs/jobs-function.ts';
import { JobsQueue } from './constructs/jobs-queue.ts';
import { Operations } from './constructs/operations.ts';
import { boundPermissions } from './constructs/permissions-boundary.ts';
import { ProbeFunction } from './constructs/probe-function.ts';
import { PublisherFunction } from './constructs/publisher-function.ts';
import { ScheduleGroup } from './constructs/schedule-group.ts';
import { SchedulesFunction } from './constructs/schedules-function.ts';
import { SecretsKey } from './constructs/secrets-key.ts';
import { sizeProblems } from './constructs/size-limits.ts';
import { SweepRule } from './constructs/sweep-rule.ts';
import { SyncFunction } from './constructs/sync-function.ts';
import { WebhookQueue } from './constructs/webhook-queue.ts';
import { WorkQueue } from './constructs/work-queue.ts';

/** `target`: what the record of a domain in DNS has to name, where there is one. */
type Entrance = { readonly url: string; readonly target: string | undefined };

/** The whole of Stocktake on AWS, put together from constructs that own their permissions. */
export class StocktakeStack extends Stack {
  /** Where the API is. */
  readonly url: string;
  /** Tells of changes, runs and jobs: for rules of others. */
  readonly bus: IEventBus;
  /** Where alarms ring: for subscribers of others. */
  readonly alarmTopic: ITopic;

  constructor(scope: Construct, id: string, config: StackConfig, env?: Environment) {
    super(scope, id, propsOf(config, env));
    const name = config.namePrefix;
    const shared = {
      config,
      data: new DataTable(this, 'Data', config),
      secrets: new SecretsKey(this, 'Secrets', config),
      roles: new AssumableRoles(this, 'AssumableRoles', config),
      adminKey: new AdminKey(this, 'AdminKey', config),
      frontDoorSecret: new FrontDoorSecret(this, 'FrontDoorSecret', config),
      work: new WorkQueue(this, 'Work'),
      jobs: new JobsQueue(this, 'JobsQueue'),
      events: new EventBus(this, 'Events', config),
    };
    const webhooks = new WebhookQueue(this, 'Webhooks', shared);
    const ticks = new DeadLetterQueue(this, 'TickDeadLetters');
    const sweeps = new DeadLetterQueue(this, 'SweepDeadLetters');
    const sync = new SyncFunction(this, 'Sync', { ...shared, deadLetters: ticks });
    const group = new ScheduleGroup(this, 'ScheduleGroup', { name, target: sync.lambda, deadLetters: ticks });
    const functions = {
      api: new ApiFunction(this, 'Api', shared),
      probe: new ProbeFunction(this, 'Probe', shared),
      sync,
      schedules: new SchedulesFunction(this, 'Schedules', { ...shared, group, deadLetters: sweeps }),
      publisher: new PublisherFunction(this, 'Publisher', { ...shared, webhooks }),
      jobs: new JobsFunction(this, 'Jobs', shared),
    };
    const http = new HttpApi(this, 'Http', { config, functions });
    const entrance = this.#entrance(config, http, shared.frontDoorSecret);
    const changes = new Changes(this, 'Changes', { ...shared, ...functions });
    new SweepRule(this, 'Sweep', { target: functions.schedules, deadLetters: sweeps });
    const own = { work: shared.work.deadLetters, jobs: shared.jobs.deadLetters, webhooks: webhooks.deadLetters };
    const deadLetters = { ...own, ticks, sweeps, ...changes.deadLetters };
    const operations = new Operations(this, 'Operations', { ...shared, functions, http, group, deadLetters });
    this.#tell({ ...shared, webhooks, group, sync, entrance, operations, deadLetters });
    this.url = entrance.url;
    this.bus = shared.events.bus;
    this.alarmTopic = operations.alarms.topic.topic;
    boundPermissions(this, config);
    if (config.monthlyBudgetUsd !== undefined) new Budget(this, 'Budget', { config, topic: this.alarmTopic });
    this.node.addValidation({ validate: () => sizeProblems(this) });
  }

  /** Where callers come in: a distribution, or the gateway itself; under a domain of the user's where one is named. */
  #entrance(config: StackConfig, http: HttpApi, secret: FrontDoorSecret): Entrance {
    if (config.frontDoor === 'cloudfront') {
      const { url, target } = new FrontDoor(this, 'FrontDoor', { config, http, secret });
      return { url, target: config.customDomain === undefined ? undefined : target };
    }
    if (config.customDomain === undefined) return { url: http.url, target: undefined };
    return { url: http.url, target: new CustomDomain(this, 'Domain', { config, http }).target };
  }

  /** The names of these outputs are kept: scripts and tests read them. */
  #tell(parts: {
    entrance: Entrance;
    adminKey: AdminKey;
    data: DataTable;
    roles: AssumableRoles;
    group: ScheduleGroup;
    events: EventBus;
    work: WorkQueue;
    jobs: JobsQueue;
    webhooks: WebhookQueue;
    sync: SyncFunction;
    operations: Operations;
    deadLetters: DeadLetterQueues;
  }): void {
    const { data, adminKey, group, events, work, jobs, webhooks, sync, operations, deadLetters, entrance } = parts;
    const url = ({ queue }: { readonly queue: IQueue }) => queue.queueUrl;
    const outputs: Record<string, readonly [value: string, description: string]> = {
      ApiUrl: [entrance.url, 'Where the HTTP API is'],
      AdminKeyCommand: [adminKey.command, 'Prints the admin key, which requests send as X-API-KEY'],
      TableName: [data.table.tableName, 'The table in use, with the whole catalogue'],
      ScheduleGroupName: [group.name, 'The group of EventBridge Scheduler with one schedule a datasource'],
      EventBusName: [events.bus.eventBusName, 'The bus that tells of changes, runs and jobs'],
      WorkQueueUrl: [url(work), 'Queue of runs, slots and purges'],
      JobsQueueUrl: [url(jobs), 'Queue of batches of jobs and of objects to enrich'],
      WebhookQueueUrl: [url(webhooks), 'Queue of events on their way to webhooks'],
      WorkDeadLettersUrl: [url(deadLetters.work), lost('messages of the work queue')],
      JobsDeadLettersUrl: [url(deadLetters.jobs), lost('messages of the jobs queue')],
      TicksDeadLettersUrl: [url(deadLetters.ticks), lost('firings of schedules')],
      SweepsDeadLettersUrl: [url(deadLetters.sweeps), lost('sweeps')],
      SchedulesDeadLettersUrl: [url(deadLetters.schedules), lost('changes of datasources on their way to schedules')],
      PublisherDeadLettersUrl: [url(deadLetters.publisher), lost('changes on their way to the bus')],
      WebhooksDeadLettersUrl: [url(deadLetters.webhooks), lost('deliveries to webhooks')],
      SyncFunctionName: [sync.lambda.functionName, 'The function that performs syncs'],
      DashboardUrl: [operations.dashboard.url, 'The dashboard in the CloudWatch console'],
      AlarmTopicArn: [operations.alarms.topic.topic.topicArn, 'The topic that alarms ring on'],
    };
    const { principals } = parts.roles;
    if (principals !== '') outputs.AssumingRoleArns = [principals, 'Whom the trust policy of a role has to name'];
    if (entrance.target !== undefined)
      outputs.DomainTarget = [entrance.target, 'What the record of customDomain in DNS has to name'];
    for (const [name, [value, description]] of Object.entries(outputs))
      new CfnOutput(this, name, { value, description });
  }
}

function propsOf(config: StackConfig, env: Environment | undefined): StackProps {
  return {
    stackName: config.namePrefix,
    description: 'Stocktake: a live, exact catalogue of what is in S3 buckets',
    terminationProtection: config.removalPolicy === 'retain',
    tags: config.tags,
    ...(env === undefined ? {} : { env }),
  };
}

function lost(what: string): string {
  return `Dead letters: ${what} that were given up (docs/runbook.md)`;
}
