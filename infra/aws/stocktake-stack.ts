import { CfnOutput, Stack } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import type { StackConfig } from './config/config.ts';
import { AdminKey } from './constructs/admin-key.ts';
import type { DeadLetterQueues } from './constructs/alarms.ts';
import { ApiFunction } from './constructs/api-function.ts';
import { AssumableRoles } from './constructs/assumable-roles.ts';
import { Changes } from './constructs/changes.ts';
import { DataTable } from './constructs/data-table.ts';
import { DeadLetterQueue } from './constructs/dead-letter-queue.ts';
import { EventBus } from './constructs/event-bus.ts';
import { HttpApi } from './constructs/http-api.ts';
import { JobsFunction } from './constructs/jobs-function.ts';
import { JobsQueue } from './constructs/jobs-queue.ts';
import { Operations } from './constructs/operations.ts';
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

/** The whole of Stocktake on AWS, put together from constructs that own their permissions. */
export class StocktakeStack extends Stack {
  constructor(scope: Construct, id: string, config: StackConfig) {
    const description = 'Stocktake: a live, exact catalogue of what is in S3 buckets';
    super(scope, id, { stackName: config.namePrefix, description });
    const name = config.namePrefix;
    const shared = {
      config,
      data: new DataTable(this, 'Data', config),
      secrets: new SecretsKey(this, 'Secrets', config),
      roles: new AssumableRoles(this, 'AssumableRoles', config),
      adminKey: new AdminKey(this, 'AdminKey', config),
      work: new WorkQueue(this, 'Work'),
      jobs: new JobsQueue(this, 'JobsQueue'),
      events: new EventBus(this, 'Events', { name }),
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
    const changes = new Changes(this, 'Changes', { ...shared, ...functions });
    new SweepRule(this, 'Sweep', { target: functions.schedules, deadLetters: sweeps });
    const own = { work: shared.work.deadLetters, jobs: shared.jobs.deadLetters, webhooks: webhooks.deadLetters };
    const deadLetters = { ...own, ticks, sweeps, ...changes.deadLetters };
    const operations = new Operations(this, 'Operations', { ...shared, functions, http, group, deadLetters });
    this.#tell({ ...shared, webhooks, group, sync, http, operations, deadLetters });
    this.node.addValidation({ validate: () => sizeProblems(this) });
  }

  /** The names of these outputs are kept: scripts and tests read them. */
  #tell(parts: {
    http: HttpApi;
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
    const outputs = {
      ApiUrl: parts.http.url,
      AdminKeyCommand: parts.adminKey.command,
      TableName: parts.data.table.tableName,
      ScheduleGroupName: parts.group.name,
      EventBusName: parts.events.bus.eventBusName,
      WorkQueueUrl: parts.work.queue.queueUrl,
      WorkDeadLettersUrl: parts.deadLetters.work.queue.queueUrl,
      JobsQueueUrl: parts.jobs.queue.queueUrl,
      JobsDeadLettersUrl: parts.deadLetters.jobs.queue.queueUrl,
      TicksDeadLettersUrl: parts.deadLetters.ticks.queue.queueUrl,
      SweepsDeadLettersUrl: parts.deadLetters.sweeps.queue.queueUrl,
      SchedulesDeadLettersUrl: parts.deadLetters.schedules.queue.queueUrl,
      PublisherDeadLettersUrl: parts.deadLetters.publisher.queue.queueUrl,
      WebhookQueueUrl: parts.webhooks.queue.queueUrl,
      WebhooksDeadLettersUrl: parts.deadLetters.webhooks.queue.queueUrl,
      SyncFunctionName: parts.sync.lambda.functionName,
      DashboardUrl: parts.operations.dashboard.url,
      AlarmTopicArn: parts.operations.alarms.topic.topic.topicArn,
    };
    const { principals } = parts.roles;
    const trusted = principals === '' ? {} : { AssumingRoleArns: principals };
    for (const [name, value] of Object.entries({ ...outputs, ...trusted })) new CfnOutput(this, name, { value });
  }
}
