import type { Clock } from '../model/ports/host.ts';
import type { ItemChange, Table } from '../model/ports/table.ts';
import { datasourcePartition } from '../registry/datasource-store.ts';

/** Requests stand here; the feed brings them to whoever keeps the schedules. */
export const reconcilePartition = 'reconcile';

/** A request is of no use once the sweep has been round. */
const keepSeconds = 3600;

/** Asks that the schedule of a datasource be looked at: a tick came that no longer fits. */
export async function requestReconcile(
  deps: { readonly table: Table; readonly clock: Clock },
  datasource: string,
): Promise<void> {
  const now = deps.clock.now();
  await deps.table.put({
    pk: reconcilePartition,
    sk: datasource,
    v: 1,
    at: now,
    ttl: Math.floor(now / 1000) + keepSeconds,
  });
}

/** The datasources whose schedules are to be reconciled after these changes: changed, deleted, or asked for. */
export function datasourcesToReconcile(changes: readonly ItemChange[]): Set<string> {
  const partitions: readonly string[] = [datasourcePartition, reconcilePartition];
  return new Set(changes.filter(({ key }) => partitions.includes(key.pk)).map(({ key }) => key.sk));
}
