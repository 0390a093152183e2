import fc from 'fast-check';
import { beforeEach, describe, expect, test } from 'vitest';
import { createEventBridgeBus } from '#adapters/aws/event-bridge-bus.ts';
import type { BusEvent, EventBus } from '#core/model/ports/event-bus.ts';
import { entrySize, FakeEventBridge } from '#support/aws/fake-event-bridge.ts';

const KB = 1024;

const objectOf = (index: number, keyLength = 40) => ({
  id: `change-${index}`,
  key: `${index}-${'é'.repeat(keyLength)}`,
  size: index,
});
const added = (count: number, keyLength?: number): BusEvent => ({
  id: 'whole',
  type: 'Objects Added',
  time: '2026-11-22T07:00:00Z',
  detail: {
    datasource: 'photos',
    run: 'r1',
    seq: 7,
    objects: Array.from({ length: count }, (_, index) => objectOf(index, keyLength)),
  },
});
const plain = (id: string, bytes = 0): BusEvent => ({
  id,
  type: 'Sync Completed',
  time: '2026-11-22T07:00:00Z',
  detail: { id: 'run-1', text: 'x'.repeat(bytes) },
});

describe('EventBridge bus', () => {
  let eventBridge: FakeEventBridge;
  let bus: EventBus;
  let delays: number[];
  beforeEach(() => {
    eventBridge = new FakeEventBridge();
    delays = [];
    const sleep = async (milliseconds: number) => void delays.push(milliseconds);
    const patience = { sleep, random: () => 0.999_999, retries: 3 };
    bus = createEventBridgeBus(eventBridge.client, 'stocktake', { patience });
  });

  test('given a run event, then it carries the event id beside the id of its own', async () => {
    await bus.publish([plain('run-1-completed')]);
    expect(eventBridge.delivered).toEqual([
      {
        bus: 'stocktake',
        source: 'stocktake',
        'detail-type': 'Sync Completed',
        time: '2026-11-22T07:00:00Z',
        detail: { event_id: 'run-1-completed', id: 'run-1', text: '' },
      },
    ]);
  });

  test('given objects that fit one billed event, then they travel as one, under its id', async () => {
    await bus.publish([added(300)]);
    expect(eventBridge.delivered.map(({ detail }) => detail.event_id)).toEqual(['whole']);
  });

  test('given any number of objects, then entries are at most 64 KB, well filled, and tell each object once', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 3000 }),
        fc.integer({ min: 0, max: 500 }),
        async (count, keyLength) => {
          eventBridge.requests.length = 0;
          eventBridge.delivered.length = 0;
          const event = added(count, keyLength);
          await bus.publish([event]);
          const sizes = eventBridge.requests.flat().map(entrySize);
          expect(Math.max(...sizes)).toBeLessThanOrEqual(64 * KB);
          for (const size of sizes.slice(0, -1)) expect(size).toBeGreaterThan(62 * KB);
          expect(eventBridge.delivered.flatMap(({ detail }) => detail.objects)).toEqual(event.detail.objects);
          const ids = eventBridge.delivered.map(({ detail }) => detail.event_id);
          expect(new Set(ids).size).toBe(ids.length);
          for (const { detail } of eventBridge.delivered) {
            expect(detail).toMatchObject({ datasource: 'photos', run: 'r1', seq: 7 });
          }
        },
      ),
      { numRuns: 25 },
    );
  });

  test('given many events, then a request has at most ten, and less than 256 KB', async () => {
    await bus.publish(Array.from({ length: 23 }, (_, index) => plain(`small-${index}`)));
    expect(eventBridge.requests.map((request) => request.length)).toEqual([10, 10, 3]);
    await bus.publish(Array.from({ length: 5 }, (_, index) => plain(`large-${index}`, 100 * KB)));
    expect(eventBridge.requests.slice(3).map((request) => request.length)).toEqual([2, 2, 1]);
  });

  test('given entries fail, then they alone are sent again until they are taken', async () => {
    eventBridge.fault = ({ Detail = '' }, request) =>
      request < 3 && /"event_id":"(2|5)"/.test(Detail) ? 'ThrottlingException' : undefined;
    await bus.publish(Array.from({ length: 8 }, (_, index) => plain(String(index))));
    expect(eventBridge.requests.map((request) => request.length)).toEqual([8, 2, 2]);
    const ids = eventBridge.delivered.map(({ detail }) => detail.event_id);
    expect([...ids].sort()).toEqual(['0', '1', '2', '3', '4', '5', '6', '7']);
    expect(delays).toEqual([50, 100]);
  });

  test('given entries fail for good, then publish throws their codes and nothing of what they hold', async () => {
    eventBridge.fault = ({ Detail = '' }) =>
      /"event_id":"(2|5)"/.test(Detail) ? 'InternalFailure' : Detail.includes('"6"') ? 'NotAuthorized' : undefined;
    const events = Array.from({ length: 8 }, (_, index) => plain(String(index), 10));
    const failure = await bus.publish(events).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(Error);
    expect(failure).toMatchObject({ message: 'EventBridge did not take 3 events: InternalFailure, NotAuthorized' });
    expect(failure).not.toHaveProperty('cause');
    expect(eventBridge.requests.map((request) => request.length)).toEqual([8, 3, 3, 3]);
  });

  test('given an answer without entries, then nothing counts as taken', async () => {
    const client = { send: async () => ({ FailedEntryCount: 0 }) } as unknown as FakeEventBridge['client'];
    const patience = { sleep: async () => undefined, random: Math.random, retries: 1 };
    const deaf = createEventBridgeBus(client, 'stocktake', { patience });
    await expect(deaf.publish([plain('1')])).rejects.toThrow('did not take 1 events');
  });

  test('given an event that no request can hold, then publish throws before anything is sent', async () => {
    await expect(bus.publish([plain('1'), plain('2', 300 * KB)])).rejects.toThrow('Sync Completed has');
    expect(eventBridge.requests).toEqual([]);
  });
});
