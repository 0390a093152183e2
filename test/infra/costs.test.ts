import { afterAll, beforeAll, expect, it } from 'vitest';
import type { DatasourceRow } from '#core/datasources/datasource.ts';
import { recordPartition } from '#core/documents/record.ts';
import { readRanges } from '#core/ranges/range-map.ts';
import { handleTick } from '#core/sync/handle-tick.ts';
import { checkItem } from '#core/table-limits.ts';
import { meterTable } from '#support/metering-table.ts';
import { bucketName, createSyncWorld, type SyncWorld } from '#support/sync-world.ts';
import { assumed, readUnitsPerThousand, unitsPerRun } from '../../infra/aws/costs.ts';

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

it('takes the units that the cost tables reckon with', async () => {
  fill(0, 1);
  await world.sync(row.id);
  const small = await unitsOfUnchangedTick();
  expect(small).toEqual({ write: unitsPerRun.write, read: unitsPerRun.read });

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
