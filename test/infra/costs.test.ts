import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { readRanges } from '#core/catalogue/range-map.ts';
import { recordPartition } from '#core/catalogue/record.ts';
import { handleTick } from '#core/dispatch/handle-tick.ts';
import { purgeData } from '#core/dispatch/purge-data.ts';
import { sweep } from '#core/dispatch/sweep.ts';
import type { DatasourceRow } from '#core/registry/datasource.ts';
import { purgeItem, readPurgeMark } from '#core/registry/purge-item.ts';
import { reconcileAllSchedules } from '#core/schedules/reconcile-all-schedules.ts';
import { checkItem } from '#core/table/table-limits.ts';
import { meterTable } from '#support/metering-table.ts';
import { createSchedulerModel } from '#support/scheduler-model.ts';
import { bucketName, createSyncWorld, type SyncWorld } from '#support/sync-world.ts';
import { costTables } from '../../infra/aws/reports/cost-tables.ts';
import {
  assumed,
  fixed,
  readUnitsPerSweep,
  readUnitsPerThousand,
  unitsPerChange,
  unitsPerRun,
} from '../../infra/aws/reports/costs.ts';
import { synthesize } from './stack-template.ts';

let world: SyncWorld;
let row: DatasourceRow;
beforeAll(async () => {
  const frozen = Date.now();
  world = await createSyncWorld({ clock: { now: () => frozen } });
  row = await world.addDatasource({ sync: { interval: '5m' } });
});
afterAll(() => world.close());

const fill = (from: number, to: number): void => {
  for (let index = from; index < to; index += 1) {
    const key = `data/2026/01/part-${String(index).padStart(8, '0')}.snappy.parquet`;
    world.s3.put(bucketName, key, { size: index, lastModified: 1_700_000_000_000 });
  }
};

let slot = Date.now();
async function unitsOfUnchangedTick(): Promise<{ write: number; read: number }> {
  const table = meterTable(world.table);
  slot += 300_000;
  const tick = { datasource: row.id, config_version: 1, scheduled_time: new Date(slot).toISOString() };
  expect(await handleTick({ ...world.deps, table }, tick)).toBe('ran');
  return table.units;
}

/** Of a record: both rounds of the purge, over all that is left. */
async function unitsOfPurge(): Promise<{ write: number; read: number }> {
  const table = meterTable(world.table);
  const ranges = await readRanges(world.table, row.uid);
  const records = ranges.reduce((sum, { objects }) => sum + objects, 0);
  await world.table.put(purgeItem(row.uid, row.id));
  const sent: unknown[] = [];
  const queue = { send: async (message: unknown) => void sent.push(message) };
  const deps = { ...world.deps, table, queue, settings: { ...world.deps.settings, workers: 1 } };
  await purgeData(deps, row.uid);
  const { again_at: again = 0 } = (await readPurgeMark(world.table, row.uid)) ?? {};
  await purgeData({ ...deps, clock: { now: () => again } }, row.uid);
  expect(await readPurgeMark(world.table, row.uid)).toBeUndefined();
  return { write: table.units.write / records, read: table.units.read / records };
}

it('takes the units that the cost tables reckon with', async () => {
  fill(0, 1);
  await world.sync(row.id);
  const small = await unitsOfUnchangedTick();
  // One read more than on AWS: what is known of a server that is not.
  expect(small).toEqual({ write: unitsPerRun.write, read: unitsPerRun.read + 1 });

  fill(1, 20_000);
  await world.sync(row.id);
  const large = await unitsOfUnchangedTick();
  expect(large.write).toBe(small.write);
  expect(Math.ceil((large.read - small.read) / 19)).toBe(readUnitsPerThousand);

  const [range] = await readRanges(world.table, row.uid);
  for await (const item of world.table.query({ pk: recordPartition(row.uid, range?.id ?? ''), limit: 1 })) {
    expect(checkItem(item)).toBe(assumed.recordBytes);
  }
});

it('takes for each of 600 changes that are spread over 20,000 objects what the cost tables reckon with', async () => {
  const still = await unitsOfUnchangedTick();
  const perChange = async (count: number, change: (key: string) => void): Promise<{ write: number; read: number }> => {
    for (let index = 0; index < count; index += 1) {
      change(`data/2026/01/part-${String(Math.floor((index * 20_000) / count)).padStart(8, '0')}.snappy.parquet`);
    }
    const { write, read } = await unitsOfUnchangedTick();
    return { write: (write - still.write) / count, read: (read - still.read) / count };
  };
  const seen = {
    modified: await perChange(600, (key) => {
      world.s3.put(bucketName, key, { size: 7, lastModified: 1_700_000_100_000 });
    }),
    deleted: await perChange(600, (key) => {
      world.s3.delete(bucketName, key);
    }),
    purged: await unitsOfPurge(),
  };
  for (const change of ['modified', 'deleted', 'purged'] as const) {
    expect(Math.abs(seen[change].write - unitsPerChange[change].write), change).toBeLessThan(0.1);
    expect(Math.abs(seen[change].read - unitsPerChange[change].read), change).toBeLessThan(0.1);
  }
});

it('reads in a sweep what the cost tables reckon with, and writes the same little whatever there is', async () => {
  let now = Date.now();
  const many = await createSyncWorld({ clock: { now: () => now } });
  try {
    const datasources = 60;
    for (let index = 0; index < datasources; index += 1) await many.addDatasource({ id: `of-many-${index}` });
    const { schedules } = createSchedulerModel(many.deps.clock);
    const sweepOnce = async (): Promise<{ write: number; read: number }> => {
      now += 300_000;
      const table = meterTable(many.table);
      await Promise.all([sweep({ ...many.deps, table }), reconcileAllSchedules({ ...many.deps, table, schedules })]);
      return table.units;
    };
    // The first one puts the schedules, the second one reads them; from then on there is nothing to do but to look.
    await sweepOnce();
    await sweepOnce();
    const sweeps = 12;
    let read = 0;
    for (let index = 0; index < sweeps; index += 1) {
      const units = await sweepOnce();
      expect(units.write).toBe(4);
      read += units.read;
    }
    expect(read / sweeps / datasources).toBeCloseTo(readUnitsPerSweep, 1);
  } finally {
    await many.close();
  }
});

it('counts of what is paid by the month as many as the stack has', () => {
  const stack = synthesize();
  const of = (type: string) => stack.ofType(type).map(([, { Properties }]) => Properties);
  const metricsOf = ({ Metrics }: Record<string, unknown>) =>
    Metrics === undefined ? 1 : (Metrics as { MetricStat?: unknown }[]).filter(({ MetricStat }) => MetricStat).length;
  expect(fixed).toEqual({
    kmsKeys: of('AWS::KMS::Key').length,
    secrets: of('AWS::SecretsManager::Secret').length,
    alarmMetrics: of('AWS::CloudWatch::Alarm').reduce((sum, alarm) => sum + metricsOf(alarm), 0),
    metrics: of('AWS::Logs::MetricFilter').length,
    dashboards: of('AWS::CloudWatch::Dashboard').length,
    polledQueues: of('AWS::SQS::Queue').filter(({ RedrivePolicy }) => RedrivePolicy).length,
  });
});

it('is told in the README as it is printed, every table', () => {
  const readme = readFileSync(new URL('../../README.md', import.meta.url), 'utf8');
  const tables = costTables().split('\n\n');
  expect(tables).toHaveLength(5);
  for (const table of tables) expect(readme).toContain(table.trim());
});
