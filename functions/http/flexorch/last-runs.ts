import type { Clock } from '#core/model/ports/host.ts';
import type { Table } from '#core/model/ports/table.ts';
import type { ConnectorRow } from '#core/registry/connector.ts';
import type { DatasourceRow } from '#core/registry/datasource.ts';
import { listDatasources } from '#core/registry/datasource-store.ts';
import type { RunRow } from '#core/runs/run.ts';
import { listRuns, newestRun } from '#core/runs/run-store.ts';

/** Reads that are under way at once: enough to hide the time each takes. */
const atOnce = 20;

/** When the newest run of any datasource on these connectors began, by connector id; those without one are left out. */
export async function lastStarts(
  deps: { readonly table: Table; readonly clock: Clock },
  connectors: readonly ConnectorRow[],
): Promise<Map<string, string>> {
  const wanted = new Set(connectors.map(({ id }) => id));
  const datasources: DatasourceRow[] = [];
  if (wanted.size > 0) {
    for await (const row of listDatasources(deps.table)) if (wanted.has(row.connector.id)) datasources.push(row);
  }
  const latest = new Map<string, string>();
  const now = deps.clock.now();
  for (let first = 0; first < datasources.length; first += atOnce) {
    const some = datasources.slice(first, first + atOnce);
    const runs = await Promise.all(some.map((row) => newestRun(deps.table, row.uid, now)));
    for (const [index, { connector }] of some.entries()) {
      const start = runs[index]?.started_at;
      if (start !== undefined && start > (latest.get(connector.id) ?? '')) latest.set(connector.id, start);
    }
  }
  return latest;
}

/** The newest run that was no dry run. Of many dry runs in a row only the newest few are looked behind. */
export async function lastSync(
  deps: { readonly table: Table; readonly clock: Clock },
  row: DatasourceRow,
): Promise<RunRow | undefined> {
  const runs = await listRuns(deps.table, row.uid, deps.clock.now(), { limit: 5 });
  return runs.find((run) => !run.dry_run);
}
