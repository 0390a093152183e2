import type { SQSBatchResponse, SQSEvent } from 'aws-lambda';
import { describeError } from '#adapters/process/describe-error.ts';
import type { Log } from '#core/model/ports/host.ts';

type BatchDeps = {
  readonly log: Log;
  readonly handle: (message: unknown) => Promise<void>;
  readonly redeliverSoon: (receiptHandle: string, attempt: number) => Promise<void>;
};

/** Handles the messages of a batch one by one. Those that failed are named, and come back soon. */
export async function handleBatch(
  { log, handle, redeliverSoon }: BatchDeps,
  { Records }: SQSEvent,
): Promise<SQSBatchResponse> {
  const batchItemFailures: SQSBatchResponse['batchItemFailures'] = [];
  for (const { body, messageId, receiptHandle, attributes } of Records) {
    try {
      await handle(JSON.parse(body));
    } catch (error) {
      log.error('message failed', { message_id: messageId, ...describeError(error) });
      batchItemFailures.push({ itemIdentifier: messageId });
      // Where even this fails the message comes back when its visibility ends.
      await redeliverSoon(receiptHandle, Number(attributes.ApproximateReceiveCount)).catch((reason: unknown) =>
        log.warn('message comes back late', { message_id: messageId, ...describeError(reason) }),
      );
    }
  }
  return { batchItemFailures };
}
