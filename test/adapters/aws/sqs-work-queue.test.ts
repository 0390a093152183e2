import { describe, expect, test } from 'vitest';
import { createSqsWorkQueue } from '#adapters/aws/sqs-work-queue.ts';
import { FakeSqs } from '#support/aws/fake-sqs.ts';
import { createVirtualTime } from '#support/virtual-time.ts';

const QUEUE = 'https://sqs.eu-west-1.amazonaws.com/111122223333/work';

function queueOn(queueUrl = QUEUE) {
  const time = createVirtualTime(0);
  const sqs = new FakeSqs({
    queueUrl: QUEUE,
    time,
    consume: async () => undefined,
    maxReceiveCount: 5,
    visibilitySeconds: 60,
  });
  return { queue: createSqsWorkQueue(sqs.client, queueUrl), sqs };
}

describe('SQS work queue', () => {
  test('given a message, then it is sent as JSON with its delay', async () => {
    const { queue, sqs } = queueOn();
    await queue.send({ type: 'resync', datasource: 'photos' }, { delaySeconds: 30 });
    expect(sqs.sent).toEqual([
      { QueueUrl: QUEUE, MessageBody: '{"type":"resync","datasource":"photos"}', DelaySeconds: 30 },
    ]);
  });

  test('given keys with characters that SQS does not carry, then they arrive', async () => {
    const { queue, sqs } = queueOn();
    const keys = ['\u0000', '\u001f', '\ufffe', 'a\uffff\uffffb', '\ud800', '𐀀', '\\uffff', '\u007f\u2028'];
    await queue.send(keys);
    expect(JSON.parse(sqs.sent[0]?.MessageBody ?? '')).toEqual(keys);
  });

  test('given a message of 1 MiB of JSON, then it is sent, and with a byte more it is refused unsent', async () => {
    const { queue, sqs } = queueOn();
    const fits = `é${'x'.repeat(1_048_576 - 4)}`;
    await queue.send(fits);
    await expect(queue.send(`${fits}y`)).rejects.toThrow('1048576 bytes of JSON, not 1048577');
    expect(sqs.sent).toHaveLength(1);
  });

  test.each([undefined, () => 1, Symbol('x')])('given what is not JSON, then it is refused', async (message) => {
    await expect(queueOn().queue.send(message)).rejects.toThrow('a message must be a JSON value');
  });

  test('given the queue does not exist, then send throws', async () => {
    await expect(queueOn(`${QUEUE}-other`).queue.send('x')).rejects.toMatchObject({ name: 'QueueDoesNotExist' });
  });
});
