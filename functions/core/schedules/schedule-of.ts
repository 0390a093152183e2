import type { Schedule } from '../model/ports/schedules.ts';
import type { DatasourceRow } from '../registry/datasource.ts';
import { stateOf } from '../registry/datasource.ts';
import { markOf } from './schedule-mark.ts';

/** What Scheduler puts in the place of this is when the tick was due. */
const scheduledTime = '<aws.scheduler.scheduled-time>';

/** The schedule that a datasource wishes for; none if it syncs by hand only. */
export function scheduleOf(row: DatasourceRow): Schedule | undefined {
  const { expression, timezone = 'UTC', anchor } = row.sync;
  if (expression === undefined) return undefined;
  return {
    name: row.id,
    expression,
    timezone,
    state: stateOf(row),
    startAt: anchor,
    input: JSON.stringify({
      datasource: row.id,
      config_version: row.config_version,
      scheduled_time: scheduledTime,
      written: markOf(row, { expression, timezone }),
    }),
  };
}
