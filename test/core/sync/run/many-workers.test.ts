import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { handleWork } from '#core/dispatch/handle-work.ts';
import { sweep } from '#core/dispatch/sweep.ts';
import { Failure } from '#core/model/errors.ts';
import type { Buckets } from '#core/model/ports/bucket.ts';
import { cancelRun } from '#core/runs/cancel-run.ts';
import { listRuns, readRun } from '#core/runs/run-store.ts';
import type { SyncDeps } from '#core/runs/sync-deps.ts';
import type { WorkMessage } from '#core/runs/work-message.ts';
import { performRun } from '#core/sync/run/perform-run.ts';
import { assertLeavesTrue } from '#support/leaf-truth.ts';
import { recordFacts } from '#support/sync-world.ts';
import { createRangeWorld, type RangeWorld } from './range-world.ts';

let world: RangeWorld;
let id: string;
let uid: string;

/** A catalogue of 400 objects in eight ranges, made by one worker; then changes in each of them. */
beforeEach(async () => {
  world = await createRangeWorld({ rangeObjects: 50, leafRecords: 8, streams: 2, workers: 3 });
  for (let index = 0; index < 400; index += 1) world.bucket.put(key(index));
  ({ id, uid } = await world.addDatasource({ sync: { page_size: 10 } }));
  await world.run(id, { settings: { ...world.deps.settings, workers: 1 } });
  expect(await world.ranges(uid)).toHaveLength(8);
  world.time.now += 60_000;
  for (let index = 0; index < 400; index += 10) world.bucket.delete(key(index));
  for (let index = 5; index < 400; index += 20) world.bucket.put(key(index));
  world.forget();
});
afterEach(() => world.close());

const key = (index: number): string => `key-${String(index).padStart(4, '0')}`;
const named = (holder: string): Partial<SyncDeps> => ({ holder, isAlive: (other) => !other.startsWith('dead') });

/** The holder's part, with its messages handled beside it as soon as they are sent, so often each. */
async function runWithHelpers(times: number): Promise<string> {
  const helpers: Promise<void>[] = [];
  const queue: SyncDeps['queue'] = {
    async send(message) {
      for (let time = 0; time < times; time += 1) {
        helpers.push(handleWork(world.worker({ ...named(`helper-${helpers.length}`), queue }), message));
      }
    },
  };
  slowly();
  const started = await world.start(id, {}, { ...named('holder'), queue });
  await performRun(world.worker({ ...named('holder'), queue }), started);
  for (let index = 0; index < helpers.length; index += 1) await helpers[index];
  return started.run.id;
}

function slowly(): void {
  world.beforeList = () => new Promise((resolve) => setImmediate(resolve));
}

async function expectExact(runId: string): Promise<void> {
  expect(await readRun(world.table, uid, runId)).toMatchObject({
    status: 'completed',
    counters: { listed: 360, deleted: 40, modified: 20, unchanged: 340, added: 0 },
    ranges: { done: 8, total: 8 },
  });
  expect(recordFacts(await world.catalogue(id))).toEqual(world.facts());
  await assertLeavesTrue(world.table, uid, 'some');
}

const endsLogged = () => world.log.lines.filter((line) => /^sync (completed|failed|canceled|held)$/.test(line.fact));

describe('a run of several workers', () => {
  it.each([1, 2, 4])('ends exactly once when each message comes %i times at once', async (times) => {
    const before = endsLogged().length;
    const runId = await runWithHelpers(times);
    await expectExact(runId);
    expect(endsLogged().length - before).toBe(1);
    const starts = world.listings.filter(({ continuation }) => continuation === undefined);
    expect(new Set(starts.map(({ startAfter }) => startAfter)).size).toBe(8);
    // Nobody lists a range that another is at.
    expect(starts).toHaveLength(8);
  });

  it('really lists more ranges at once than one worker may', async () => {
    let open = 0;
    let most = 0;
    const helped = runWithHelpers(1);
    world.beforeList = async () => {
      open += 1;
      most = Math.max(most, open);
      for (let turn = 0; turn < 3; turn += 1) await new Promise((resolve) => setImmediate(resolve));
      open -= 1;
    };
    await helped;
    expect(most).toBeGreaterThan(2);
    expect(most).toBeLessThanOrEqual(6);
  });

  it('needs none of them: the holder does it all when every message is lost', async () => {
    const started = await world.start(id);
    await performRun(world.worker(), started);
    expect(world.take('ranges')).toHaveLength(2);
    await expectExact(started.run.id);
  });

  it('has nothing for a message that comes when it is over, or that is of another run', async () => {
    const started = await world.start(id);
    await performRun(world.worker(), started);
    const late = world.take('ranges');
    world.forget();
    for (const message of late) await handleWork(world.worker(), message);
    const successor = await world.start(id);
    for (const message of late) await handleWork(world.worker(), message);
    expect(world.listings).toEqual([]);
    expect(await performRun(world.worker(), successor)).toMatchObject({ status: 'completed' });
    for (const message of late) await handleWork(world.worker(), { ...message, uid: 'another', datasource: 'none' });
  });
});

/** Lets a helper take a range and hang in its first listing until the holder has nothing left to do; `then` is what
 *  becomes of the helper when it is released. */
async function parkWhileHelping(then: () => void) {
  const started = await world.start(id, {}, named('holder'));
  const hung = Promise.withResolvers<void>();
  const released = Promise.withResolvers<void>();
  const buckets: Buckets = {
    open(target) {
      const bucket = world.deps.buckets.open(target);
      return {
        ...bucket,
        async list(request) {
          hung.resolve();
          await released.promise;
          then();
          return bucket.list(request);
        },
      };
    },
  };
  let helping: Promise<void> | undefined;
  const queue: SyncDeps['queue'] = {
    async send(message) {
      if ((message as WorkMessage).type !== 'ranges') await world.deps.queue.send(message);
      else if (helping === undefined) {
        helping = handleWork(world.worker({ ...named('helper'), buckets }), message);
        await hung.promise;
      }
    },
  };
  const parked = await performRun(world.worker({ ...named('holder'), queue }), started);
  const release = async (): Promise<void> => {
    released.resolve();
    await helping;
  };
  return { parked, run: started.run, release };
}

describe('a holder with nothing left to do', () => {
  it('parks, and the last worker calls for whoever ends the run', async () => {
    const { parked, run, release } = await parkWhileHelping(() => {});
    expect(parked.status).toBe('running');
    expect(world.messages).toEqual([]);
    await release();
    expect(world.messages).toMatchObject([{ message: { type: 'run', run: run.id } }]);
    await world.drain(run, named('ender'));
    await expectExact(run.id);
  });

  it('ends the run as failed with what broke the worker, and deletes nothing', async () => {
    const { run, release } = await parkWhileHelping(() => {
      throw new Failure('source_throttled', 'the bucket said SlowDown too often');
    });
    await release();
    const before = await world.catalogue(id);
    const ended = await world.drain(run, named('ender'));
    expect(ended).toMatchObject({
      status: 'failed',
      error: { code: 'source_throttled', message: 'the bucket said SlowDown too often' },
      counters: { deleted: 0 },
    });
    expect(before).toHaveLength(400);
    expect(await world.catalogue(id)).toHaveLength(400);
    await world.run(id, named('next'));
    expect(recordFacts(await world.catalogue(id))).toEqual(world.facts());
  });

  it('ends it as internal after a defect in a worker, whose log has the stack', async () => {
    const { run, release } = await parkWhileHelping(() => {
      throw new Error('a defect');
    });
    await release();
    expect(await world.drain(run, named('ender'))).toMatchObject({ status: 'failed', error: { code: 'internal' } });
    const line = world.log.lines.find(({ fact }) => fact === 'worker broke off');
    expect(line).toMatchObject({
      level: 'error',
      fields: { run: run.id, defect: expect.stringContaining('a defect') },
    });
  });

  it('is made up for by the sweep when the worker dies', async () => {
    const { run } = await parkWhileHelping(() => {});
    // The helper never comes back; its claim and the queued lease run out.
    world.time.now += 901_000;
    await sweep(world.worker(named('sweeper')));
    expect(world.messages).toMatchObject([{ message: { type: 'run', run: run.id } }]);
    world.beforeList = undefined;
    await world.drain(run, named('next'));
    await expectExact(run.id);
  });

  it('is canceled within a page of each worker', async () => {
    const { run, release } = await parkWhileHelping(() => {});
    await cancelRun(world.worker(), id, run.id);
    world.forget();
    await release();
    // Two streams, each of which was waiting for the page it had asked for.
    expect(world.listings.length).toBeLessThanOrEqual(2);
    expect(await world.drain(run, named('ender'))).toMatchObject({ status: 'canceled', counters: { deleted: 0 } });
    expect(await world.catalogue(id)).toHaveLength(400);
  });
});

it('a cancel stops all workers at their next page', async () => {
  let asked = 0;
  const helpers: Promise<void>[] = [];
  const queue: SyncDeps['queue'] = {
    send: async (message) => void helpers.push(handleWork(world.worker({ ...named('helper'), queue }), message)),
  };
  const started = await world.start(id, {}, named('holder'));
  let afterwards = 0;
  world.beforeList = async () => {
    await new Promise((resolve) => setImmediate(resolve));
    asked += 1;
    if (asked > 12) afterwards += 1;
    if (asked === 12) await cancelRun(world.worker(), id, started.run.id);
  };
  await performRun(world.worker({ ...named('holder'), queue }), started);
  for (let index = 0; index < helpers.length; index += 1) await helpers[index];
  expect(afterwards).toBeLessThanOrEqual(6);
  expect(await readRun(world.table, uid, started.run.id)).toMatchObject({ status: 'canceled' });
  expect(
    (await listRuns(world.table, uid, world.time.now, { limit: 9 })).filter((run) => run.status === 'running'),
  ).toEqual([]);
});

it('workers do not grow in number with the invocations that a run takes', async () => {
  const started = await world.start(id, {}, named('holder'));
  let run = await performRun(world.worker({ ...named('holder'), yieldAt: world.time.now }), started);
  let invocations = 0;
  while (run.status === 'running') {
    invocations += 1;
    if (invocations > 60) throw new Error('the run does not end');
    // Each round takes all messages there are: the workers that run side by side.
    const round = world.messages.splice(0).map(({ message }) => message as WorkMessage);
    expect(round.filter(({ type }) => type === 'ranges').length).toBeLessThanOrEqual(2);
    for (const [index, message] of round.entries()) {
      const worker = named(`worker-${invocations}-${index}`);
      await handleWork(world.worker({ ...worker, yieldAt: world.time.now }), message);
    }
    run = (await readRun(world.table, uid, run.id)) ?? run;
  }
  expect(invocations).toBeGreaterThan(5);
  await expectExact(run.id);
});
