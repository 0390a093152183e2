import type { SQSRecord } from 'aws-lambda';
import { expect, test } from 'vitest';
import { handleWebhookBatch } from '#handlers/publisher/webhook-batch.ts';
import { createWebhookWorld, runEvent } from '../core/webhooks/webhook-world.ts';

function record(messageId: string, body: unknown): SQSRecord {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  const attributes = { ApproximateReceiveCount: '2' };
  return { messageId, body: text, receiptHandle: `receipt-${messageId}`, attributes } as SQSRecord;
}

function fromBus(id: string) {
  const { id: event_id, type, time, detail } = runEvent('completed', id);
  return { source: 'stocktake', 'detail-type': type, time, detail: { event_id, ...detail } };
}

test('given a batch, events and attempts are handled side by side, and what failed is named and comes back soon', async () => {
  const world = createWebhookWorld();
  await world.create();
  const again: unknown[] = [];
  const redeliver = async (handle: string, attempt: number) => void again.push([handle, attempt]);
  // The queue is not started: what is sent to it stays there, and is handed over here instead.
  const sent: unknown[] = [];
  const deps = { ...world.deps, queue: { send: async (message: unknown) => void sent.push(message) } };
  const events = ['run1', 'run2'].map((id) => record(id, fromBus(id)));
  const bad = [record('no-json', '{'), record('unknown', { type: 'unheard-of' })];
  const first = await handleWebhookBatch(deps, { Records: [...events, ...bad] }, redeliver);
  expect(first.batchItemFailures.map(({ itemIdentifier }) => itemIdentifier)).toEqual(['no-json', 'unknown']);
  expect(again).toEqual([
    ['receipt-no-json', 2],
    ['receipt-unknown', 2],
  ]);
  expect(sent).toHaveLength(2);

  let release = (): void => undefined;
  const released = new Promise<void>((resolve) => {
    release = resolve;
  });
  world.receive('https://one.test/', async () => {
    // Each waits for the other: one after another they would wait for ever.
    if (world.sent.length === 2) release();
    await released;
    return { status: 200 };
  });
  const attempts = sent.map((message, index) => record(`attempt${index}`, message));
  expect(await handleWebhookBatch(deps, { Records: attempts }, redeliver)).toEqual({ batchItemFailures: [] });
  expect(await world.deliveries()).toMatchObject([{ status: 'delivered' }, { status: 'delivered' }]);
});
