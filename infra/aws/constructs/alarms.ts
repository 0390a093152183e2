import { Duration } from 'aws-cdk-lib';
import { MathExpression, Metric, Stats } from 'aws-cdk-lib/aws-cloudwatch';
import type { ITable } from 'aws-cdk-lib/aws-dynamodb';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import type { StackConfig } from '../config/config.ts';
import { AlarmTopic, type Severity } from './alarm-topic.ts';
import type { DeadLetterQueue } from './dead-letter-queue.ts';
import type { SyncMetrics } from './sync-metrics.ts';

/** What a letter in each of the queues means; `dead-letters-<name>` is its heading in docs/runbook.md. */
const deadLetterMeanings = {
  work: { severity: 'high', broke: 'A message of the work queue failed five times and was given up.' },
  jobs: { severity: 'medium', broke: 'A batch of jobs, or of objects to enrich, broke off five times.' },
  ticks: { severity: 'medium', broke: 'A firing of a schedule did not reach the sync function or failed there.' },
  sweeps: { severity: 'medium', broke: 'The sweep that repairs schedules and abandoned runs failed.' },
  schedules: { severity: 'medium', broke: 'The schedule of a changed datasource could not be brought in line.' },
  webhooks: { severity: 'medium', broke: 'A webhook was not reached in all its tries, or its message failed here.' },
  publisher: { severity: 'high', broke: 'Changes of the catalogue were not published on the event bus.' },
} as const satisfies Record<string, { severity: Severity; broke: string }>;

export type DeadLetterQueues = Readonly<Record<keyof typeof deadLetterMeanings, DeadLetterQueue>>;

export type WatchedFunction = { readonly name: string; readonly lambda: IFunction };

type AlarmsProps = {
  readonly config: Pick<StackConfig, 'namePrefix' | 'alarmEmail' | 'alarmTopicArn'>;
  readonly metrics: SyncMetrics;
  readonly workQueue: IQueue;
  readonly table: ITable;
  readonly apiId: string;
  /** Name of the group that all schedules are in. */
  readonly scheduleGroup: string;
  readonly functions: readonly WatchedFunction[];
  /** Those of them that read the table's stream. */
  readonly streamReaders: readonly WatchedFunction[];
  readonly deadLetters: DeadLetterQueues;
};

const period = Duration.minutes(5);

/**
 * A failure rings once, not at every tick: the alarm stays on for six hours after the last one. A datasource that fails
 * for days backs off to one try a day, and rings as often.
 */
const quarter = Duration.minutes(15);
const quartersOn = 24;

/** An operator's alarms, each with its entry in docs/runbook.md. */
export class Alarms extends Construct {
  readonly topic: AlarmTopic;

  constructor(scope: Construct, id: string, props: AlarmsProps) {
    super(scope, id);
    this.topic = new AlarmTopic(this, 'Topic', props.config);
    this.#runs(props);
    this.#lateness(props);
    this.#deadLetters(props);
    this.#functions(props);
    this.#throttles(props);
  }

  #runs({ metrics }: AlarmsProps): void {
    this.topic.add({
      name: 'runs-failed',
      severity: 'medium',
      broke: 'A sync failed; its datasource says why under health.',
      runbook: 'runs-failed',
      metric: metrics.of('RunsFailed', { period: quarter }),
      above: 0,
      of: quartersOn,
    });
    this.topic.add({
      name: 'runs-held',
      severity: 'medium',
      broke: 'A sync would delete more records than the hold threshold allows; nothing was deleted.',
      runbook: 'runs-held',
      metric: metrics.of('RunsHeld', { period: quarter }),
      above: 0,
      of: quartersOn,
    });
  }

  #lateness({ metrics, workQueue, streamReaders }: AlarmsProps): void {
    this.topic.add({
      name: 'syncs-late',
      severity: 'medium',
      broke: 'Syncs begin more than 5 minutes after their schedule fired.',
      runbook: 'syncs-late',
      metric: metrics.of('TickLateSeconds', { statistic: Stats.MAXIMUM, period }),
      above: 300,
      of: 3,
      periods: 3,
    });
    this.topic.add({
      name: 'work-late',
      severity: 'medium',
      // A message is in the queue while it is worked on, up to the 15 minutes of an invocation.
      broke: 'A message has been in the work queue for more than 30 minutes.',
      runbook: 'work-late',
      metric: workQueue.metricApproximateAgeOfOldestMessage({ period, statistic: Stats.MAXIMUM }),
      above: 1800,
      of: 2,
      periods: 2,
    });
    for (const { name, lambda } of streamReaders) {
      this.topic.add({
        name: `changes-late-${name}`,
        severity: 'medium',
        broke: `The ${name} function is more than 10 minutes behind the table's stream, which keeps 24 hours.`,
        runbook: 'changes-late',
        metric: lambda.metric('IteratorAge', { statistic: Stats.MAXIMUM, period }),
        above: 600_000,
        of: 2,
        periods: 2,
      });
    }
  }

  #deadLetters({ deadLetters, scheduleGroup }: AlarmsProps): void {
    const statistic = { period, statistic: Stats.MAXIMUM };
    for (const [name, queue] of typedEntries(deadLetters)) {
      this.topic.add({
        name: `dead-letters-${name}`,
        ...deadLetterMeanings[name],
        runbook: `dead-letters-${name}`,
        metric: queue.queue.metricApproximateNumberOfMessagesVisible(statistic),
        above: 0,
      });
    }
    // Scheduler lays dead letters down under the role that it starts syncs with: without that role nothing else rings.
    this.topic.add({
      name: 'ticks-lost',
      severity: 'high',
      broke: 'Scheduler could neither start syncs nor lay the firings down as dead letters.',
      runbook: 'ticks-lost',
      metric: new Metric({
        namespace: 'AWS/Scheduler',
        metricName: 'InvocationsFailedToBeSentToDeadLetterCount',
        dimensionsMap: { ScheduleGroup: scheduleGroup },
        statistic: Stats.SUM,
        period,
      }),
      above: 0,
    });
  }

  #functions({ functions, apiId }: AlarmsProps): void {
    for (const { name, lambda } of functions) {
      this.topic.add({
        name: `errors-${name}`,
        severity: 'medium',
        broke: `The ${name} function failed or ran out of time or memory.`,
        runbook: 'errors-of-a-function',
        metric: lambda.metricErrors({ period }),
        above: 0,
      });
    }
    this.topic.add({
      name: 'api-server-errors',
      severity: 'high',
      broke: 'The API answered with a 5xx.',
      runbook: 'api-server-errors',
      metric: new Metric({
        namespace: 'AWS/ApiGateway',
        metricName: '5xx',
        dimensionsMap: { ApiId: apiId },
        statistic: Stats.SUM,
        period,
      }),
      above: 0,
    });
  }

  #throttles({ functions, table }: AlarmsProps): void {
    // A sum has no value where one of its terms has none, and nothing is told of a function that nobody called.
    const sum = (metrics: readonly Metric[]) =>
      new MathExpression({
        expression: metrics.map((_, index) => `FILL(m${index}, 0)`).join(' + '),
        usingMetrics: Object.fromEntries(metrics.map((metric, index) => [`m${index}`, metric])),
        period,
      });
    this.topic.add({
      name: 'throttles-functions',
      severity: 'medium',
      broke: 'Lambda turned invocations away: the concurrency of the account or of sync is used up.',
      runbook: 'throttles-of-functions',
      metric: sum(functions.map(({ lambda }) => lambda.metricThrottles({ period }))),
      above: 0,
      of: 3,
      periods: 3,
    });
    const events = ['ReadThrottleEvents', 'WriteThrottleEvents'];
    this.topic.add({
      name: 'throttles-table',
      severity: 'low',
      broke: 'DynamoDB pushed reads or writes back for 15 minutes; syncs go on, but slower.',
      runbook: 'throttles-of-the-table',
      metric: sum(events.map((name) => table.metric(name, { period, statistic: Stats.SUM }))),
      above: 0,
      of: 3,
      periods: 3,
    });
  }
}

function typedEntries(queues: DeadLetterQueues): [keyof DeadLetterQueues, DeadLetterQueue][] {
  return Object.entries(queues) as [keyof DeadLetterQueues, DeadLetterQueue][];
}
