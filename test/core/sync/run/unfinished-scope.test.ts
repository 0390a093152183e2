import { afterEach, beforeEach, expect, it } from 'vitest';
import { requestRun } from '#core/runs/request-run.ts';
import { recordFacts } from '#support/sync-world.ts';
import { createRangeWorld, type RangeWorld } from './range-world.ts';

let world: RangeWorld;
let id: string;

/** 240 objects in four ranges, half of them out of scope. */
beforeEach(async () => {
  world = await createRangeWorld({ rangeObjects: 30, leafRecords: 8, streams: 2 });
  await world.limitRuns(100);
  for (let index = 0; index < 240; index += 1) world.bucket.put(key(index));
  ({ id } = await world.addDatasource({ config: { include: ['*-???[02468]'] }, sync: { page_size: 10 } }));
  await world.run(id);
  world.time.now += 60_000;
});
afterEach(() => world.close());

const key = (index: number): string => `key-${String(index).padStart(4, '0')}`;

async function cutShort(pages: number): Promise<void> {
  let asked = 0;
  world.beforeList = () => {
    asked += 1;
    if (asked === pages) world.time.now += 101_000;
  };
  expect(await world.run(id)).toMatchObject({ error: { code: 'run_time_limit' } });
  world.beforeList = undefined;
}

it('a run that waits in the queue does not go on from a pass whose scope was left while it waited', async () => {
  await cutShort(20);
  const { run } = await requestRun(world.worker(), { datasource: id, trigger: 'api' });
  await world.change(id, { connector: { config: { include: [] } } });
  const ended = await world.drain(run);
  // Whatever it says of itself, a run that ended as completed has seen all of the scope.
  if (ended.status === 'completed') expect(recordFacts(await world.catalogue(id))).toEqual(world.facts());
  else expect(ended).toMatchObject({ status: 'failed', error: { code: 'scope_changed' } });
  expect(await world.run(id)).toMatchObject({ status: 'completed' });
  expect(recordFacts(await world.catalogue(id))).toEqual(world.facts());
});
