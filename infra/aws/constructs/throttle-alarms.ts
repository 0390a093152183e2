import { Duration } from 'aws-cdk-lib';
import { MathExpression, Stats } from 'aws-cdk-lib/aws-cloudwatch';
import type { ITable } from 'aws-cdk-lib/aws-dynamodb';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import type { AlarmSpec } from './alarm-topic.ts';

export type WatchedFunction = { readonly name: string; readonly lambda: IFunction };

const period = Duration.minutes(5);

/** A quarter of an hour of trouble, though the newest point has not come yet or another is lacking. */
const threeOfFive = { of: 5, periods: 3 } as const;

/** What rings where Lambda or DynamoDB push back for long. */
export function throttleAlarms(watched: {
  readonly functions: readonly WatchedFunction[];
  readonly table: ITable;
}): AlarmSpec[] {
  return [...watched.functions.map(ofFunction), ofTable(watched.table)];
}

/** One for each: a sum has no value where one of its terms has none, as of a function that nobody called. */
function ofFunction({ name, lambda }: WatchedFunction): AlarmSpec {
  return {
    name: `throttles-${name}`,
    severity: 'medium',
    broke: `Lambda turned invocations of ${name} away: the concurrency of the account, or its own, is used up.`,
    runbook: 'throttles-of-functions',
    metric: lambda.metricThrottles({ period }),
    above: 0,
    ...threeOfFive,
  };
}

/**
 * Without FILL it would stay on for ever: an alarm over a metric of DynamoDB keeps its state where there is no data, and
 * DynamoDB tells of throttles only where there are any. The newest point may be a filled one before the true one has come,
 * so that three of three would never ring:
 * https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/using-metric-math.html
 */
function ofTable(table: ITable): AlarmSpec {
  const statistic = { period, statistic: Stats.SUM };
  return {
    name: 'throttles-table',
    severity: 'low',
    broke: 'DynamoDB pushed reads or writes back for 15 minutes; syncs go on, but slower.',
    runbook: 'throttles-of-the-table',
    metric: new MathExpression({
      expression: 'FILL(reads, 0) + FILL(writes, 0)',
      usingMetrics: {
        reads: table.metric('ReadThrottleEvents', statistic),
        writes: table.metric('WriteThrottleEvents', statistic),
      },
      period,
    }),
    above: 0,
    ...threeOfFive,
  };
}
