import type { Clock } from '#core/model/ports/host.ts';
import type { Table } from '#core/model/ports/table.ts';
import { type DatasourceRow, datasourceView } from '#core/registry/datasource.ts';
import { readServerNote, serverView } from '#core/registry/server-note.ts';
import { runView } from '#core/runs/run.ts';
import { newestRun } from '#core/runs/run-store.ts';
import { healthView, putOffUntil, readState } from '#core/runs/sync-state.ts';
import { scheduleView } from '#core/schedules/schedule-view.ts';

type ReadDeps = { readonly table: Table; readonly clock: Clock };

/** So many datasources are looked up at once: enough to hide the time each read takes. */
const lookUpsAtOnce = 20;

/** A datasource with its schedule, its newest run, its health and what is known of its server: three reads. Parts that it has not yet are left out. */
export async function datasourceSource(deps: ReadDeps, row: DatasourceRow): Promise<Record<string, unknown>> {
  const now = deps.clock.now();
  const [run, state, server] = await Promise.all([
    newestRun(deps.table, row.uid, now),
    readState(deps.table, row.uid),
    readServerNote(deps.table, row.target, now),
  ]);
  const until = putOffUntil(state, row, now);
  const schedule = scheduleView(row, until ?? now);
  return {
    ...datasourceView(row),
    ...(schedule === undefined ? {} : { schedule }),
    ...(run === undefined ? {} : { last_run: runView(run) }),
    ...(server === undefined ? {} : { server: serverView(server) }),
    health: healthView(state, until),
  };
}

/** The same for many, in their order. */
export async function datasourceSources(
  deps: ReadDeps,
  rows: readonly DatasourceRow[],
): Promise<Record<string, unknown>[]> {
  const sources: Record<string, unknown>[] = [];
  for (let first = 0; first < rows.length; first += lookUpsAtOnce) {
    const some = rows.slice(first, first + lookUpsAtOnce);
    sources.push(...(await Promise.all(some.map((row) => datasourceSource(deps, row)))));
  }
  return sources;
}
