import { KMSClient } from '@aws-sdk/client-kms';
import { SQSClient } from '@aws-sdk/client-sqs';
import { clientSettings } from '#adapters/aws/client-settings.ts';
import { createKmsSealer } from '#adapters/aws/kms-vault.ts';
import { createSqsWorkQueue } from '#adapters/aws/sqs-work-queue.ts';
import { createWebhookAddresses } from '#adapters/webhooks/webhook-addresses.ts';
import { createHttpHandler } from '#http/create-http-handler.ts';
import { deployedKeys } from '../runtime/deployed-keys.ts';
import { deployedRoles } from '../runtime/deployed-roles.ts';
import { facing } from '../runtime/facing.ts';
import { createLambdaRuntime } from '../runtime/lambda-runtime.ts';
import { environment } from './env.ts';

const env = environment.parse(process.env);
const runtime = createLambdaRuntime(env.TABLE_NAME);
const sqs = new SQSClient(clientSettings());

/** The routes that open no secret. */
export const handler = createHttpHandler(
  {
    ...runtime,
    ...facing(env, runtime.clock),
    queue: createSqsWorkQueue(sqs, env.WORK_QUEUE_URL),
    jobs: createSqsWorkQueue(sqs, env.JOBS_QUEUE_URL),
    sealer: createKmsSealer(new KMSClient(clientSettings()), env.KEY_ARN),
    assumableRoles: deployedRoles(env.ASSUMABLE_ROLES),
    apiKeys: deployedKeys(env.ADMIN_KEY_SECRET_ARN, runtime),
    webhookAddresses: createWebhookAddresses({ allowPrivateEndpoints: env.PRIVATE_ENDPOINTS }),
    corsOrigins: env.CORS_ORIGINS,
    minimumIntervalSeconds: env.MINIMUM_INTERVAL_SECONDS,
    quotas: {
      datasources: { most: env.MAX_DATASOURCES, setting: 'maxDatasources' },
      connectors: { most: env.MAX_CONNECTORS, setting: 'maxConnectors' },
    },
  },
  'api',
);
