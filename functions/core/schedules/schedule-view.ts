import type { DatasourceRow } from '../registry/datasource.ts';
import { parseInterval } from '../timing/interval.ts';
import { nextFire } from '../timing/next-fire.ts';
import { scheduleOf } from './schedule-of.ts';

/** What the API shows of a datasource's schedule; undefined if it has none. `now` in epoch milliseconds. */
export function scheduleView(row: DatasourceRow, now: number): Record<string, unknown> | undefined {
  const schedule = scheduleOf(row);
  if (schedule === undefined) return undefined;
  const { name, expression, timezone, state, startAt } = schedule;
  const next = state === 'enabled' ? (nextSlot(row, now) ?? nextFire(expression, timezone, startAt, now)) : undefined;
  return {
    name,
    expression,
    timezone,
    state,
    next_run_at: next === undefined ? null : new Date(next).toISOString(),
  };
}

/** Below a minute the schedule's firings have slots between them, at the interval from the anchor on. */
function nextSlot(row: DatasourceRow, now: number): number | undefined {
  const interval = row.sync.interval === undefined ? undefined : parseInterval(row.sync.interval);
  if (!interval?.ok || interval.slotsPerTick === 1) return undefined;
  const { anchor } = row.sync;
  if (now < anchor) return anchor;
  const period = interval.seconds * 1000;
  return anchor + (Math.floor((now - anchor) / period) + 1) * period;
}
