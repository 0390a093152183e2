import { expect, test } from 'vitest';
import { createLocalEventBus } from '#adapters/process/local-event-bus.ts';
import type { BusEvent } from '#core/model/ports/event-bus.ts';
import { createRecordingLog } from '#support/recording-log.ts';
import { eventBusContract } from './event-bus.contract.ts';

eventBusContract('embedded', async () => {
  const bus = createLocalEventBus({ log: createRecordingLog() });
  const received: BusEvent[] = [];
  const refused = new Set<string>();
  bus.subscribe((events) => {
    if (events.some(({ type }) => refused.has(type))) throw new Error('refused');
    received.push(...events);
  });
  return { bus, received: async () => received, refuse: (type) => refused.add(type), close: async () => undefined };
});

const event = (id: string, type: string): BusEvent => ({ id, type, time: '2026-11-22T07:00:00Z', detail: {} });

test('given several subscribers and one that throws, then all are asked, and publish throws with the cause', async () => {
  const bus = createLocalEventBus({ log: createRecordingLog() });
  const asked: string[] = [];
  bus.subscribe(() => {
    asked.push('first');
    throw new Error('full');
  });
  bus.subscribe(async () => {
    asked.push('second');
  });
  const failure = await bus.publish([event('1', 'a')]).catch((error) => error);
  expect(asked).toEqual(['first', 'second']);
  expect(failure).toBeInstanceOf(AggregateError);
  expect(failure.message).toBe('1 of 2 subscribers did not take the events');
  expect(failure.errors).toEqual([new Error('full')]);
});

test('given a subscriber leaves, then it hears no more, and the same listener subscribed twice hears once', async () => {
  const bus = createLocalEventBus({ log: createRecordingLog() });
  const heard: string[] = [];
  const listener = (events: readonly BusEvent[]) => void heard.push(...events.map(({ id }) => id));
  const leave = bus.subscribe(listener);
  bus.subscribe(listener);
  await bus.publish([event('1', 'a')]);
  leave();
  leave();
  await bus.publish([event('2', 'a')]);
  expect(heard).toEqual(['1', '1', '2']);
});

test('given a publish, then it waits for its subscribers and logs how many of each type', async () => {
  const log = createRecordingLog();
  const bus = createLocalEventBus({ log });
  const release = Promise.withResolvers<void>();
  bus.subscribe(() => release.promise);
  let ended = false;
  const publishing = bus.publish([event('1', 'added'), event('2', 'deleted'), event('3', 'added')]).then(() => {
    ended = true;
  });
  await Promise.resolve();
  expect(ended).toBe(false);
  release.resolve();
  await publishing;
  expect(log.lines).toEqual([
    { level: 'info', fact: 'events published', fields: { count: 3, types: { added: 2, deleted: 1 } } },
  ]);
});
