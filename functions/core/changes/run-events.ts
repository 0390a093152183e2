import type { BusEvent } from '../model/ports/event-bus.ts';
import type { ItemChange } from '../model/ports/table.ts';
import { isEnded, type RunRow, runRow, runView } from '../runs/run.ts';
import { runPartitionPrefix } from '../runs/run-store.ts';
import { fromItem } from '../table/stored-item.ts';

const types: Partial<Record<RunRow['status'], string>> = {
  completed: 'Sync Completed',
  failed: 'Sync Failed',
  held: 'Sync Held',
};

/** The event that a run's end makes; none for dry runs, cancels, and what happens to a run after its end. */
export function runEvents(changes: readonly ItemChange[]): BusEvent[] {
  return changes.flatMap((change) => {
    if (!change.key.pk.startsWith(runPartitionPrefix) || change.after === undefined) return [];
    const run = fromItem(runRow, change.after);
    const before = change.before && fromItem(runRow, change.before);
    const type = types[run.status];
    if (type === undefined || run.dry_run || (before !== undefined && isEnded(before))) return [];
    return [{ id: `${run.id}-${run.status}`, type, time: run.completed_at ?? run.queued_at, detail: runView(run) }];
  });
}
