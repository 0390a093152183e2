import { createEventBridgeBus } from '#adapters/aws/event-bridge-bus.ts';
import { FakeEventBridge } from '#support/aws/fake-event-bridge.ts';
import { eventBusContract } from './event-bus.contract.ts';

eventBusContract('EventBridge', async () => {
  const eventBridge = new FakeEventBridge();
  const refused = new Set<string>();
  eventBridge.fault = ({ DetailType = '' }) => (refused.has(DetailType) ? 'InternalFailure' : undefined);
  const patience = { sleep: async () => undefined, random: Math.random, retries: 3 };
  return {
    bus: createEventBridgeBus(eventBridge.client, 'stocktake', { patience }),
    received: async () =>
      eventBridge.delivered.map(({ 'detail-type': type, time, detail: { event_id: id, ...detail } }) => {
        return { id: String(id), type, time, detail };
      }),
    refuse: (type) => refused.add(type),
    close: async () => undefined,
  };
});
