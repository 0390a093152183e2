import type { SQSBatchResponse, SQSEvent } from 'aws-lambda';
import { describeError } from '#adapters/embedded/describe-error.ts';
import { handleWork } from '#core/sync/handle-work.ts';
import type { SyncDeps } from '#core/sync/sync-deps.ts';

/** Handles the messages of a batch one by one. Those that failed are named, and come back soon. */
export async function handleBatch(
  deps: SyncDeps,
  { Records }: SQSEvent,
  redeliverSoon: (receiptHandle: string, attempt: number) => Promise<void>,
): Promise<SQSBatchResponse> {
  const batchItemFailures: SQSBatchResponse['batchItemFailures'] = [];
  for (const { body, messageId, receiptHandle, attributes } of Records) {
    try {
      await handleWork(deps, JSON.parse(body));
    } catch (error) {
      deps.log.error('message failed', { message_id: messageId, ...describeError(error) });
      batchItemFailures.push({ itemIdentifier: messageId });
      // Where even this fails the message comes back when its visibility ends.
      await redeliverSoon(receiptHandle, Number(attributes.ApproximateReceiveCount)).catch((reason: unknown) =>
        deps.log.warn('message comes back late', { message_id: messageId, ...describeError(reason) }),
      );
    }
  }
  return { batchItemFailures };
}
