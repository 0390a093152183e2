import { ChangeMessageVisibilityCommand, SendMessageCommand, type SQSClient } from '@aws-sdk/client-sqs';
import type { WorkQueue } from '#core/model/ports/work-queue.ts';
import { bounded } from './bounded.ts';

/** Both: https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html */
const LONGEST_DELAY_SECONDS = 900;
const LARGEST_MESSAGE_BYTES = 1_048_576;

/**
 * An SQS standard queue as the work queue; whoever reads it parses the body as JSON. Throws RangeError for a delay that
 * SQS does not have or a message above 1 MiB, before anything is sent; errors of SQS are thrown as they are.
 */
export function createSqsWorkQueue(client: Pick<SQSClient, 'send'>, queueUrl: string): WorkQueue {
  return {
    async send(message, { delaySeconds = 0 } = {}) {
      if (!Number.isInteger(delaySeconds) || delaySeconds < 0 || delaySeconds > LONGEST_DELAY_SECONDS) {
        throw new RangeError(
          `a message can be delayed by 0–${LONGEST_DELAY_SECONDS} whole seconds, not ${delaySeconds}`,
        );
      }
      const command = { QueueUrl: queueUrl, MessageBody: bodyOf(message), DelaySeconds: delaySeconds };
      await bounded((options) => client.send(new SendMessageCommand(command), options));
    },
  };
}

/** After the first failed delivery; the n-th waits n times as long, as on one machine. */
const RETRY_DELAY_SECONDS = 10;

/**
 * Brings a message that failed back soon: the queue's own visibility timeout is made for the longest invocation (six
 * times 900 s) and would let it wait for an hour and a half. `attempt` counts from 1. Errors of SQS are thrown as they are.
 */
export function createSqsRedelivery(
  client: Pick<SQSClient, 'send'>,
  queueUrl: string,
): (receiptHandle: string, attempt: number) => Promise<void> {
  return async (receiptHandle, attempt) => {
    const seconds = RETRY_DELAY_SECONDS * Math.max(1, attempt);
    const command = { QueueUrl: queueUrl, ReceiptHandle: receiptHandle, VisibilityTimeout: seconds };
    await bounded((options) => client.send(new ChangeMessageVisibilityCommand(command), options));
  };
}

/**
 * SQS takes the characters of XML 1.0 only. JSON escapes the others (controls, lone surrogates) but for these two, and
 * an S3 key may hold them.
 */
function bodyOf(message: unknown): string {
  const json: string | undefined = JSON.stringify(message);
  if (json === undefined) throw new TypeError('a message must be a JSON value');
  const body = json.replaceAll('\ufffe', '\\ufffe').replaceAll('\uffff', '\\uffff');
  const bytes = Buffer.byteLength(body);
  if (bytes > LARGEST_MESSAGE_BYTES) {
    throw new RangeError(`a message may have ${LARGEST_MESSAGE_BYTES} bytes of JSON, not ${bytes}`);
  }
  return body;
}
