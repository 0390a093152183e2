import { expect, it } from 'vitest';
import { amendLease } from '#core/lease/lease.ts';
import type { Table } from '#core/model/ports/table.ts';
import { requestRun } from '#core/runs/request-run.ts';
import { createRangeWorld } from './range-world.ts';

it('a run that waits is begun by its one message, though a tick notes in that very moment that it found it waiting', async () => {
  const world = await createRangeWorld({});
  world.bucket.put('key');
  const { id, uid } = await world.addDatasource();
  const { run } = await requestRun(world.worker(), { datasource: id, trigger: 'manual' });
  let ticks = 0;
  const inner = world.worker().table;
  const table: Table = {
    ...inner,
    async transact(writes) {
      if (ticks < 2) {
        ticks += 1;
        // As a tick does that finds the run waiting: functions/core/dispatch/handle-tick.ts
        await amendLease(world.table, uid, (lease) => ({ ...lease, skipped_slots: lease.skipped_slots + 1 }));
      }
      return inner.transact(writes);
    },
  };

  // The message is worked on once, and is gone then
  expect(await world.drain(run, { table })).toMatchObject({ status: 'completed', counters: { added: 1 } });
  expect(ticks).toBe(2);
  await world.close();
});
