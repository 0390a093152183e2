import type { Timers } from '#adapters/process/timers.ts';
import type { FedChange, TableFeed } from '#adapters/sqlite/table-feed.ts';
import type { Clock, Log } from '#core/model/ports/host.ts';
import type { ItemChange } from '#core/model/ports/table.ts';

/** Changes are handed on in batches of this many, as a stream would. */
const batch = 100;

/** A reader that fails is given the same changes again after this long. */
const retryMs = 5000;

export type FeedPump = { start(): void; stop(): Promise<void> };

/** Hands the table's feed to its readers, in order, until each batch was taken by all of them. */
export function createFeedPump(deps: {
  readonly feed: TableFeed;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly log: Log;
  readonly readers: readonly ((changes: readonly ItemChange[]) => Promise<void>)[];
}): FeedPump {
  let running = false;
  let pumping: Promise<void> | undefined;
  let again = false;
  let unsubscribe = (): void => {};

  const deliver = async (fed: readonly FedChange[]): Promise<void> => {
    const changes = fed.map(({ change }) => change);
    for (const read of deps.readers) await read(changes);
    const last = fed.at(-1);
    if (last !== undefined) await deps.feed.acknowledge(last.sequence);
  };
  const drain = async (): Promise<void> => {
    do {
      again = false;
      for (;;) {
        const fed = running ? await deps.feed.read(batch) : [];
        if (fed.length === 0) break;
        await deliver(fed);
      }
    } while (again && running);
  };
  const pump = (): void => {
    again = true;
    if (!running || pumping !== undefined) return;
    let failed = false;
    pumping = drain()
      .catch((error: unknown) => {
        failed = true;
        deps.log.error('feed not read', { reason: error instanceof Error ? error.message : String(error) });
        if (running) deps.timers.set(deps.clock.now() + retryMs, pump);
      })
      .finally(() => {
        pumping = undefined;
        // What was appended after the last look, and before this.
        if (again && running && !failed) pump();
      });
  };

  return {
    start() {
      running = true;
      unsubscribe = deps.feed.onAppend(pump);
      pump();
    },
    async stop() {
      running = false;
      unsubscribe();
      await pumping;
    },
  };
}
