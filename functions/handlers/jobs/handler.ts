import { KMSClient } from '@aws-sdk/client-kms';
import { SQSClient } from '@aws-sdk/client-sqs';
import type { Context, SQSBatchResponse, SQSEvent } from 'aws-lambda';
import { clientSettings } from '#adapters/aws/client-settings.ts';
import { createKmsOpener } from '#adapters/aws/kms-vault.ts';
import { createSqsRedelivery, createSqsWorkQueue } from '#adapters/aws/sqs-work-queue.ts';
import { createBuckets } from '#adapters/s3/s3-buckets.ts';
import { handleJobs } from '#core/jobs/handle-jobs.ts';
import type { JobDeps } from '#core/jobs/perform-jobs.ts';
import { timeBudget } from '#core/timing/time-budget.ts';
import { createLambdaRoles } from '../runtime/lambda-roles.ts';
import { createLambdaRuntime, reportFailure } from '../runtime/lambda-runtime.ts';
import { handleBatch } from '../runtime/queue-batch.ts';
import { environment } from './env.ts';

/** A batch asks for 50 keys, 8 at once, up to three requests each: at this limit it ends within an invocation even
 *  where no request is answered. */
const requestTimeoutMs = timeBudget.watchedSourceCallMs;

const env = environment.parse(process.env);
const runtime = createLambdaRuntime(env.TABLE_NAME);
const sqs = new SQSClient(clientSettings());
const deps: JobDeps = {
  ...runtime,
  jobs: createSqsWorkQueue(sqs, env.JOBS_QUEUE_URL),
  roles: createLambdaRoles(env.ASSUMABLE_ROLES, env.ASSUMING_ROLES, runtime.clock),
  opener: createKmsOpener(new KMSClient(clientSettings()), env.KEY_ARN),
  buckets: createBuckets({ allowPrivateEndpoints: env.PRIVATE_ENDPOINTS, requestTimeoutMs }),
};
const batch = {
  log: runtime.log,
  handle: (message: unknown) => handleJobs(deps, message),
  redeliverSoon: createSqsRedelivery(sqs, env.JOBS_QUEUE_URL),
};

/** Processes named keys and enriches changed objects; the failed messages are named, to be given again. */
export const handler = reportFailure(
  runtime.log,
  (event: SQSEvent, _context: Context): Promise<SQSBatchResponse> => handleBatch(batch, event),
);
