/** What an unchanged sync takes on AWS, and what that costs. test/infra/costs.test.ts measures the units. */

/** List prices of us-east-1 in US dollars, without free tiers, as of November 2026; from the services' price pages. */
export const prices = {
  listRequest: 5e-6,
  dynamoDbWriteUnit: 0.625e-6,
  dynamoDbReadUnit: 0.125e-6,
  dynamoDbGbMonth: 0.25,
  /** Point-in-time recovery of the same. */
  dynamoDbRecoveryGbMonth: 0.2,
  lambdaRequest: 0.2e-6,
  /** arm64. */
  lambdaGbSecond: 13.3334e-6,
  schedulerInvocation: 1e-6,
  kmsRequest: 3e-6,
  /** Each run publishes how it ended. */
  event: 1e-6,
  /** That event in the queue of webhooks: a send, and a share of a batch's receive, delete and invocation. */
  webhookMessage: 1e-6,
  logGb: 0.5,
  sqsRequest: 0.4e-6,
  kmsKeyMonth: 1,
  secretMonth: 0.4,
  alarmMetricMonth: 0.1,
  metricMonth: 0.3,
  dashboardMonth: 3,
} as const;

/** What is paid whether anything runs or not: numbers of things in the stack. */
export const fixed = { kmsKeys: 1, secrets: 1, alarmMetrics: 32, metrics: 13, dashboards: 1, polledQueues: 3 } as const;

/** Lambda asks an idle queue over five connections, each of which waits 20 seconds:
 *  https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-scaling.html */
const pollsPerMonth = 5 * 3 * 60 * 24 * 30;

export const fixedMonth =
  fixed.kmsKeys * prices.kmsKeyMonth +
  fixed.secrets * prices.secretMonth +
  fixed.alarmMetrics * prices.alarmMetricMonth +
  fixed.metrics * prices.metricMonth +
  fixed.dashboards * prices.dashboardMonth +
  fixed.polledQueues * pollsPerMonth * prices.sqsRequest;

/** Per run, whatever it lists; measured at the Table port. */
export const unitsPerRun = { write: 10, read: 17 } as const;

/** Per 1,000 unchanged objects beyond the first: one LIST request, a look at the lease, the digests; measured likewise. */
export const readUnitsPerThousand = 2;

/** Seven units every five seconds, for how far the run is, at the time that a page is assumed to take. */
export const writeUnitsPerThousand = 0.21;

/** What the sweep reads of each datasource, every five minutes; measured likewise. */
export const readUnitsPerSweep = 2.4;

/**
 * Assumed, but for the record's size: a record whose key has 43 bytes (measured too) and what DynamoDB adds to each item
 * (https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html); a run's log; time of
 * a run and of a page of 1,000 keys.
 */
export const assumed = {
  recordBytes: 262,
  itemOverheadBytes: 100,
  logBytes: 1500,
  secondsPerRun: 0.3,
  secondsPerPage: 0.15,
  memoryGb: 1769 / 1024,
} as const;

const runsPerMonth = { '5 minutes': 8640, '1 hour': 720, '1 day': 30 } as const;
export type Interval = keyof typeof runsPerMonth;

/** Dollars for one unchanged run over so many objects. */
export function costOfRun(objects: number): number {
  const pages = Math.max(1, objects / 1000);
  const seconds = assumed.secondsPerRun + (pages - 1) * assumed.secondsPerPage;
  return (
    pages * prices.listRequest +
    (pages - 1) * (readUnitsPerThousand * prices.dynamoDbReadUnit + writeUnitsPerThousand * prices.dynamoDbWriteUnit) +
    unitsPerRun.write * prices.dynamoDbWriteUnit +
    unitsPerRun.read * prices.dynamoDbReadUnit +
    seconds * assumed.memoryGb * prices.lambdaGbSecond +
    prices.lambdaRequest +
    prices.schedulerInvocation +
    prices.kmsRequest +
    prices.event +
    prices.webhookMessage +
    (assumed.logBytes / 1e9) * prices.logGb
  );
}

const sweepPerMonth = 8640 * readUnitsPerSweep * prices.dynamoDbReadUnit;

/** Dollars a month for so many datasources of so many objects each, unchanged, with storage and what is fixed. */
export function costOfMonth(datasources: number, objects: number, interval: Interval): number {
  const gigabytes = (datasources * objects * (assumed.recordBytes + assumed.itemOverheadBytes)) / 1e9;
  const storage = gigabytes * (prices.dynamoDbGbMonth + prices.dynamoDbRecoveryGbMonth);
  const runs = runsPerMonth[interval] * costOfRun(objects);
  return datasources * (runs + sweepPerMonth) + storage + fixedMonth;
}

/** Dollars for the first load of so many objects: one write a record, beside what a run costs. */
export function costOfFirstLoad(objects: number): number {
  return objects * prices.dynamoDbWriteUnit + costOfRun(objects);
}
