import type { Bench } from './column.ts';
import type { Registration, Run } from './stocktake-user.ts';

/** Registers a bucket of the bench's server under this id, by the door at which is counted. Throws when it is refused. */
export async function registerBucket(
  bench: Bench,
  id: string,
  bucket: string,
  more: Pick<Registration, 'config' | 'sync'> = {},
): Promise<void> {
  const { accessKeyId, secretAccessKey } = bench.server;
  const registration = { id, host: bench.watched.host, bucket, accessKeyId, secretAccessKey, ...more };
  const { status, body } = await bench.stocktake.register(registration);
  if (status !== 200) throw new Error(`registering answered ${status}: ${JSON.stringify(body).slice(0, 300)}`);
}

/** One run by hand, from its start to its end. */
export async function runOnce(bench: Bench, datasource: string, withinMs: number): Promise<Run> {
  return bench.stocktake.endOf(datasource, await bench.stocktake.startRun(datasource), withinMs);
}

/** Says how a run did not complete; nothing when it did. */
export function tellUncompleted({ status, error, message }: Run): string | undefined {
  if (status === 'completed') return undefined;
  return `the run is ${status}: ${error?.code ?? ''} ${error?.message ?? message ?? ''}`.slice(0, 400);
}
