import type { Clock } from '#core/model/ports/host.ts';
import type { Table } from '#core/model/ports/table.ts';
import type { ConnectorRow } from '#core/registry/connector.ts';
import { readConnector } from '#core/registry/connector-store.ts';
import type { DatasourceRow } from '#core/registry/datasource.ts';
import { listDatasources, readNumberedDatasource } from '#core/registry/datasource-store.ts';
import { datasourceTag } from '#core/registry/registry-tag.ts';
import { putOffUntil, readState } from '#core/runs/sync-state.ts';
import { scheduleView } from '#core/schedules/schedule-view.ts';
import { demandConnector, isShown, shownConnectors } from './connector-face.ts';
import type { Tagged } from './envelope.ts';
import { lastSync } from './last-runs.ts';
import { ResourceNotFound } from './not-found.ts';

/** A schedule under /v1: a datasource on a connector that has a face there. */
export type Schedule = { readonly row: DatasourceRow; readonly connector: ConnectorRow };

type ReadDeps = { readonly table: Table; readonly clock: Clock };

/** Reads that are under way at once: enough to hide the time each takes. */
const atOnce = 20;

/** The schedule with this id, on this connector if one is named. Throws ResourceNotFound. */
export async function demandSchedule(table: Table, id: string, connectorId?: string): Promise<Schedule> {
  const named = connectorId === undefined ? undefined : await demandConnector(table, connectorId);
  const row = await readNumberedDatasource(table, Number(id));
  const connector = row && (named ?? (await readConnector(table, row.connector.id)));
  if (row === undefined || connector?.id !== row.connector.id || !isShown(connector)) {
    throw new ResourceNotFound('schedule', id);
  }
  return { row, connector };
}

/** All schedules by number, or those on one connector. */
export async function listSchedules(table: Table, on?: ConnectorRow): Promise<Schedule[]> {
  const shown = on === undefined ? await shownConnectors(table) : [on];
  const connectors = new Map(shown.map((connector) => [connector.id, connector]));
  const schedules: Schedule[] = [];
  for await (const row of listDatasources(table)) {
    const connector = connectors.get(row.connector.id);
    if (connector !== undefined) schedules.push({ row, connector });
  }
  return schedules.sort((one, other) => one.row.number - other.row.number);
}

/** What keys must begin with: its own prefix, or else its connector's. */
export function prefixOf({ row, connector }: Schedule): string {
  return row.connector.config.prefix ?? connector.config.prefix ?? '';
}

/** Whether it fires. A datasource can be switched off as a whole or its schedule alone; here both are one. */
export function isActive({ row }: Schedule): boolean {
  return row.enabled && row.sync.enabled;
}

/** What /v1 shows of a schedule. An expression that Unix cron lacks, set in the AWS console, has its next firing only. */
export async function scheduleFace(deps: ReadDeps, schedule: Schedule): Promise<Tagged> {
  const { row, connector } = schedule;
  const now = deps.clock.now();
  const [last, state] = await Promise.all([lastSync(deps, row), readState(deps.table, row.uid)]);
  const until = putOffUntil(state, row, now);
  const prefix = prefixOf(schedule);
  const active = isActive(schedule);
  return {
    id: row.number,
    connector_id: connector.number,
    name: row.name,
    cron_expression: row.sync.cron ?? null,
    timezone: row.sync.strategy === 'cron' ? (row.sync.timezone ?? 'UTC') : null,
    interval: row.sync.interval ?? null,
    prefix_filter: prefix,
    prefix,
    is_active: active,
    enabled: active,
    last_run_at: last?.started_at ?? null,
    next_run_at: scheduleView(row, until ?? now)?.next_run_at ?? null,
    created_at: row.created,
    version: datasourceTag(row),
  };
}

/** The same for many, in their order. */
export async function scheduleFaces(deps: ReadDeps, schedules: readonly Schedule[]): Promise<Tagged[]> {
  const faces: Tagged[] = [];
  for (let first = 0; first < schedules.length; first += atOnce) {
    const some = schedules.slice(first, first + atOnce);
    faces.push(...(await Promise.all(some.map((each) => scheduleFace(deps, each)))));
  }
  return faces;
}
