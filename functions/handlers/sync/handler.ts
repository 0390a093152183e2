import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { KMSClient } from '@aws-sdk/client-kms';
import { SQSClient } from '@aws-sdk/client-sqs';
import type { Context, SQSEvent } from 'aws-lambda';
import { clientSettings } from '#adapters/aws/client-settings.ts';
import { createKmsOpener } from '#adapters/aws/kms-vault.ts';
import { createSqsRedelivery, createSqsWorkQueue } from '#adapters/aws/sqs-work-queue.ts';
import { createFileSpools } from '#adapters/process/file-spools.ts';
import { createBuckets } from '#adapters/s3/s3-buckets.ts';
import { handleTick, tickPayload } from '#core/dispatch/handle-tick.ts';
import { handleWork } from '#core/dispatch/handle-work.ts';
import { createConnectorCache } from '#core/registry/connector-cache.ts';
import { defaultSyncSettings, type SyncDeps } from '#core/runs/sync-deps.ts';
import { timeBudget } from '#core/timing/time-budget.ts';
import { createLambdaRoles } from '../runtime/lambda-roles.ts';
import { createLambdaRuntime, reportFailure } from '../runtime/lambda-runtime.ts';
import { handleBatch } from '../runtime/queue-batch.ts';
import { environment } from './env.ts';

const env = environment.parse(process.env);
const runtime = createLambdaRuntime(env.TABLE_NAME);
const sqs = new SQSClient(clientSettings());
const redeliverSoon = createSqsRedelivery(sqs, env.WORK_QUEUE_URL);
const container: SyncDeps = {
  ...runtime,
  connectors: createConnectorCache(runtime.table, runtime.clock),
  // The only folder that a function may write to; its size is infra/aws's to say.
  spools: createFileSpools(join(tmpdir(), 'stocktake-spool')),
  queue: createSqsWorkQueue(sqs, env.WORK_QUEUE_URL),
  roles: createLambdaRoles(env.ASSUMABLE_ROLES, env.ASSUMING_ROLES, runtime.clock),
  opener: createKmsOpener(new KMSClient(clientSettings()), env.KEY_ARN),
  buckets: createBuckets({ allowPrivateEndpoints: env.PRIVATE_ENDPOINTS }),
  settings: {
    ...defaultSyncSettings,
    runTimeLimitSeconds: env.RUN_TIME_LIMIT_SECONDS,
    workers: env.SYNC_WORKERS,
    objects: { most: env.MAX_OBJECTS, setting: 'maxObjectsPerDatasource' },
    holdAboveObjects: env.HOLD_ABOVE_OBJECTS,
    holdAboveShare: env.HOLD_ABOVE_SHARE,
    spreadMs: 60_000,
  },
};

/** Performs a tick of a schedule, or the messages of the work queue: the failed ones are named, to be given again. */
export const handler = reportFailure(runtime.log, async (event: unknown, context: Context) => {
  const yieldAt = runtime.clock.now() + context.getRemainingTimeInMillis() - timeBudget.reserveMs;
  const deps = { ...container, yieldAt };
  const batch = { log: runtime.log, redeliverSoon, handle: (message: unknown) => handleWork(deps, message) };
  return isQueueBatch(event) ? handleBatch(batch, event) : tick(deps, event);
});

function isQueueBatch(event: unknown): event is SQSEvent {
  return (event as Partial<SQSEvent> | null)?.Records?.[0]?.eventSource === 'aws:sqs';
}

async function tick(deps: SyncDeps, event: unknown): Promise<void> {
  const payload = tickPayload.parse(event);
  const lateSeconds = (deps.clock.now() - Date.parse(payload.scheduled_time)) / 1000;
  const outcome = await handleTick(deps, payload);
  const { datasource, scheduled_time } = payload;
  deps.log.info('tick handled', { datasource, scheduled_time, late_seconds: lateSeconds, outcome });
}
