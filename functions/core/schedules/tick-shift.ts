import { createHash } from 'node:crypto';
import type { DatasourceRow } from '../registry/datasource.ts';
import { shortestGapMs } from '../timing/shortest-gap.ts';

/** Of the time between two firings. */
const mostShare = 0.1;

/** Firings are looked at from here on, whoever asks and whenever, so that a shift never changes. */
const lookedAtFrom = Date.UTC(2026, 0, 1);

/** To look at them takes some milliseconds, and a thousand datasources with one cron ask in one second. */
const gaps = new Map<string, number>();
const mostGaps = 500;

function gapOf(expression: string, timezone: string): number {
  const name = `${timezone} ${expression}`;
  const known = gaps.get(name);
  if (known !== undefined) return known;
  const gap = shortestGapMs(expression, timezone, lookedAtFrom) ?? 0;
  if (gaps.size >= mostGaps) gaps.clear();
  gaps.set(name, gap);
  return gap;
}

/**
 * How long after its firing a datasource's sync is due, milliseconds: whole seconds, always the same for one id, at most a
 * tenth of the time between two firings. A thousand datasources with one cron would otherwise begin in one second, and take
 * the account's concurrency from the API. 0 for rates, which count from when each was made, and for what was set in the
 * AWS console, where somebody may have meant the very minute.
 *
 * @param mostMs the longest shift of all; 0 shifts nothing.
 */
export function tickShiftMs({ id, sync }: Pick<DatasourceRow, 'id' | 'sync'>, mostMs: number): number {
  const { expression = '', timezone = 'UTC', changed_by: changedBy } = sync;
  if (mostMs === 0 || changedBy === 'console' || !expression.startsWith('cron(')) return 0;
  const gap = gapOf(expression, timezone);
  const seconds = Math.floor(Math.min(mostMs, gap * mostShare) / 1000);
  const spread = createHash('sha256').update(id).digest().readUInt32BE(4);
  return (spread % (seconds + 1)) * 1000;
}
