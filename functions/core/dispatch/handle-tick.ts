import * as z from 'zod';
import { amendLease, lastSlot } from '../lease/lease.ts';
import { wasAhead } from '../model/ahead.ts';
import { Failure } from '../model/errors.ts';
import type { ConnectorRow } from '../registry/connector.ts';
import { readConnector } from '../registry/connector-store.ts';
import type { DatasourceRow } from '../registry/datasource.ts';
import { readDatasource } from '../registry/datasource-store.ts';
import { type RunStart, startRun } from '../runs/start-run.ts';
import type { SyncDeps } from '../runs/sync-deps.ts';
import { isBackingOff, readState, settingsOf } from '../runs/sync-state.ts';
import type { WorkMessage } from '../runs/work-message.ts';
import { requestReconcile } from '../schedules/reconcile-request.ts';
import { tickShiftMs } from '../schedules/tick-shift.ts';
import { performRun } from '../sync/run/perform-run.ts';
import { parseInterval } from '../timing/interval.ts';
import { standAside } from './stand-aside.ts';

/** What a schedule's target is given at each tick; see the schedule's input in datasources/schedule-of.ts. */
export const tickPayload = z.strictObject({
  datasource: z.string(),
  config_version: z.number().int(),
  /** RFC 3339. */
  scheduled_time: z.string(),
  /** For whoever reconciles the schedule: datasources/schedule-mark.ts. */
  written: z.unknown().optional(),
});
export type TickPayload = z.output<typeof tickPayload>;

/** `shifted`: it is due some seconds later, and a message is under way that begins it then. `aside`: it waits its turn among
 *  those whose last run failed. */
export type TickOutcome = 'ran' | 'stale' | 'backing_off' | 'busy' | 'duplicate' | 'shifted' | 'aside';

/**
 * Handles one firing of a schedule: queues the slots that lie before the next firing, then syncs. A tick for a
 * datasource that is gone, switched off or configured otherwise since does nothing but ask that its schedule be
 * reconciled.
 */
export async function handleTick(deps: SyncDeps, tick: TickPayload): Promise<TickOutcome> {
  const current = await currentRow(deps, tick.datasource, tick.config_version);
  if (current === undefined) {
    await requestReconcile(deps, tick.datasource);
    return 'stale';
  }
  const scheduledAt = Date.parse(tick.scheduled_time);
  if (await shift(deps, current.row, scheduledAt)) return 'shifted';
  await queueSlots(deps, current.row, scheduledAt);
  return syncSlot(deps, current, scheduledAt);
}

/** Puts a sync off to when it is due. One that comes late, or is due with its firing, begins now. */
async function shift(deps: SyncDeps, row: DatasourceRow, scheduledAt: number): Promise<boolean> {
  const dueAt = scheduledAt + tickShiftMs(row, deps.settings.spreadMs);
  const delaySeconds = Math.ceil((dueAt - deps.clock.now()) / 1000);
  // A firing that seems to lie further ahead comes from a clock that differs.
  if (dueAt === scheduledAt || delaySeconds <= 0 || delaySeconds > deps.settings.spreadMs / 1000) return false;
  await deps.queue.send(slotMessage(row, scheduledAt), { delaySeconds });
  return true;
}

function slotMessage({ id: datasource, uid, config_version }: DatasourceRow, slot: number): WorkMessage {
  return { type: 'slot', datasource, uid, config_version, slot };
}

/** Handles one slot: between two ticks of an interval below a minute, or a tick whose sync is due some seconds later. */
export async function handleSlot(
  deps: SyncDeps,
  message: Extract<WorkMessage, { type: 'slot' }>,
): Promise<TickOutcome> {
  const current = await currentRow(deps, message.datasource, message.config_version);
  // Sent by a clock that was ahead: the schedule has slots of its own by now.
  if (wasAhead(deps.clock, message.slot, 60_000)) return 'stale';
  // A namesake made since has versions of its own that may well be the same.
  if (current?.row.uid !== message.uid) return 'stale';
  const shiftedMs = tickShiftMs(current.row, deps.settings.spreadMs);
  const lateSeconds = (deps.clock.now() - message.slot - shiftedMs) / 1000;
  const outcome = await syncSlot(deps, current, message.slot);
  // Of a tick that was not put off its own line tells: functions/handlers/sync/handler.ts.
  if (shiftedMs > 0) {
    const slot = new Date(message.slot).toISOString();
    deps.log.info('shifted tick handled', { datasource: current.row.id, slot, late_seconds: lateSeconds, outcome });
  }
  return outcome;
}

type Current = { readonly row: DatasourceRow; readonly connector: ConnectorRow };

async function currentRow(deps: SyncDeps, id: string, configVersion: number): Promise<Current | undefined> {
  const row = await readDatasource(deps.table, id);
  if (row?.config_version !== configVersion || !row.enabled || !row.sync.enabled) return undefined;
  const { id: connectorId } = row.connector;
  const seen = await deps.connectors?.(connectorId);
  // One that was switched on a moment ago is not switched off: only what stands may turn a tick away.
  const connector = seen?.processor.enabled ? seen : await readConnector(deps.table, connectorId);
  return connector?.processor.enabled ? { row, connector } : undefined;
}

/** Scheduler fires once a minute at the finest: the slots between are delayed messages. */
async function queueSlots(deps: SyncDeps, row: DatasourceRow, scheduledAt: number): Promise<void> {
  const { seconds, slotsPerTick } = slotsOf(row);
  for (let index = 1; index < slotsPerTick; index += 1) {
    const slot = scheduledAt + index * seconds * 1000;
    const delaySeconds = Math.max(0, Math.ceil((slot - deps.clock.now()) / 1000));
    // A tick that came late leaves out the slots that are over already: late slots collapse into one.
    if (slot + seconds * 1000 > deps.clock.now()) await deps.queue.send(slotMessage(row, slot), { delaySeconds });
  }
}

function slotsOf(row: DatasourceRow): { seconds: number; slotsPerTick: number } {
  const parsed = row.sync.interval === undefined ? undefined : parseInterval(row.sync.interval);
  return parsed?.ok ? parsed : { seconds: 60, slotsPerTick: 1 };
}

async function syncSlot(deps: SyncDeps, current: Current, slot: number): Promise<TickOutcome> {
  const { row } = current;
  if (await isPutOff(deps, current)) return 'backing_off';
  if (await standAside(deps, slotMessage(row, slot))) return 'aside';
  const start = await startOrSay(deps, row, slot);
  if (start === undefined) return 'stale';
  if (start.outcome === 'duplicate') return 'duplicate';
  if (start.outcome === 'busy') {
    await amendLease(deps.table, row.uid, (lease) =>
      lastSlot(deps, lease) >= slot ? undefined : { ...lease, last_slot: slot, skipped_slots: lease.skipped_slots + 1 },
    );
    return 'busy';
  }
  await performRun(deps, start);
  return 'ran';
}

/** A connector changed a moment ago ends a backoff, so what stands is asked before a tick is turned away. */
async function isPutOff(deps: SyncDeps, { row, connector }: Current): Promise<boolean> {
  const state = await readState(deps.table, row.uid);
  const putsOff = (by: ConnectorRow): boolean => isBackingOff(state, settingsOf(row, by), deps.clock.now());
  if (!putsOff(connector)) return false;
  const now = deps.connectors === undefined ? connector : await readConnector(deps.table, connector.id);
  return now === undefined || putsOff(now);
}

/** Settings that no longer make a whole scope are told once per tick in the log; there is no run to show them on. */
async function startOrSay(deps: SyncDeps, row: DatasourceRow, slot: number): Promise<RunStart | undefined> {
  try {
    return await startRun(deps, { datasource: row.id, trigger: 'schedule', inProcess: true, slot });
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    deps.log.warn('sync not started', { datasource: row.id, code: error.code, reason: error.message });
    return undefined;
  }
}
