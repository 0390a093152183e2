import type { LocalEventBus } from '#adapters/process/local-event-bus.ts';
import type { Timers } from '#adapters/process/timers.ts';
import { createTableWorkQueue } from '#adapters/sqlite/table-work-queue.ts';
import { createHttpWebhookSender } from '#adapters/webhooks/http-webhook-sender.ts';
import type { BusEvent } from '#core/model/ports/event-bus.ts';
import type { Clock, Ids, Log } from '#core/model/ports/host.ts';
import type { Table } from '#core/model/ports/table.ts';
import type { Opener } from '#core/model/ports/vault.ts';
import { isForWebhooks } from '#core/webhooks/outcome.ts';
import { handleWebhookWork } from '#core/webhooks/webhook-work.ts';

/** So many requests to receivers at once: they wait for others, and cost next to nothing meanwhile. */
const concurrency = 64;

/** A request has 10 s, and the rest are a few rows of the table. */
const leaseMs = 60_000;

/**
 * Delivers to webhooks what the bus hears, over a queue of their own: neither publishing nor syncs wait for a receiver.
 * What is given up stays in the table for 14 days, as a delivery that is dead, and in the log.
 */
export function createLocalWebhooks(
  host: {
    readonly table: Table;
    readonly clock: Clock;
    readonly ids: Ids;
    readonly timers: Timers;
    readonly log: Log;
    readonly opener: Opener;
    /** Whether receivers at loopback and private addresses may be called: all, none, or those by name. */
    readonly privateEndpoints: boolean | readonly string[];
  },
  bus: LocalEventBus,
): { start(): Promise<void>; stop(): Promise<void> } {
  const queue = createTableWorkQueue({
    ...host,
    queue: 'webhooks',
    concurrency,
    leaseMs,
    consume: (message) => handleWebhookWork(deps, message),
  });
  const deps = {
    ...host,
    queue,
    deadLetters: { send: async () => undefined },
    sender: createHttpWebhookSender({ allowPrivateEndpoints: host.privateEndpoints }),
  };
  bus.subscribe(async (events: readonly BusEvent[]) => {
    for (const event of events.filter(isForWebhooks)) await queue.send({ type: 'event', event });
  });
  return { start: () => queue.start(), stop: () => queue.stop() };
}
