import { afterEach, expect, it } from 'vitest';
import { runView } from '#core/runs/run.ts';
import { readRun } from '#core/runs/run-store.ts';
import { performRun } from '#core/sync/run/perform-run.ts';
import { createRangeWorld, type RangeWorld } from './range-world.ts';

let world: RangeWorld;
afterEach(() => world.close());

const key = (index: number): string => `key-${String(index).padStart(4, '0')}`;

/** 240 objects in 24 pages, each of which takes a minute; the limit is 100 s. */
async function open(endpoint?: string): Promise<string> {
  const settings = { rangeObjects: 60, leafRecords: 8, streams: 1, runTimeLimitSeconds: 100 };
  world = await createRangeWorld(settings, endpoint === undefined ? {} : { endpoint });
  for (let index = 0; index < 240; index += 1) world.bucket.put(key(index));
  world.beforeList = () => {
    world.time.now += 60_000;
  };
  return (await world.addDatasource({ sync: { page_size: 10 } })).id;
}

it("on AWS's own hosts a run that gets on takes longer than its limit, and ends whole", async () => {
  const id = await open();
  const run = await world.run(id);
  expect(run).toMatchObject({ status: 'completed', counters: { added: 240 } });
  expect(runView(run).duration_ms).toBeGreaterThan(20 * 60_000);
  expect(runView(run)).not.toHaveProperty('progressed_at');
});

it('one that gets no further for that long ends, and says so', async () => {
  const id = await open();
  let asked = 0;
  world.beforeList = () => {
    asked += 1;
    world.time.now += asked === 9 ? 100_001 : 60_000;
  };
  // The ninth page comes after all: what counts is the time until another step may begin.
  const run = await world.run(id);
  expect(run.status).toBe('completed');
  world.beforeList = undefined;
  const deps = world.worker();
  const frozen = await world.start(id);
  world.time.now += 100_000;
  const ended = await performRun(deps, frozen);
  expect(ended).toMatchObject({ status: 'failed', error: { code: 'run_time_limit' } });
  expect(ended.error?.message).toContain('got no further for 100 s');
});

it('a foreign server that goes on giving keys has the limit for the whole, for it might invent them', async () => {
  const id = await open('s3.example.com');
  const run = await world.run(id);
  expect(run).toMatchObject({ status: 'failed', error: { code: 'run_time_limit' } });
  expect(run.error?.message).toContain('reached its time limit of 100 s');
  expect(run.counters.pages).toBeLessThan(4);
});

it('what the connector says is for the whole, on AWS too', async () => {
  const id = await open();
  await world.limitRuns(200);
  const run = await world.run(id);
  expect(run).toMatchObject({ status: 'failed', error: { code: 'run_time_limit' } });
  expect(run.error?.message).toContain('reached its time limit of 200 s');
});

it('after five days it ends also where it gets on: how far it is is not kept for longer than a week', async () => {
  const id = await open();
  let asked = 0;
  world.beforeList = () => {
    asked += 1;
    world.time.now += asked === 12 ? 5 * 86_400_000 : 60_000;
  };
  const run = await world.run(id);
  expect(run).toMatchObject({ status: 'failed', error: { code: 'run_time_limit' } });
  expect(run.error?.message).toContain('reached its time limit of 432000 s');
});

it('over invocations it counts from the last step of any, whoever made it', async () => {
  const id = await open();
  const started = await world.start(id);
  let run = await performRun(world.worker({ yieldAt: 0 }), started);
  let invocations = 0;
  while (run.status === 'running') {
    invocations += 1;
    world.time.now += 30_000;
    run = await world.drain(run, { yieldAt: 0 });
  }
  expect(run).toMatchObject({ status: 'completed', counters: { added: 240 } });
  expect(invocations).toBeGreaterThan(0);
  expect((await readRun(world.table, run.uid, run.id))?.status).toBe('completed');
});
