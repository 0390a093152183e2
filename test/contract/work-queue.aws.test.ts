import { createSqsWorkQueue } from '#adapters/aws/sqs-work-queue.ts';
import { FakeSqs } from '#support/aws/fake-sqs.ts';
import { createVirtualTime } from '#support/virtual-time.ts';
import { workQueueContract } from './work-queue.contract.ts';

const QUEUE = 'https://sqs.eu-west-1.amazonaws.com/111122223333/work';
const MAX_RECEIVES = 5;

workQueueContract('SQS', async (consume) => {
  const time = createVirtualTime(Date.parse('2026-11-22T07:00:00Z'));
  const sqs = new FakeSqs({
    queueUrl: QUEUE,
    time,
    consume: (body, delivery) => consume(JSON.parse(body), delivery),
    maxReceiveCount: MAX_RECEIVES,
    visibilitySeconds: 120,
  });
  return {
    queue: createSqsWorkQueue(sqs.client, QUEUE),
    maxAttempts: MAX_RECEIVES,
    pass: (seconds) => time.advance(seconds * 1000),
    dead: async () => sqs.dead.map((body) => JSON.parse(body)),
    close: async () => undefined,
  };
});
