import { Duration } from 'aws-cdk-lib';
import { Metric, Stats, Unit } from 'aws-cdk-lib/aws-cloudwatch';
import { FilterPattern, type IFilterPattern, type ILogGroup, MetricFilter } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';

type Fact = { readonly pattern: IFilterPattern; readonly value: string; readonly unit?: Unit };

/** The end of a run as functions/core/runs/finish-run.ts logs it; dry runs changed nothing and are left out. */
function ended(status: string): IFilterPattern {
  return FilterPattern.all(
    FilterPattern.stringValue('$.fact', '=', `sync ${status}`),
    FilterPattern.notExists('$.dry_run'),
  );
}

/** Comparisons stand for "is there": FilterPattern.exists compares with the text "*", which no number equals. */
const anyEnd = FilterPattern.all(FilterPattern.numberValue('$.seconds', '>=', 0), FilterPattern.notExists('$.dry_run'));

/** Clocks differ: a tick may seem to come before its time. */
const anyTick = FilterPattern.numberValue('$.late_seconds', '>=', -1e9);

/** What the sync function says. */
const facts = {
  RunsCompleted: { pattern: ended('completed'), value: '1' },
  RunsFailed: { pattern: ended('failed'), value: '1' },
  RunsHeld: { pattern: ended('held'), value: '1' },
  RunSeconds: { pattern: anyEnd, value: '$.seconds', unit: Unit.SECONDS },
  ObjectsListed: { pattern: anyEnd, value: '$.listed' },
  ObjectsAdded: { pattern: anyEnd, value: '$.added' },
  ObjectsModified: { pattern: anyEnd, value: '$.modified' },
  ObjectsDeleted: { pattern: anyEnd, value: '$.deleted' },
  PagesListed: { pattern: anyEnd, value: '$.pages' },
  TickLateSeconds: { pattern: anyTick, value: '$.late_seconds', unit: Unit.SECONDS },
} as const satisfies Record<string, Fact>;

/** What the schedules function says when a round of its sweep has ended (functions/handlers/schedules/handler.ts). */
const sweepFacts = {
  DatasourcesUnhealthy: { pattern: FilterPattern.numberValue('$.unhealthy', '>=', 0), value: '$.unhealthy' },
  DatasourcesTurnedUnhealthy: {
    pattern: FilterPattern.numberValue('$.turned_unhealthy', '>=', 0),
    value: '$.turned_unhealthy',
  },
  SchedulesMissing: { pattern: FilterPattern.numberValue('$.missing', '>=', 0), value: '$.missing' },
} as const satisfies Record<string, Fact>;

export type SyncFact = keyof typeof facts | keyof typeof sweepFacts;

type SyncMetricsProps = {
  readonly logGroup: ILogGroup;
  /** Of the function that sweeps. */
  readonly sweepLogGroup: ILogGroup;
  readonly namePrefix: string;
};

/** What the logs say of runs, ticks and sweeps, as metrics. */
export class SyncMetrics extends Construct {
  readonly #namespace: string;

  constructor(scope: Construct, id: string, props: SyncMetricsProps) {
    super(scope, id);
    this.#namespace = `Stocktake/${props.namePrefix}`;
    this.#count(facts, props.logGroup);
    this.#count(sweepFacts, props.sweepLogGroup);
  }

  #count(facts: Readonly<Record<string, Fact>>, logGroup: ILogGroup): void {
    for (const [metricName, fact] of Object.entries(facts)) {
      new MetricFilter(this, metricName, {
        logGroup,
        filterPattern: fact.pattern,
        metricNamespace: this.#namespace,
        metricName,
        metricValue: fact.value,
        ...(fact.unit === undefined ? {} : { unit: fact.unit }),
      });
    }
  }

  of(metricName: SyncFact, options: { statistic?: string; period?: Duration } = {}): Metric {
    const { statistic = Stats.SUM, period = Duration.minutes(5) } = options;
    return new Metric({ namespace: this.#namespace, metricName, statistic, period });
  }
}
