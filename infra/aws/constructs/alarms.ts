import { Duration } from 'aws-cdk-lib';
import { MathExpression, Metric, Stats } from 'aws-cdk-lib/aws-cloudwatch';
import type { ITable } from 'aws-cdk-lib/aws-dynamodb';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import type { StackConfig } from '../config/config.ts';
import { AlarmTopic, type Severity } from './alarm-topic.ts';
import type { DeadLetterQueue } from './dead-letter-queue.ts';
import type { SyncMetrics } from './sync-metrics.ts';
import { throttleAlarms, type WatchedFunction } from './throttle-alarms.ts';

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

/** A hold rings once, not at every tick: the alarm stays on for six hours after the last one. */
const quarter = Duration.minutes(15);
const quartersOn = 24;

/**
 * One point that is above rings, also when it comes up to a quarter of an hour late, after points that are newer; and the
 * alarm stays on as long, so that the same trouble does not ring every five minutes.
 */
const anyOfThree = { of: 3, periods: 1 } as const;

/** A share of fewer runs says little: one failure of five is a fifth. */
const leastEnded = 10;

/** An operator's alarms, each with its entry in docs/runbook.md. */
export class Alarms extends Construct {
  readonly topic: AlarmTopic;

  constructor(scope: Construct, id: string, props: AlarmsProps) {
    super(scope, id);
    this.topic = new AlarmTopic(this, 'Topic', props.config);
    this.#runs(props);
    this.#schedules(props);
    this.#lateness(props);
    this.#deadLetters(props);
    this.#functions(props);
    for (const spec of throttleAlarms(props)) this.topic.add(spec);
  }

  #runs({ metrics }: AlarmsProps): void {
    // Failed runs by their number would ring for ever once one datasource of a thousand is broken, and never again.
    this.topic.add({
      name: 'datasources-unhealthy',
      severity: 'medium',
      broke: 'A datasource that was well fails, or holds what somebody has to approve; its health says why.',
      runbook: 'datasources-unhealthy',
      metric: metrics.of('DatasourcesTurnedUnhealthy', { period }),
      above: 0,
      ...anyOfThree,
    });
    this.topic.add({
      name: 'runs-failed',
      severity: 'medium',
      broke: 'More than a tenth of the syncs that ended within an hour failed.',
      runbook: 'runs-failed',
      metric: new MathExpression({
        expression: `IF(ended >= ${leastEnded}, 100 * failed / ended, 0)`,
        usingMetrics: {
          failed: metrics.of('RunsFailed'),
          // Each run that ends tells its seconds once, however it ends.
          ended: metrics.of('RunSeconds', { statistic: Stats.SAMPLE_COUNT }),
        },
        period: Duration.hours(1),
      }),
      above: 10,
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

  #schedules({ metrics, scheduleGroup }: AlarmsProps): void {
    this.topic.add({
      name: 'schedules-missing',
      severity: 'high',
      broke:
        'More than 10 schedules and a twentieth of all are gone; their datasources are not synced, and none was paused.',
      runbook: 'schedules-missing',
      metric: metrics.of('SchedulesMissing', { statistic: Stats.MAXIMUM, period }),
      above: 0,
      ...anyOfThree,
    });
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
      ...anyOfThree,
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
      // Where all sync by the hour there is one point an hour: the second one that is late rings.
      of: 24,
      periods: 2,
    });
    this.topic.add({
      name: 'work-late',
      severity: 'medium',
      // A message is in the queue while it is worked on, up to the 15 minutes of an invocation.
      broke: 'A message has been in the work queue for more than 30 minutes.',
      runbook: 'work-late',
      metric: workQueue.metricApproximateAgeOfOldestMessage({ period, statistic: Stats.MAXIMUM }),
      above: 1800,
      of: 3,
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
        of: 4,
        periods: 2,
      });
    }
  }

  #deadLetters({ deadLetters }: AlarmsProps): void {
    const statistic = { period, statistic: Stats.MAXIMUM };
    for (const [name, queue] of typedEntries(deadLetters)) {
      this.topic.add({
        name: `dead-letters-${name}`,
        ...deadLetterMeanings[name],
        runbook: `dead-letters-${name}`,
        metric: queue.queue.metricApproximateNumberOfMessagesVisible(statistic),
        above: 0,
        ...anyOfThree,
      });
    }
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
        ...anyOfThree,
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
      ...anyOfThree,
    });
  }
}

function typedEntries(queues: DeadLetterQueues): [keyof DeadLetterQueues, DeadLetterQueue][] {
  return Object.entries(queues) as [keyof DeadLetterQueues, DeadLetterQueue][];
}
