import { jobEvents } from '../jobs/job-events.ts';
import type { EventBus } from '../model/ports/event-bus.ts';
import type { Log } from '../model/ports/host.ts';
import type { ItemChange, Table } from '../model/ports/table.ts';
import { recordEvents } from './record-events.ts';
import { runEvents } from './run-events.ts';

/**
 * Publishes what the table's feed tells of records, runs and jobs. Throws if the bus did not take all of it; the same changes
 * may be given again and make the same event ids.
 */
export async function publishChanges(
  deps: { readonly table: Table; readonly bus: EventBus; readonly log: Log },
  changes: readonly ItemChange[],
): Promise<void> {
  const events = [...(await recordEvents(deps, changes)), ...runEvents(changes), ...jobEvents(changes)];
  if (events.length > 0) await deps.bus.publish(events);
}
