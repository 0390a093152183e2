import type { LiveSchedule } from '../model/ports/schedules.ts';
import type { DatasourceRow, SyncPolicy } from '../registry/datasource.ts';
import { changeTimes, stateOf } from '../registry/datasource.ts';
import { fromScheduler } from '../timing/from-scheduler.ts';
import { lifeOf, type ScheduleMark, timingMark } from './schedule-mark.ts';
import { scheduleOf } from './schedule-of.ts';

/**
 * The row as a change in the AWS console would have it; undefined if there is none, or a later change by the API
 * overrides it. Timing and state are judged each by itself: a pause in the console and a new rate by the API both hold.
 *
 * `base` is what we wrote last, as far as that is known. What differs from it was changed in the console; if the row's
 * own was changed since, too, or nothing is known, the later of both holds. `now` (epoch ms) anchors the schedule, as a
 * change by the API does.
 */
export function adoptConsoleChange(
  row: DatasourceRow,
  live: LiveSchedule,
  base: ScheduleMark | undefined,
  now: number,
): DatasourceRow | undefined {
  const changed = changedKinds(row, live, base);
  if (!changed.timing && !changed.state) return undefined;
  const times = changeTimes(row.sync);
  const enabled = live.state === 'enabled';
  return {
    ...row,
    enabled: row.enabled || (changed.state && enabled),
    config_version: row.config_version + 1,
    updated: new Date(now).toISOString(),
    sync: {
      ...row.sync,
      ...(changed.timing ? policyTiming(live) : {}),
      enabled: changed.state ? enabled : row.sync.enabled,
      changed_by: 'console',
      anchor: now,
      changed_at: {
        timing: changed.timing ? live.modifiedAt : times.timing,
        state: changed.state ? live.modifiedAt : times.state,
      },
    },
  };
}

/** The row after its schedule was deleted in the console. `now` in epoch ms. */
export function pausedByConsole(row: DatasourceRow, now: number): DatasourceRow {
  const { timing } = changeTimes(row.sync);
  return {
    ...row,
    config_version: row.config_version + 1,
    updated: new Date(now).toISOString(),
    sync: { ...row.sync, enabled: false, changed_by: 'console', anchor: now, changed_at: { timing, state: now } },
  };
}

function changedKinds(
  row: DatasourceRow,
  live: LiveSchedule,
  base: ScheduleMark | undefined,
): { readonly timing: boolean; readonly state: boolean } {
  const wished = scheduleOf(row);
  // A datasource that syncs by hand is not given a schedule by one of unknown origin under its name.
  if (wished === undefined && base === undefined) return { timing: false, state: false };
  const times = changeTimes(row.sync);
  const sameLife = base?.life === lifeOf(row);
  const timing = timingMark(live);
  return {
    timing:
      (wished === undefined || timingMark(wished) !== timing) &&
      base?.timing !== timing &&
      ((sameLife && base?.timing_at === times.timing) || live.modifiedAt >= times.timing),
    state:
      stateOf(row) !== live.state &&
      base?.state !== live.state &&
      ((sameLife && base?.state_at === times.state) || live.modifiedAt >= times.state),
  };
}

/**
 * The console's words are kept as they are; what the API's grammar lacks is stored as strategy `cron` with an
 * `expression` and no `cron`: shown, kept by updates that do not mention timing, replaced by those that do.
 */
function policyTiming(
  live: LiveSchedule,
): Pick<SyncPolicy, 'strategy' | 'interval' | 'cron' | 'timezone' | 'expression'> {
  const { expression, timezone } = live;
  const said = fromScheduler(expression);
  if (said?.strategy === 'interval') {
    return { strategy: 'interval', interval: said.interval, cron: undefined, timezone: undefined, expression };
  }
  return { strategy: 'cron', interval: undefined, cron: said?.cron, timezone, expression };
}
