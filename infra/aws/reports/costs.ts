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
  /** From S3 of one region to a function in another. */
  otherRegionGb: 0.02,
  /** Over TLS, to the United States or Europe: https://aws.amazon.com/cloudfront/pricing/ */
  edgeRequest: 1e-6,
  edgeFunction: 0.1e-6,
  kmsKeyMonth: 1,
  secretMonth: 0.4,
  alarmMetricMonth: 0.1,
  metricMonth: 0.3,
  dashboardMonth: 3,
} as const;

/** Dollars for a request through the distribution in front, beside what it costs behind it. */
export const costOfFrontDoor = prices.edgeRequest + prices.edgeFunction;

/** What is paid whether anything runs or not: numbers of things in the stack. */
export const fixed = { kmsKeys: 2, secrets: 1, alarmMetrics: 32, metrics: 13, dashboards: 1, polledQueues: 3 } as const;

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
export const readUnitsPerSweep = 2.45;

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

/** Per object that a run finds changed or gone, and per record of a purge; measured at the Table port, of 600
 *  spread over 20,000 (test/infra/costs.test.ts). */
export const unitsPerChange = {
  added: { write: 1, read: 0 },
  modified: { write: 1.15, read: 2.3 },
  deleted: { write: 3.4, read: 3.4 },
  purged: { write: 1, read: 0.09 },
} as const;
export type Change = keyof typeof unitsPerChange;

/** Assumed: XML of a listing, for each of its keys. */
export const bytesPerListedKey = 350;

/** Rotation makes a new key each year, and the first two are charged: https://aws.amazon.com/kms/pricing/ */
export const rotationMonth = 2 * fixed.kmsKeys * prices.kmsKeyMonth;

/** Five of six slots a minute are messages, each sent, received and deleted. */
const slotMessagesMonth = 5 * 60 * 24 * 30 * 3 * prices.sqsRequest;

const runsPerMonth = { '10 seconds': 259_200, '5 minutes': 8640, '1 hour': 720, '1 day': 30 } as const;
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

export const sweepMonth = 8640 * readUnitsPerSweep * prices.dynamoDbReadUnit;

/** Dollars a month for so many datasources of so many objects each, unchanged, with storage and what is fixed. */
export function costOfMonth(datasources: number, objects: number, interval: Interval): number {
  const storage = costOfStorage(datasources * objects);
  const runs = runsPerMonth[interval] * costOfRun(objects);
  const slots = interval === '10 seconds' ? slotMessagesMonth : 0;
  return datasources * (runs + slots + sweepMonth) + storage + fixedMonth;
}

/** Dollars for so many objects that are added, modified or deleted, or so many records that are purged. */
export function costOfChanges(objects: number, change: Change): number {
  const { write, read } = unitsPerChange[change];
  return objects * (write * prices.dynamoDbWriteUnit + read * prices.dynamoDbReadUnit);
}

/** Dollars for one run over so many objects in another region than the stack, beside what the run costs. */
export function costOfTransfer(objects: number): number {
  return ((objects * bytesPerListedKey) / 1e9) * prices.otherRegionGb;
}

/** Dollars a month to keep so many records, recovery included. */
export function costOfStorage(objects: number): number {
  const gigabytes = (objects * (assumed.recordBytes + assumed.itemOverheadBytes)) / 1e9;
  return gigabytes * (prices.dynamoDbGbMonth + prices.dynamoDbRecoveryGbMonth);
}

/** Dollars for the first load of so many objects: one write a record, beside what a run costs. */
export function costOfFirstLoad(objects: number): number {
  return objects * prices.dynamoDbWriteUnit + costOfRun(objects);
}
