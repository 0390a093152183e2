import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { BusEvent, EventBus } from '#core/model/ports/event-bus.ts';

export type EventBusUnderTest = {
  readonly bus: EventBus;
  /** All that subscribers were given so far. */
  received(): Promise<readonly BusEvent[]>;
  /** Makes whoever takes the events refuse those of this type. */
  refuse(type: string): void;
  close(): Promise<void>;
};

/** What both hosts' EventBus must do. */
export function eventBusContract(name: string, make: () => Promise<EventBusUnderTest>): void {
  describe(`EventBus: ${name}`, () => {
    let made: EventBusUnderTest;
    beforeEach(async () => {
      made = await make();
    });
    afterEach(() => made.close());

    test('given events are published, then all arrive as they were', async () => {
      // More than PutEvents takes in one call.
      const events = Array.from({ length: 23 }, (_, index) => eventOf(index, 'stocktake.document.added'));
      await made.bus.publish(events);
      expect(byId(await made.received())).toEqual(byId(events));
    });

    test('given no events, then nothing arrives and nothing fails', async () => {
      await made.bus.publish([]);
      expect(await made.received()).toEqual([]);
    });

    test('given one of them is not taken, then publish throws', async () => {
      made.refuse('stocktake.refused');
      const events = [eventOf(1, 'stocktake.run.completed'), eventOf(2, 'stocktake.refused')];
      await expect(made.bus.publish(events)).rejects.toThrow();
    });
  });
}

function eventOf(index: number, type: string): BusEvent {
  return {
    id: `event-${String(index).padStart(3, '0')}`,
    type,
    time: '2026-11-22T07:00:00Z',
    detail: { key: `photos/é 日 ${index}.jpg`, size: index, seq: 7 },
  };
}

function byId(events: readonly BusEvent[]): BusEvent[] {
  return [...events].sort((a, b) => (a.id < b.id ? -1 : 1));
}
