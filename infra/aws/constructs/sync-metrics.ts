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

/** Ten in all: as many as CloudWatch keeps free of charge. */
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

export type SyncFact = keyof typeof facts;

/** What the sync function's log says of runs and ticks, as metrics. */
export class SyncMetrics extends Construct {
  readonly #namespace: string;

  constructor(scope: Construct, id: string, props: { readonly logGroup: ILogGroup; readonly namePrefix: string }) {
    super(scope, id);
    this.#namespace = `Stocktake/${props.namePrefix}`;
    for (const [metricName, fact] of Object.entries<Fact>(facts)) {
      new MetricFilter(this, metricName, {
        logGroup: props.logGroup,
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
