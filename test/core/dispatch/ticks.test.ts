import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { handleTick } from '#core/dispatch/handle-tick.ts';
import { handleWork } from '#core/dispatch/handle-work.ts';
import { readLease } from '#core/lease/lease.ts';
import { createConnectorCache } from '#core/registry/connector-cache.ts';
import { readConnector, updateConnector } from '#core/registry/connector-store.ts';
import type { DatasourceRow } from '#core/registry/datasource.ts';
import { listRuns } from '#core/runs/run-store.ts';
import { startRun } from '#core/runs/start-run.ts';
import { healthView, readState } from '#core/runs/sync-state.ts';
import { scheduleView } from '#core/schedules/schedule-view.ts';
import { tickShiftMs } from '#core/schedules/tick-shift.ts';
import { toItem } from '#core/table/stored-item.ts';
import { bucketName, createSyncWorld, type SyncWorld } from '#support/sync-world.ts';

const midnight = Date.parse('2026-03-01T00:00:00Z');
let world: SyncWorld;
let now: number;
beforeEach(async () => {
  now = midnight;
  world = await createSyncWorld({ clock: { now: () => now } });
  world.s3.put(bucketName, 'one', { body: '1' });
});
afterEach(() => world.close());

const tick = (row: DatasourceRow, at = now) =>
  handleTick(world.deps, {
    datasource: row.id,
    config_version: row.config_version,
    scheduled_time: new Date(at).toISOString(),
  });
const runsOf = (row: DatasourceRow) => listRuns(world.table, row.uid, now, { limit: 50 });

describe('a tick', () => {
  it('performs a run once, however often it comes', async () => {
    const row = await world.addDatasource({ sync: { interval: '5m' } });
    expect(await tick(row)).toBe('ran');
    expect(await tick(row)).toBe('duplicate');
    now += 300_000;
    expect(await tick(row)).toBe('ran');
    expect(await tick(row, midnight)).toBe('duplicate');
    expect(await runsOf(row)).toMatchObject([
      { trigger: 'schedule', scheduled_at: '2026-03-01T00:05:00.000Z' },
      { trigger: 'schedule', scheduled_at: '2026-03-01T00:00:00.000Z' },
    ]);
  });

  it('does nothing for a datasource that is gone, off, or configured otherwise since', async () => {
    const row = await world.addDatasource({ sync: { interval: '5m' } });
    expect(await tick({ ...row, id: 'gone' })).toBe('stale');
    expect(await world.table.get({ pk: 'reconcile', sk: 'gone' })).toMatchObject({ at: now });
    const changed = await world.change(row.id, { sync: { interval: '10m' } });
    expect(await tick(row)).toBe('stale');
    const off = await world.change(row.id, { enabled: false });
    expect(changed.config_version).toBe(row.config_version + 1);
    expect(await tick(off)).toBe('stale');
    expect(await runsOf(row)).toEqual([]);
  });

  it('keeps its validity when only the name changes', async () => {
    const row = await world.addDatasource({ sync: { interval: '5m' } });
    await world.change(row.id, { name: 'another name' });
    expect(await tick(row)).toBe('ran');
  });

  it('is skipped and counted while a run is on', async () => {
    const row = await world.addDatasource({ sync: { interval: '5m' } });
    await startRun(world.deps, { datasource: row.id, trigger: 'api', inProcess: true });
    expect(await tick(row)).toBe('busy');
    expect(await tick(row)).toBe('duplicate');
    expect(await readLease(world.table, row.uid)).toMatchObject({ skipped_slots: 1 });
  });
});

describe('an interval below a minute', () => {
  it('gets its slots between two ticks, each once', async () => {
    const row = await world.addDatasource({ sync: { interval: '10s' } });
    expect(await tick(row)).toBe('ran');
    expect(world.messages.map((sent) => sent.delaySeconds)).toEqual([10, 20, 30, 40, 50]);
    for (let slot = 0; slot < 5; slot += 1) {
      now += 10_000;
      const [message] = world.messages.splice(0, 1);
      const later = world.messages.splice(0);
      if (message) world.messages.push(message, message);
      await world.work();
      world.messages.push(...later);
    }
    expect(await runsOf(row)).toHaveLength(6);
  });

  it('leaves out slots that are over when its tick comes late, and those of an older configuration', async () => {
    const row = await world.addDatasource({ sync: { interval: '20s' } });
    now += 45_000;
    await tick(row, midnight);
    expect(world.messages.map(({ message }) => message)).toMatchObject([{ slot: midnight + 40_000 }]);
    await world.change(row.id, { sync: { interval: '30s' } });
    await world.work();
    expect(await runsOf(row)).toHaveLength(1);
  });
});

describe('failures in a row', () => {
  it('double the time to the next scheduled run, at most a day, show as health, and a run by hand always starts', async () => {
    const row = await world.addDatasource({ sync: { interval: '1h' } });
    world.s3.faults.add({ act: { kind: 'status', status: 403, code: 'AccessDenied' } });
    const outcomes: string[] = [];
    for (let hour = 0; hour < 16; hour += 1) {
      outcomes.push(await tick(row));
      now += 3_600_000;
    }
    const ran = outcomes.flatMap((outcome, hour) => (outcome === 'ran' ? [hour] : []));
    expect(ran).toEqual([0, 1, 3, 7, 15]);
    expect(healthView(await readState(world.table, row.uid))).toMatchObject({
      status: 'failing',
      failures_in_a_row: 5,
      error: { code: 'access_denied' },
    });

    for (let hour = 0; hour < 120; hour += 1) {
      outcomes.push(await tick(row));
      now += 3_600_000;
    }
    const late = outcomes.flatMap((outcome, hour) => (outcome === 'ran' ? [hour] : [])).slice(-2);
    expect((late[1] ?? 0) - (late[0] ?? 0)).toBe(24);

    world.s3.faults.clear();
    expect(await tick(row)).toBe('backing_off');
    expect(await world.sync(row.id)).toMatchObject({ status: 'completed' });
    expect(healthView(await readState(world.table, row.uid))).toEqual({ status: 'healthy', failures_in_a_row: 0 });
    now += 3_600_000;
    expect(await tick(row)).toBe('ran');
  });
});

describe('a tick of a cron that many share', () => {
  const spread = (row: DatasourceRow, at = now) =>
    handleTick(
      { ...world.deps, settings: { ...world.deps.settings, spreadMs: 60_000 } },
      { datasource: row.id, config_version: row.config_version, scheduled_time: new Date(at).toISOString() },
    );
  const begin = async (ahead = 0): Promise<void> => {
    for (const { message, delaySeconds } of world.messages.splice(0)) {
      now += delaySeconds * 1000 + ahead;
      await handleWork({ ...world.deps, settings: { ...world.deps.settings, spreadMs: 60_000 } }, message);
    }
  };
  /** One that is shifted: by its id. */
  const shifted = () => world.addDatasource({ id: 'shared-1', sync: { cron: '0 * * * *' } });

  it('is put off by a message, runs once for the slot that it is, and counts its lateness from when it was due', async () => {
    const row = await shifted();
    const offset = tickShiftMs(row, 60_000);
    expect(offset).toBeGreaterThan(5000);
    now += 2000;
    expect(await spread(row, midnight)).toBe('shifted');
    expect(world.messages).toMatchObject([{ delaySeconds: offset / 1000 - 2, message: { slot: midnight } }]);
    expect(await runsOf(row)).toEqual([]);
    // The tick comes once more, as it may.
    expect(await spread(row, midnight)).toBe('shifted');
    const [first] = world.messages.splice(0, 1);
    world.messages.splice(0, 1, ...(first ? [first] : []));
    await begin(3000);
    expect(world.log.lines.findLast(({ fact }) => fact === 'shifted tick handled')?.fields).toMatchObject({
      datasource: row.id,
      late_seconds: 3,
      outcome: 'ran',
    });
    expect(await runsOf(row)).toMatchObject([{ scheduled_at: '2026-03-01T00:00:00.000Z' }]);
    expect(await spread(row, midnight)).toBe('duplicate');
    expect(await runsOf(row)).toHaveLength(1);
  });

  it('begins at once where it comes later than it was due, or on a host that spreads nothing', async () => {
    const row = await shifted();
    now += 60_000;
    expect(await spread(row, midnight)).toBe('ran');
    const other = await world.addDatasource({ id: 'shared-2', sync: { cron: '0 * * * *' } });
    expect(await tick(other, midnight)).toBe('ran');
  });

  it('does nothing if the datasource was changed or switched off between firing and slot', async () => {
    const row = await shifted();
    expect(await spread(row, midnight)).toBe('shifted');
    await world.change(row.id, { sync: { cron: '30 * * * *' } });
    await begin();
    expect(await runsOf(row)).toEqual([]);
  });

  it('given a schedule adopted from the console, then it begins with its firing', async () => {
    const row = await shifted();
    await world.table.put({
      ...toItem({ pk: 'registry#datasource', sk: row.id }, row),
      sync: { ...row.sync, changed_by: 'console' },
    });
    expect(await spread(row, midnight)).toBe('ran');
  });

  it('shows the firing as its next run, as documented', async () => {
    const row = await shifted();
    expect(scheduleView(row, midnight + 1)?.next_run_at).toBe('2026-03-01T01:00:00.000Z');
  });
});

describe('a tick that knows its connector from a moment ago', () => {
  const cached = () => ({ ...world.deps, connectors: createConnectorCache(world.table, world.deps.clock) });
  const at = (row: DatasourceRow) => ({
    datasource: row.id,
    config_version: row.config_version,
    scheduled_time: new Date(now).toISOString(),
  });
  const switchConnector = async (enabled: boolean): Promise<void> => {
    const connector = await readConnector(world.table, 's3');
    if (connector)
      await updateConnector(world.deps, connector, { ...connector, processor: { ...connector.processor, enabled } });
  };

  it('given it was switched off since, then no run begins; on again, one does at once', async () => {
    const deps = cached();
    const row = await world.addDatasource({ sync: { interval: '10s' } });
    expect(await handleTick(deps, at(row))).toBe('ran');
    await switchConnector(false);
    now += 1000;
    expect(await handleTick(deps, at(row))).toBe('stale');
    // By now it is known as switched off, too.
    now += 5000;
    expect(await handleTick(deps, at(row))).toBe('stale');
    await switchConnector(true);
    now += 1000;
    expect(await handleTick(deps, at(row))).toBe('ran');
    expect(await runsOf(row)).toHaveLength(2);
  });

  it('given runs are put off and it was changed since, then that ends it at once', async () => {
    const deps = cached();
    const row = await world.addDatasource({ sync: { interval: '1h' } });
    world.s3.faults.add({ act: { kind: 'status', status: 403, code: 'AccessDenied' } });
    for (let failure = 0; failure < 2; failure += 1) {
      await handleTick(deps, at(row));
      now += 3_600_000;
    }
    expect(await handleTick(deps, at(row))).toBe('backing_off');
    await switchConnector(true);
    now += 1000;
    expect(await handleTick(deps, at(row))).toBe('ran');
  });
});
