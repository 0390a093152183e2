import { expect, it } from 'vitest';
import { ConditionFailed } from '#core/model/errors.ts';
import type { Table } from '#core/model/ports/table.ts';
import { recordFacts } from '#support/sync-world.ts';
import { createRangeWorld } from './range-world.ts';

/** A store whose answers to conditional puts are lost once in a while: what was applied is sent again, and fails on
 *  itself. Transactions carry a token and are spared (functions/adapters/aws/dynamodb-table.ts). */
function losing(table: Table, lost: string[]): Table {
  return {
    ...table,
    async put(item, condition) {
      await table.put(item, condition);
      if (condition === undefined) return;
      lost.push(item.pk);
      throw new ConditionFailed(0);
    },
  };
}

it('an answer that is lost when a range is stored does not make the run believe that another took its place', async () => {
  const world = await createRangeWorld({ rangeObjects: 10, leafRecords: 4, streams: 2, checkpointMs: 0 });
  for (let index = 0; index < 60; index += 1) world.bucket.put(`key-${index}`);
  const { id } = await world.addDatasource({ sync: { page_size: 4 } });
  const lost: string[] = [];
  const table = losing(world.worker().table, lost);
  expect(await world.run(id, { table })).toMatchObject({ status: 'completed' });
  world.bucket.put('key-7');
  expect(await world.run(id, { table })).toMatchObject({ status: 'completed', counters: { modified: 1 } });
  expect(recordFacts(await world.catalogue(id))).toEqual(world.facts());
  expect(lost).toEqual([]);
  await world.close();
});
