import type { SQSBatchResponse, SQSEvent, SQSRecord } from 'aws-lambda';
import { readBusMessage } from '#adapters/aws/bus-message.ts';
import { describeError } from '#adapters/process/describe-error.ts';
import type { DeliveryDeps } from '#core/webhooks/delivery-deps.ts';
import { handleWebhookWork } from '#core/webhooks/webhook-work.ts';

/**
 * Handles the messages of a batch side by side: those that wait for a slow receiver do not hold up the others. Events
 * come as the rule of the bus wrote them, all else as we sent it. Those that failed are named, and come back soon.
 */
export async function handleWebhookBatch(
  deps: DeliveryDeps,
  { Records }: SQSEvent,
  redeliverSoon: (receiptHandle: string, attempt: number) => Promise<void>,
): Promise<SQSBatchResponse> {
  const handled = await Promise.all(Records.map((record) => handle(deps, record, redeliverSoon)));
  return { batchItemFailures: handled.flatMap((failed) => (failed === undefined ? [] : [{ itemIdentifier: failed }])) };
}

/** The id of a message that failed. */
async function handle(
  deps: DeliveryDeps,
  { body, messageId, receiptHandle, attributes }: SQSRecord,
  redeliverSoon: (receiptHandle: string, attempt: number) => Promise<void>,
): Promise<string | undefined> {
  try {
    const message: unknown = JSON.parse(body);
    const event = readBusMessage(message);
    await handleWebhookWork(deps, event === undefined ? message : { type: 'event', event });
    return undefined;
  } catch (error) {
    deps.log.error('message failed', { message_id: messageId, ...describeError(error) });
    // Where even this fails the message comes back when its visibility ends.
    await redeliverSoon(receiptHandle, Number(attributes.ApproximateReceiveCount)).catch((reason: unknown) =>
      deps.log.warn('message comes back late', { message_id: messageId, ...describeError(reason) }),
    );
    return messageId;
  }
}
