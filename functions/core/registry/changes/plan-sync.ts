import { Failure } from '../../model/errors.ts';
import { toSchedulerCron } from '../../timing/cron.ts';
import { timingKey } from '../../timing/from-scheduler.ts';
import { parseInterval } from '../../timing/interval.ts';
import { timezoneProblem } from '../../timing/time-zone.ts';
import type { DatasourceRow, SyncInput, SyncPolicy } from '../datasource.ts';
import { changeTimes, stateOf } from '../datasource.ts';

/**
 * Works out when a datasource syncs from what a caller gave and what was stored. The strategy follows from the fields
 * given when it is not said. Throws Failure `invalid_request` for an interval or cron that cannot be kept: nothing is
 * rounded. `now` (epoch ms) anchors a schedule that changed. `before` stands in the row that is changed or replaced: what of it
 * is sent back is not judged again, for it may have been taken when other rules held, or have been made in the AWS console.
 */
export function planSync(
  input: SyncInput | undefined,
  stored: SyncPolicy | undefined,
  now: number,
  minimumIntervalSeconds: number,
  before: SyncPolicy | undefined = stored,
): SyncPolicy {
  const given = input ?? {};
  const strategy = chooseStrategy(given, stored);
  const enabled = given.enabled ?? stored?.enabled ?? true;
  const common = {
    enabled,
    strategy,
    page_size: given.page_size ?? stored?.page_size,
    first_load_events: given.first_load_events ?? stored?.first_load_events,
    expect_empty: given.expect_empty ?? stored?.expect_empty,
    changed_by: 'api' as const,
  };
  const repeated = before !== undefined && repeatsTiming(strategy, given, before) ? before : stored;
  const timing = planTiming(strategy, given, repeated, minimumIntervalSeconds);
  demandTimezone(given.timezone, before?.timezone);
  const next: SyncPolicy = { ...common, ...timing, anchor: now };
  if (before !== undefined && sameSchedule(next, before)) {
    return { ...next, anchor: before.anchor, changed_by: before.changed_by };
  }
  return next;
}

/** True if both policies fire at the same times. */
export function sameSchedule(one: SyncPolicy, other: SyncPolicy): boolean {
  return one.enabled === other.enabled && sameTiming(one, other);
}

/**
 * The policy of a planned datasource with the times at which its timing and its being on changed, each by itself: what
 * was changed in the AWS console meanwhile is weighed against them. `now` in epoch ms.
 */
export function dateChanges(
  planned: Pick<DatasourceRow, 'enabled' | 'sync'>,
  stored: Pick<DatasourceRow, 'enabled' | 'sync'> | undefined,
  now: number,
): SyncPolicy {
  const { sync } = planned;
  if (stored === undefined) return { ...sync, changed_at: { timing: now, state: now } };
  const before = changeTimes(stored.sync);
  const timing = sameTiming(sync, stored.sync) ? before.timing : now;
  const state = stateOf(planned) === stateOf(stored) ? before.state : now;
  return { ...sync, changed_at: { timing, state } };
}

function sameTiming(one: SyncPolicy, other: SyncPolicy): boolean {
  return (
    one.strategy === other.strategy &&
    keyOf(one) === keyOf(other) &&
    secondsOf(one.interval) === secondsOf(other.interval)
  );
}

function keyOf({ expression, timezone = 'UTC' }: SyncPolicy): string | undefined {
  return expression === undefined ? undefined : timingKey({ expression, timezone });
}

/** `60m` and `1h` are the same interval. */
function secondsOf(interval: string | undefined): number | undefined {
  const parsed = interval === undefined ? undefined : parseInterval(interval);
  return parsed?.ok ? parsed.seconds : undefined;
}

function chooseStrategy(given: SyncInput, stored: SyncPolicy | undefined): SyncPolicy['strategy'] {
  if (given.interval !== undefined && given.cron !== undefined) {
    throw invalid('sync', 'give either interval or cron, not both');
  }
  if (given.strategy !== undefined && given.strategy !== 'cron' && given.cron !== undefined) {
    throw invalid('sync.cron', 'goes with strategy "cron"');
  }
  if (given.strategy !== undefined && given.strategy !== 'interval' && given.interval !== undefined) {
    throw invalid('sync.interval', 'goes with strategy "interval"');
  }
  if (given.strategy !== undefined) return given.strategy;
  if (given.interval !== undefined) return 'interval';
  if (given.cron !== undefined) return 'cron';
  return stored?.strategy ?? 'manual';
}

function planTiming(
  strategy: SyncPolicy['strategy'],
  given: SyncInput,
  stored: SyncPolicy | undefined,
  minimumIntervalSeconds: number,
): Pick<SyncPolicy, 'interval' | 'cron' | 'timezone' | 'expression'> {
  if (stored !== undefined && keepsTiming(strategy, given, stored)) {
    const { interval, cron, timezone, expression } = stored;
    return { interval, cron, timezone, expression };
  }
  if (strategy !== 'cron' && given.timezone !== undefined) throw invalid('sync.timezone', 'goes with strategy "cron"');
  if (strategy === 'interval') {
    const interval = given.interval ?? stored?.interval;
    if (interval === undefined) throw invalid('sync.interval', 'is required with strategy "interval"');
    const parsed = parseInterval(interval, { minimumSeconds: minimumIntervalSeconds });
    if (!parsed.ok) throw invalid('sync.interval', parsed.reason);
    return { interval, expression: parsed.expression };
  }
  if (strategy === 'manual') return {};
  const cron = given.cron ?? stored?.cron;
  if (cron === undefined) throw invalid('sync.cron', cronMissing(strategy, stored));
  const converted = toSchedulerCron(cron);
  if (!converted.ok) throw invalid('sync.cron', converted.reason);
  const timezone = given.timezone ?? stored?.timezone ?? 'UTC';
  return { cron, timezone, expression: converted.expression };
}

function demandTimezone(given: string | undefined, before: string | undefined): void {
  const problem = given === undefined || given === before ? undefined : timezoneProblem(given);
  if (problem !== undefined) throw invalid('sync.timezone', problem);
}

function cronMissing(strategy: SyncPolicy['strategy'], stored: SyncPolicy | undefined): string {
  if (stored?.strategy !== strategy || stored.expression === undefined) return 'is required with strategy "cron"';
  return `is required: ${stored.expression}, set in the AWS console, can only be kept or replaced as a whole`;
}

/** True if the timing is sent back as it was shown, with its expression. */
function repeatsTiming(strategy: SyncPolicy['strategy'], given: SyncInput, before: SyncPolicy): boolean {
  const fields = ['interval', 'cron', 'timezone', 'expression'] as const;
  return strategy === before.strategy && fields.every((field) => given[field] === before[field]);
}

/** What a caller does not change is not judged again: a shortest interval that was raised since must not stand in the
 *  way of renaming a datasource or switching it off. */
function keepsTiming(strategy: SyncPolicy['strategy'], given: SyncInput, stored: SyncPolicy): boolean {
  const fields = ['interval', 'cron', 'timezone'] as const;
  return (
    strategy === stored.strategy &&
    fields.every((field) => given[field] === undefined || given[field] === stored[field])
  );
}

function invalid(path: string, reason: string): Failure {
  return new Failure('invalid_request', `${path} ${reason}`, { details: [{ path, reason }] });
}
