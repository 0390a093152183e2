import type { BusEvent, EventBus } from '#core/model/ports/event-bus.ts';
import type { Log } from '#core/model/ports/host.ts';

/** Takes published events; throwing, or rejecting, fails the publish. */
export type EventListener = (events: readonly BusEvent[]) => Promise<void> | void;

export type LocalEventBus = EventBus & {
  /** Hears every publish from now on; call what it returns to stop. */
  subscribe(listener: EventListener): () => void;
};

/**
 * An event bus within the process. A publish ends when every subscriber has taken the events, and throws if any did
 * not, after all have been asked: sending again repeats the events for those that took them, as on EventBridge.
 */
export function createLocalEventBus({ log }: { log: Log }): LocalEventBus {
  // Wrapped, so that the same listener may subscribe twice and leave once.
  const subscribers = new Set<{ readonly listener: EventListener }>();
  return {
    subscribe(listener) {
      const subscriber = { listener };
      subscribers.add(subscriber);
      return () => {
        subscribers.delete(subscriber);
      };
    },
    async publish(events) {
      if (events.length === 0) return;
      log.info('events published', { count: events.length, types: countTypes(events) });
      const answers = await Promise.allSettled([...subscribers].map(async ({ listener }) => listener(events)));
      const reasons = answers.flatMap((answer) => (answer.status === 'rejected' ? [answer.reason] : []));
      if (reasons.length > 0) {
        throw new AggregateError(reasons, `${reasons.length} of ${answers.length} subscribers did not take the events`);
      }
    },
  };
}

function countTypes(events: readonly BusEvent[]): Record<string, number> {
  const counts = new Map<string, number>();
  for (const { type } of events) counts.set(type, (counts.get(type) ?? 0) + 1);
  return Object.fromEntries(counts);
}
