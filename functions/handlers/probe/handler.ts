import { KMSClient } from '@aws-sdk/client-kms';
import { SQSClient } from '@aws-sdk/client-sqs';
import { clientSettings } from '#adapters/aws/client-settings.ts';
import { createKmsOpener } from '#adapters/aws/kms-vault.ts';
import { createSqsWorkQueue } from '#adapters/aws/sqs-work-queue.ts';
import { createBuckets } from '#adapters/s3/s3-buckets.ts';
import { timeBudget } from '#core/timing/time-budget.ts';
import { createHttpHandler } from '#http/create-http-handler.ts';
import { deployedKeys } from '../runtime/deployed-keys.ts';
import { facing } from '../runtime/facing.ts';
import { createLambdaRoles } from '../runtime/lambda-roles.ts';
import { createLambdaRuntime } from '../runtime/lambda-runtime.ts';
import { environment } from './env.ts';

const env = environment.parse(process.env);
const runtime = createLambdaRuntime(env.TABLE_NAME);

/** The routes that look into a bucket. A call ends before API Gateway gives up on it, after 30 s. */
export const handler = createHttpHandler(
  {
    ...runtime,
    ...facing(env, runtime.clock),
    queue: createSqsWorkQueue(new SQSClient(clientSettings()), env.WORK_QUEUE_URL),
    roles: createLambdaRoles(env.ASSUMABLE_ROLES, env.ASSUMING_ROLES, runtime.clock),
    opener: createKmsOpener(new KMSClient(clientSettings()), env.KEY_ARN),
    buckets: createBuckets({
      allowPrivateEndpoints: env.PRIVATE_ENDPOINTS,
      requestTimeoutMs: timeBudget.watchedSourceCallMs,
    }),
    corsOrigins: env.CORS_ORIGINS,
    apiKeys: deployedKeys(env.ADMIN_KEY_SECRET_ARN, runtime),
  },
  'probe',
);
