import type { Schedule, Schedules, Table } from '../ports.ts';
import { listDatasources, readDatasource } from './datasource-store.ts';
import { scheduleOf } from './schedule-of.ts';

type ReconcileDeps = { readonly table: Table; readonly schedules: Schedules };

/** Makes the schedule of one datasource what its row wishes for. Safe to repeat and to run twice at once. */
export async function reconcileSchedule(deps: ReconcileDeps, id: string): Promise<void> {
  const row = await readDatasource(deps.table, id);
  const wished = row && scheduleOf(row);
  const actual = await deps.schedules.read(id);
  if (wished === undefined) {
    if (actual !== undefined) await deps.schedules.remove(id);
  } else if (actual === undefined || !isSame(actual, wished)) await deps.schedules.put(wished);
}

/**
 * Makes all schedules what the datasources wish for: creates what is missing, removes what is left over. One that cannot
 * be put does not keep the others from it; what failed is thrown at the end as one AggregateError.
 */
export async function reconcileAllSchedules(deps: ReconcileDeps): Promise<void> {
  const ids = new Set<string>();
  for await (const row of listDatasources(deps.table)) ids.add(row.id);
  for await (const schedule of deps.schedules.list()) ids.add(schedule.name);
  const errors: unknown[] = [];
  for (const id of ids) await reconcileSchedule(deps, id).catch((error: unknown) => errors.push(error));
  if (errors.length > 0) throw new AggregateError(errors, `${errors.length} schedules could not be reconciled`);
}

function isSame(one: Schedule, other: Schedule): boolean {
  const fields = ['expression', 'timezone', 'state', 'startAt', 'input'] as const;
  return fields.every((field) => one[field] === other[field]);
}
