import { type Acting, byStocktake } from '../audit/audit-write.ts';
import { wasAhead } from '../model/ahead.ts';
import { ConditionFailed } from '../model/errors.ts';
import type { Clock, Ids, Log } from '../model/ports/host.ts';
import type { LiveSchedule, Schedule, Schedules } from '../model/ports/schedules.ts';
import type { Table } from '../model/ports/table.ts';
import type { DatasourceRow } from '../registry/datasource.ts';
import { changeTimes } from '../registry/datasource.ts';
import { readDatasource, updateDatasource } from '../registry/datasource-store.ts';
import { timingKey } from '../timing/from-scheduler.ts';
import { adoptConsoleChange, pausedByConsole } from './adopt-console-change.ts';
import { areManyMissing } from './missing-schedules.ts';
import { acknowledge, announceRemoval, mayBeOurRemoval, readAck, type ScheduleAck, takeBack } from './schedule-ack.ts';
import { markOf, readMark } from './schedule-mark.ts';
import { scheduleOf } from './schedule-of.ts';
import { seemsDeleted, sightOf } from './schedule-sight.ts';

export type ReconcileDeps = {
  readonly table: Table;
  readonly schedules: Schedules;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly log: Log;
  /**
   * Sees to the first firing of a rate whose time has come before its schedule was there. Scheduler does not say what it
   * does about that; whoever fires it after all is recognised by the same slot. Needed on AWS only.
   */
  readonly fireFirst?: (row: DatasourceRow) => Promise<void>;
  /** Stands for what a put writes besides the schedule: another one, and each schedule is read again. */
  readonly form?: string;
  /** Whose acknowledgements count: schedule-ack.ts. */
  readonly groupId?: string;
};

/** What was changed in the AWS console is that user's change, whoever it was: Scheduler does not tell. */
const byConsole: Acting = { actor: { kind: 'console' } };

/** Each round after the first means that somebody changed the same datasource in that very moment. */
const mostRounds = 10;

/**
 * Makes the schedule of one datasource what its row wishes for, after what was changed in the AWS console has become
 * part of that wish. Safe to repeat and to run twice at once: whatever another process changed meanwhile sends it round
 * again. Throws what the ports throw, and an Error if it does not come to rest; both are to be tried again later.
 *
 * Scheduler has no conditional write, so a change made in the console between a read here and the put that follows it
 * at once is written over.
 */
export async function reconcileSchedule(deps: ReconcileDeps, id: string): Promise<void> {
  for (let round = 1; round <= mostRounds; round += 1) {
    try {
      if (await settle(deps, id)) return;
    } catch (error) {
      if (!(error instanceof ConditionFailed)) throw error;
    }
  }
  throw new Error(`the schedule of datasource ${id} was changed by others ${mostRounds} times in a row`);
}

type Seen = { readonly id: string; readonly ack?: ScheduleAck | undefined; readonly live?: LiveSchedule | undefined };

/** One round. False if it is to be looked at again. The live schedule is read last, right before it may be put. */
async function settle(deps: ReconcileDeps, id: string): Promise<boolean> {
  const row = await readDatasource(deps.table, id);
  if (row !== undefined && wasAhead(deps.clock, row.sync.anchor)) return anchorAnew(deps, row);
  const ack = await readAck(deps.table, id, deps.groupId);
  const live = await deps.schedules.read(id);
  if (row === undefined) return withdraw(deps, undefined, { id, ack, live });
  return live === undefined ? settleMissing(deps, row, ack) : settleLive(deps, row, ack, live);
}

/** An anchor is when the schedule was changed. One that lies ahead would keep a rate silent until then. */
async function anchorAnew(deps: ReconcileDeps, row: DatasourceRow): Promise<false> {
  const now = deps.clock.now();
  const { timing, state } = changeTimes(row.sync);
  const changed_at = { timing: Math.min(timing, now), state: Math.min(state, now) };
  await updateDatasource({ ...deps, ...byStocktake }, row, { ...row, sync: { ...row.sync, anchor: now, changed_at } });
  return false;
}

async function settleLive(
  deps: ReconcileDeps,
  row: DatasourceRow,
  ack: ScheduleAck | undefined,
  live: LiveSchedule,
): Promise<boolean> {
  const adopted = adoptConsoleChange(row, live, readMark(live) ?? ack?.written, deps.clock.now());
  if (adopted !== undefined) {
    await updateDatasource({ ...deps, ...byConsole }, row, adopted);
    const { expression, timezone, state } = live;
    deps.log.info('schedule changed in the console', { datasource: row.id, expression, timezone, state });
    return false;
  }
  const wished = scheduleOf(row);
  if (wished === undefined) return withdraw(deps, row, { id: row.id, ack, live });
  if (!isInPlace(live, wished)) return put(deps, row, ack, wished);
  const seen = sightOf(live, wished, deps.form ?? '', deps.clock.now());
  const standing = { ...stands(row, wished), ...(seen === undefined ? {} : { seen }) };
  await acknowledge(deps.table, row.id, ack, standing, deps.groupId);
  return true;
}

async function settleMissing(deps: ReconcileDeps, row: DatasourceRow, ack: ScheduleAck | undefined): Promise<boolean> {
  const wished = scheduleOf(row);
  // A paused datasource gets no schedule anew: one that was deleted in the console would come back.
  if (wished?.state !== 'enabled') return withdraw(deps, row, { id: row.id, ack });
  if (ack === undefined || !(await wasDeleted(deps, row, ack))) {
    const settled = await put(deps, row, ack, wished);
    const isDue = wished.expression.startsWith('rate(') && wished.startAt <= deps.clock.now();
    if (settled && isDue) await deps.fireFirst?.(row);
    return settled;
  }
  if (await areManyMissing(deps.table, deps.clock.now())) return true;
  // To pause what is there after all would be silent and lasting: one answer is not enough.
  if ((await deps.schedules.read(row.id)) !== undefined) return false;
  await updateDatasource({ ...deps, ...byConsole }, row, pausedByConsole(row, deps.clock.now()), [
    takeBack(row.id, ack, deps.groupId),
  ]);
  deps.log.info('schedule deleted in the console: datasource paused', { datasource: row.id });
  return false;
}

/** A resume by the API that came after the acknowledgement overrides the deletion, whose time nobody knows. */
async function wasDeleted(deps: ReconcileDeps, row: DatasourceRow, ack: ScheduleAck): Promise<boolean> {
  if (!seemsDeleted({ row, ack })) return false;
  return !(await mayBeOurRemoval(deps.table, row.id, deps.clock.now()));
}

async function put(
  deps: ReconcileDeps,
  row: DatasourceRow,
  ack: ScheduleAck | undefined,
  wished: Schedule,
): Promise<boolean> {
  await deps.schedules.put(wished);
  await acknowledge(deps.table, row.id, ack, stands(row, wished), deps.groupId);
  return isUnmoved(deps.table, row.id, row);
}

/** Removes the schedule and its acknowledgement, whichever there is. */
async function withdraw(
  deps: ReconcileDeps,
  row: DatasourceRow | undefined,
  { id, ack, live }: Seen,
): Promise<boolean> {
  if (live !== undefined) await announceRemoval(deps.table, id, deps.clock.now());
  if (ack !== undefined) await deps.table.transact([takeBack(id, ack, deps.groupId)]);
  if (live === undefined) return true;
  await deps.schedules.remove(id);
  return isUnmoved(deps.table, id, row);
}

/** A write of an older wish may have come after one of a newer: whoever wrote looks whether the row is still the same. */
async function isUnmoved(table: Table, id: string, row: DatasourceRow | undefined): Promise<boolean> {
  const now = await readDatasource(table, id);
  return now?.owner === row?.owner && now?.version === row?.version;
}

function stands(row: DatasourceRow, wished: Schedule): Pick<ScheduleAck, 'config_version' | 'written'> {
  return { config_version: row.config_version, written: markOf(row, wished) };
}

/** An expression that says the same in other words may stay: that is how the console's user wrote it. */
function isInPlace(live: LiveSchedule, wished: Schedule): boolean {
  if (live.misdirected) return false;
  const fields = ['state', 'startAt', 'input'] as const;
  return timingKey(live) === timingKey(wished) && fields.every((field) => live[field] === wished[field]);
}
