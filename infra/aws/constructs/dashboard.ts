import { Duration, Stack } from 'aws-cdk-lib';
import { Dashboard as Board, GraphWidget, type IMetric, Metric, Stats } from 'aws-cdk-lib/aws-cloudwatch';
import type { ITable } from 'aws-cdk-lib/aws-dynamodb';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { consoleDomain } from './console-domain.ts';
import type { SyncFact, SyncMetrics } from './sync-metrics.ts';

type DashboardProps = {
  readonly name: string;
  readonly metrics: SyncMetrics;
  readonly functions: readonly { readonly name: string; readonly lambda: IFunction }[];
  readonly table: ITable;
  readonly workQueue: IQueue;
  readonly apiId: string;
};

const period = Duration.minutes(5);

/** One page: how syncs do, what they found, how late they are, and what the stack is being billed for. */
export class Dashboard extends Construct {
  /** Where the console shows it. */
  readonly url: string;

  constructor(scope: Construct, id: string, props: DashboardProps) {
    super(scope, id);
    const board = new Board(this, 'Board', { dashboardName: props.name, defaultInterval: Duration.days(1) });
    board.addWidgets(...runs(props.metrics));
    board.addWidgets(...lateness(props));
    board.addWidgets(...costs(props));
    const { region } = Stack.of(this);
    this.url = `https://${region}.${consoleDomain(this)}/cloudwatch/home?region=${region}#dashboards/dashboard/${props.name}`;
  }
}

function runs(metrics: SyncMetrics): GraphWidget[] {
  const sums = (...facts: SyncFact[]) => facts.map((fact) => metrics.of(fact));
  const duration = [Stats.p(50), Stats.p(90), Stats.MAXIMUM].map((statistic) =>
    metrics.of('RunSeconds', { statistic }),
  );
  return [
    graph('Runs', sums('RunsCompleted', 'RunsHeld', 'RunsFailed')),
    graph('Objects listed', sums('ObjectsListed')),
    graph('Changes', sums('ObjectsAdded', 'ObjectsModified', 'ObjectsDeleted')),
    graph('Duration of runs, seconds', duration),
    graph('Datasources that fail or hold', [
      metrics.of('DatasourcesUnhealthy', { statistic: Stats.MAXIMUM }),
      metrics.of('DatasourcesTurnedUnhealthy'),
    ]),
  ];
}

function lateness({ metrics, workQueue, functions, apiId }: DashboardProps): GraphWidget[] {
  const maximum = { period, statistic: Stats.MAXIMUM };
  const api = (metricName: string, statistic: string) =>
    new Metric({ namespace: 'AWS/ApiGateway', metricName, dimensionsMap: { ApiId: apiId }, statistic, period });
  return [
    graph('Lateness, seconds', [
      metrics.of('TickLateSeconds', { statistic: Stats.MAXIMUM }),
      workQueue.metricApproximateAgeOfOldestMessage({ ...maximum, label: 'oldest work message' }),
    ]),
    graph('Work waiting, messages', [workQueue.metricApproximateNumberOfMessagesVisible(maximum)]),
    graph(
      'Failures of functions',
      functions.map(({ name, lambda }) => lambda.metricErrors({ period, label: name })),
    ),
    graph('API', [api('Count', Stats.SUM), api('4xx', Stats.SUM), api('5xx', Stats.SUM)]),
  ];
}

/** What is paid by use, in the units it is billed in or close to them. */
function costs({ metrics, functions, table, workQueue }: DashboardProps): GraphWidget[] {
  const sum = { period, statistic: Stats.SUM };
  return [
    graph('Cost: table, request units', [
      table.metric('ConsumedWriteCapacityUnits', sum),
      table.metric('ConsumedReadCapacityUnits', sum),
    ]),
    graph('Cost: pages listed from S3', [metrics.of('PagesListed')]),
    graph(
      'Cost: time of functions, milliseconds',
      functions.map(({ name, lambda }) => lambda.metricDuration({ ...sum, label: name })),
    ),
    graph('Cost: messages', [workQueue.metricNumberOfMessagesSent(sum), workQueue.metricNumberOfEmptyReceives(sum)]),
  ];
}

function graph(title: string, left: IMetric[]): GraphWidget {
  return new GraphWidget({ title, left, width: 6, height: 6 });
}
