import type { DatasourceRow } from '../registry/datasource.ts';
import { parseInterval } from '../timing/interval.ts';
import { nextFire } from '../timing/next-fire.ts';
import { scheduleOf } from './schedule-of.ts';

/**
 * What the API shows of a datasource's schedule; undefined if it has none.
 *
 * @param from the next run is the first slot after this (epoch ms): now, or when runs that are put off go on.
 */
export function scheduleView(row: DatasourceRow, from: number): Record<string, unknown> | undefined {
  const schedule = scheduleOf(row);
  if (schedule === undefined) return undefined;
  const { name, expression, timezone, state, startAt } = schedule;
  const next = state === 'enabled' ? (nextSlot(row, from) ?? nextFire(expression, timezone, startAt, from)) : undefined;
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
