import { parseInterval } from '../timing/interval.ts';
import { nextFire } from '../timing/next-fire.ts';
import type { DatasourceRow } from './datasource.ts';

/** The time between two scheduled runs, milliseconds; undefined for a datasource that is synced by hand. */
export function syncGapMs(datasource: DatasourceRow, now: number): number | undefined {
  const { strategy, interval, expression, timezone, anchor } = datasource.sync;
  if (strategy === 'interval' && interval !== undefined) {
    const parsed = parseInterval(interval);
    if (parsed.ok) return parsed.seconds * 1000;
  }
  if (strategy === 'manual' || expression === undefined) return undefined;
  const next = nextFire(expression, timezone ?? 'UTC', anchor, now);
  const second = next === undefined ? undefined : nextFire(expression, timezone ?? 'UTC', anchor, next);
  return next === undefined || second === undefined ? undefined : second - next;
}
