import { EventBridgeClient } from '@aws-sdk/client-eventbridge';
import { KMSClient } from '@aws-sdk/client-kms';
import { SQSClient } from '@aws-sdk/client-sqs';
import type { Context, DynamoDBStreamEvent, SQSBatchResponse, SQSEvent } from 'aws-lambda';
import { clientSettings } from '#adapters/aws/client-settings.ts';
import { createEventBridgeBus } from '#adapters/aws/event-bridge-bus.ts';
import { createKmsOpener } from '#adapters/aws/kms-vault.ts';
import { createSqsRedelivery, createSqsWorkQueue } from '#adapters/aws/sqs-work-queue.ts';
import { readStreamRecord } from '#adapters/aws/stream-changes.ts';
import { createHttpWebhookSender } from '#adapters/webhooks/http-webhook-sender.ts';
import { publishChanges } from '#core/changes/publish-changes.ts';
import { enrichChanges } from '#core/jobs/enrich-changes.ts';
import { createLambdaRuntime, reportFailure } from '../runtime/lambda-runtime.ts';
import { environment } from './env.ts';
import { handleWebhookBatch } from './webhook-batch.ts';

const env = environment.parse(process.env);
const runtime = createLambdaRuntime(env.TABLE_NAME);
const sqs = new SQSClient(clientSettings());
const redeliverSoon = createSqsRedelivery(sqs, env.WEBHOOK_QUEUE_URL);
const deps = {
  ...runtime,
  bus: createEventBridgeBus(new EventBridgeClient(clientSettings()), env.BUS_NAME),
  opener: createKmsOpener(new KMSClient(clientSettings()), env.KEY_ARN),
  queue: createSqsWorkQueue(sqs, env.WEBHOOK_QUEUE_URL),
  deadLetters: createSqsWorkQueue(sqs, env.WEBHOOK_DEAD_LETTERS_URL),
  jobs: createSqsWorkQueue(sqs, env.JOBS_QUEUE_URL),
  sender: createHttpWebhookSender({ allowPrivateEndpoints: env.PRIVATE_ENDPOINTS }),
};

/**
 * Tells the bus what changed in the table, then asks for enrichment where a datasource wants it; a batch that was not
 * taken whole is given again and makes the same ids. And,
 * by messages of a queue, so that the stream waits for no receiver, tells webhooks what the bus heard.
 */
export const handler = reportFailure(
  runtime.log,
  async (event: DynamoDBStreamEvent | SQSEvent, _context: Context): Promise<SQSBatchResponse | undefined> => {
    if (isQueueBatch(event)) return handleWebhookBatch(deps, event, redeliverSoon);
    const changes = event.Records.map(readStreamRecord);
    await publishChanges(deps, changes);
    await enrichChanges(deps, changes);
    return undefined;
  },
);

function isQueueBatch(event: DynamoDBStreamEvent | SQSEvent): event is SQSEvent {
  return event.Records[0]?.eventSource === 'aws:sqs';
}
