import { expect, test } from 'vitest';
import { readBusMessage } from '#adapters/aws/bus-message.ts';
import { createEventBridgeBus } from '#adapters/aws/event-bridge-bus.ts';
import { isForWebhooks } from '#core/webhooks/outcome.ts';

test('given an event that our bus adapter publishes, what EventBridge makes of it is read back as it was', async () => {
  const event = { id: 'r1-completed', type: 'Sync Completed', time: '2026-03-01T10:00:00.000Z', detail: { id: 'r1' } };
  const entries: { DetailType?: string; Time?: Date; Detail?: string }[] = [];
  const send = async ({ input }: { input: { Entries?: typeof entries } }) => {
    entries.push(...(input.Entries ?? []));
    return { FailedEntryCount: 0, Entries: [{ EventId: 'e' }] };
  };
  await createEventBridgeBus({ send } as never, 'bus').publish([event]);
  const [entry] = entries;
  const envelope = {
    ...{ version: '0', id: 'of-eventbridge', source: 'stocktake', account: '1', region: 'eu-west-1', resources: [] },
    ...{ 'detail-type': entry?.DetailType, time: entry?.Time?.toISOString(), detail: JSON.parse(entry?.Detail ?? '') },
  };
  const read = readBusMessage(envelope);
  expect(read).toEqual(event);
  expect(read && isForWebhooks(read)).toBe(true);
});

test.each([null, 7, 'text', {}, { type: 'deliver', webhook: '1' }, { detail: { event_id: 7 } }])(
  'given %j, it is no event',
  (body) => {
    expect(readBusMessage(body)).toBeUndefined();
  },
);
