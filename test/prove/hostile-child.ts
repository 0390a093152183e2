import { createBuckets } from '#adapters/s3/s3-buckets.ts';
import { bucketName, createSyncWorld } from '#support/sync-world.ts';

/** What one process saw that synced a hostile bucket, and an honest one beside it again and again. */
export type HostileReport = {
  readonly status: string;
  readonly code: string;
  readonly message: string;
  readonly seconds: number;
  readonly peakMegabytes: number;
  readonly honestRuns: number;
  readonly honestFailures: number;
  readonly slowestHonestSeconds: number;
};

const honestObjects = 2_500;

async function report(endpoint: string): Promise<HostileReport> {
  // With the limits of the product, waits included.
  const world = await createSyncWorld({ buckets: createBuckets({ allowPrivateEndpoints: true }) });
  for (let index = 0; index < honestObjects; index += 1) world.s3.put(bucketName, `key-${index}`, { size: index });
  await world.addDatasource({ id: 'honest' });
  await world.addDatasource({ id: 'hostile', config: { endpoint } });
  const began = Date.now();
  let ended = false;
  const hostile = world.sync('hostile').finally(() => {
    ended = true;
  });
  const seconds: number[] = [];
  let honestFailures = 0;
  do {
    const from = Date.now();
    const run = await world.sync('honest');
    if (run.status !== 'completed' || run.counters.listed !== honestObjects) honestFailures += 1;
    seconds.push((Date.now() - from) / 1000);
  } while (!ended);
  const run = await hostile;
  const result = {
    status: run.status,
    code: run.error?.code ?? '',
    message: run.error?.message ?? '',
    seconds: (Date.now() - began) / 1000,
    peakMegabytes: process.resourceUsage().maxRSS / 1024,
    honestRuns: seconds.length,
    honestFailures,
    slowestHonestSeconds: Math.max(...seconds),
  };
  await world.close();
  return result;
}

console.log(JSON.stringify(await report(process.argv[2] ?? '')));
