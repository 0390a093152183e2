import type { LiveSchedule } from '#core/model/ports/schedules.ts';
import { type DatasourceRow, stateOf } from '#core/registry/datasource.ts';
import type { ScheduleAck } from '#core/schedules/schedule-ack.ts';
import { lifeOf, readMark, type ScheduleMark, timingMark } from '#core/schedules/schedule-mark.ts';
import { timingKey } from '#core/timing/from-scheduler.ts';
import { parseInterval } from '#core/timing/interval.ts';

/**
 * What the users' changes of one datasource must have come to in the end: for its timing and its state the value that
 * was asked for last, by whichever side. A set holds more than one value only where nobody could know the order or see
 * the change at all; each `allow` says why.
 */
export class ScheduleExpectation {
  timing: Set<string>;
  state: Set<string>;

  constructor(row: DatasourceRow) {
    this.timing = new Set([ofRow(row).timing]);
    this.state = new Set([ofRow(row).state]);
  }

  /** What the API sets to what it is already is no change. */
  changedByApi(before: DatasourceRow, after: DatasourceRow, live: LiveSchedule | undefined): void {
    const [old, next] = [ofRow(before), ofRow(after)];
    if (old.timing !== next.timing) this.timing = new Set([next.timing]);
    if (old.state !== next.state) this.state = new Set([next.state]);
    // A schedule deleted in the console is not missed while the datasource syncs by hand.
    if (old.timing !== next.timing && next.timing === 'none' && live === undefined) this.state = new Set(bothStates);
  }

  /** `before` and `after`: the live schedule around a change in the console; `row` and `ack`: as they are by then. */
  edited(before: LiveSchedule, after: LiveSchedule, row: DatasourceRow, ack: ScheduleAck | undefined): void {
    const mark = readMark(after);
    const base = mark ?? ack?.written;
    const known = { row: ofRow(row), before: ofLive(before), after: ofLive(after) };
    const stamps = row.sync.changed_at ?? { timing: row.sync.anchor, state: row.sync.anchor };
    for (const kind of ['timing', 'state'] as const) {
      const value = known.after[kind];
      const agrees = kind === 'timing' ? sameTiming(row, after) : stateOf(row) === after.state;
      if (value !== known.before[kind]) {
        this[kind] = new Set([value]);
        if (agrees) this[kind].add(known.row[kind]);
        // Back to what was written there: nothing is left to be seen, but who looked before may have adopted it.
        if (isBase(base, after, kind)) this.allow(kind, known.row[kind], known.before[kind]);
        // No schedule of unknown origin makes a datasource sync that does so by hand.
        if (base === undefined && kind === 'timing') this.allow(kind, known.row[kind]);
        continue;
      }
      if (agrees || isBase(base, after, kind)) continue;
      // There is one modification time for all: an older edit, overridden by the API since, now seems to be younger.
      const overridden = stamps[kind] > before.modifiedAt;
      // Without its input nobody knows what was put there after the last acknowledgement.
      if (overridden || mark === undefined) this.allow(kind, value);
    }
  }

  /** `honoured`: the schedule was known to stand, under the state that the row still wishes for. */
  deletedInConsole(live: LiveSchedule, row: DatasourceRow, honoured: boolean): void {
    if (stateOf(row) === 'enabled') this.state = new Set(honoured ? ['disabled'] : bothStates);
    // An edit that nobody saw went with the schedule, unless somebody was about to adopt it.
    else if (live.state === 'enabled') this.state = new Set(bothStates);
    if (!sameTiming(row, live)) this.allow('timing', ofRow(row).timing, ofLive(live).timing);
  }

  /** Somebody wrote over a console change right after having looked: Scheduler has no conditional write. */
  overwritten(row: DatasourceRow): void {
    this.allow('timing', ofRow(row).timing);
    this.allow('state', ofRow(row).state);
  }

  /** Why the row is not what the users asked for; undefined if it is. */
  objection(row: DatasourceRow): string | undefined {
    const is = ofRow(row);
    const byMeaning = is.timing.startsWith('interval ')
      ? `every ${Math.max(60, Number(is.timing.slice(9)))}`
      : is.timing;
    if (!this.timing.has(is.timing) && !this.timing.has(byMeaning)) {
      return `timing is ${is.timing}, last asked for: ${[...this.timing]}`;
    }
    return this.state.has(is.state) ? undefined : `state is ${is.state}, last asked for: ${[...this.state]}`;
  }

  private allow(kind: 'timing' | 'state', ...values: string[]): void {
    for (const value of values) this[kind].add(value);
  }
}

/** Whether a deletion in the console can be told from a schedule that was not created yet. */
export function isHonoured(row: DatasourceRow, ack: ScheduleAck | undefined, removing: boolean): boolean {
  return (
    ack?.written.life === lifeOf(row) &&
    ack.written.state_at === row.sync.changed_at?.state &&
    row.sync.expression !== undefined &&
    !removing
  );
}

const bothStates = ['enabled', 'disabled'];

function ofRow(row: DatasourceRow): { timing: string; state: string } {
  const { expression, timezone = 'UTC', interval } = row.sync;
  const parsed = interval === undefined ? undefined : parseInterval(interval);
  const timing = parsed?.ok ? `interval ${parsed.seconds}` : expression && timingKey({ expression, timezone });
  return { timing: timing ?? 'none', state: stateOf(row) };
}

function ofLive(live: LiveSchedule): { timing: string; state: string } {
  return { timing: timingKey(live), state: live.state };
}

function sameTiming(row: DatasourceRow, live: LiveSchedule): boolean {
  const { expression, timezone = 'UTC' } = row.sync;
  return expression !== undefined && timingKey({ expression, timezone }) === timingKey(live);
}

function isBase(base: ScheduleMark | undefined, live: LiveSchedule, kind: 'timing' | 'state'): boolean {
  return kind === 'timing' ? base?.timing === timingMark(live) : base?.state === live.state;
}
