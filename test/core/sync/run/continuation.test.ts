import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readRanges } from '#core/catalogue/range-map.ts';
import { handleWork } from '#core/dispatch/handle-work.ts';
import { sweep } from '#core/dispatch/sweep.ts';
import { cancelRun } from '#core/runs/cancel-run.ts';
import { runView } from '#core/runs/run.ts';
import { listRuns, readRun } from '#core/runs/run-store.ts';
import { startRun } from '#core/runs/start-run.ts';
import { performRun } from '#core/sync/run/perform-run.ts';
import { bucketFacts, bucketName, createSyncWorld, recordFacts, type SyncWorld } from '#support/sync-world.ts';

let world: SyncWorld;
let now: number;
beforeEach(async () => {
  now = Date.parse('2026-03-01T00:00:00Z');
  world = await createSyncWorld({
    clock: { now: () => now },
    settings: { progressMs: 0, confirmLimit: 20, confirmSample: 5 },
  });
  fill(0, 95);
});
afterEach(() => world.close());

function fill(from: number, to: number): void {
  for (let index = from; index < to; index += 1) {
    world.s3.put(bucketName, `key-${String(index).padStart(3, '0')}`, { size: index, lastModified: 1_700_000_000_000 });
  }
}

/** Invocations whose time is over as soon as they begin: each does one step and hands the run on. */
const hurried = () => ({ ...world.deps, yieldAt: 0 });

/** Handles queued messages in hurried invocations until none is left; returns how many there were. */
async function workInHurry(most = 100): Promise<number> {
  let invocations = 0;
  while (world.messages.length > 0 && invocations < most) {
    const [sent] = world.messages.splice(0, 1);
    await handleWork(hurried(), sent?.message);
    invocations += 1;
  }
  return invocations;
}

const beginHurried = async (id: string, request: object = {}) => {
  const started = await startRun(world.deps, { datasource: id, trigger: 'schedule', inProcess: true, ...request });
  if (started.outcome !== 'started') throw new Error(started.outcome);
  return performRun(hurried(), started);
};

const countsOf = async (uid: string) => (await readRanges(world.table, uid))[0];

describe('a run that takes more than one invocation', () => {
  it('goes on page by page through the queue and ends as if it had been one', async () => {
    const { id, uid } = await world.addDatasource({ sync: { page_size: 10 } });
    const first = await beginHurried(id);
    expect(first).toMatchObject({ status: 'running', counters: { listed: 10, added: 10 } });
    expect(runView(first)).not.toHaveProperty('checkpoint');
    expect(await workInHurry()).toBe(9);
    expect(await readRun(world.table, uid, first.id)).toMatchObject({
      status: 'completed',
      // On a foreign server each of the nine that go on lists the page before once more.
      counters: { pages: 19, listed: 95, matched: 95, added: 95, unchanged: 0 },
    });
    expect(recordFacts(await world.catalogue(id))).toEqual(bucketFacts(world.s3));
    expect(await countsOf(uid)).toMatchObject({ objects: 95 });

    for (const index of [5, 6, 40, 94]) world.s3.delete(bucketName, `key-${String(index).padStart(3, '0')}`);
    fill(95, 99);
    world.s3.put(bucketName, 'key-050', { body: 'changed' });
    const second = await beginHurried(id);
    await workInHurry();
    expect(await readRun(world.table, uid, second.id)).toMatchObject({
      status: 'completed',
      counters: { added: 4, modified: 1, deleted: 4, unchanged: 90 },
    });
    expect(recordFacts(await world.catalogue(id))).toEqual(bucketFacts(world.s3));
    expect(await countsOf(uid)).toMatchObject({ objects: 95 });
    expect(await listRuns(world.table, uid, now, { limit: 10 })).toHaveLength(2);
  });

  it('deletes more than one invocation has time for, each record once', async () => {
    fill(95, 2500);
    const { id, uid } = await world.addDatasource();
    await world.sync(id);
    for (let index = 0; index < 370; index += 1) world.s3.delete(bucketName, `key-${String(index).padStart(3, '0')}`);
    await world.sync(id);
    const last = await beginHurried(id);
    await workInHurry();
    expect(await readRun(world.table, uid, last.id)).toMatchObject({ status: 'completed', counters: { deleted: 370 } });
    expect(recordFacts(await world.catalogue(id))).toEqual(bucketFacts(world.s3));
    expect(await countsOf(uid)).toMatchObject({ objects: 2130 });
  });

  it('can be canceled between two invocations', async () => {
    const { id, uid } = await world.addDatasource({ sync: { page_size: 10 } });
    const { id: runId } = await beginHurried(id);
    await cancelRun(world.deps, id, runId);
    await workInHurry();
    expect(await readRun(world.table, uid, runId)).toMatchObject({ status: 'canceled', counters: { added: 10 } });
  });

  it('does not go on under another scope', async () => {
    const { id, uid } = await world.addDatasource({ sync: { page_size: 10 } });
    const { id: runId } = await beginHurried(id);
    await world.change(id, { connector: { config: { extensions: ['pdf'] } } });
    await workInHurry();
    expect(await readRun(world.table, uid, runId)).toMatchObject({
      status: 'failed',
      error: { code: 'scope_changed' },
    });
  });
});

describe('a run whose next invocation never comes', () => {
  it('is gone on with by the next tick once its lease ran out', async () => {
    const { id, uid } = await world.addDatasource({ sync: { page_size: 10, interval: '5m' } });
    const { id: runId } = await beginHurried(id);
    world.messages.splice(0);
    const request = { datasource: id, trigger: 'schedule', inProcess: true } as const;
    expect(await startRun(world.deps, { ...request, slot: now })).toMatchObject({ outcome: 'busy' });
    now += 901_000;
    const started = await startRun(world.deps, { ...request, slot: now });
    expect(started).toMatchObject({ outcome: 'started', run: { id: runId } });
    if (started.outcome === 'started') await performRun(world.deps, started);
    expect(await readRun(world.table, uid, runId)).toMatchObject({
      status: 'completed',
      counters: { listed: 95, added: 95 },
    });
  });

  it('is gone on with by the sweep, and given up after three invocations that got nowhere', async () => {
    const { id, uid } = await world.addDatasource({ sync: { page_size: 10 } });
    const { id: runId } = await beginHurried(id);
    for (let attempt = 1; attempt <= 3; attempt += 1) {
      world.messages.splice(0);
      now += 901_000;
      await sweep(world.deps);
      expect(world.messages).toMatchObject([{ message: { type: 'run', run: runId } }]);
    }
    now += 901_000;
    world.messages.splice(0);
    await sweep(world.deps);
    expect(await readRun(world.table, uid, runId)).toMatchObject({ status: 'failed', error: { code: 'interrupted' } });
    expect(world.messages).toMatchObject([{ message: { type: 'resync' } }]);
  });
});

describe('an invocation that dies beyond its checkpoint', () => {
  it('loses nothing, counts exactly, and its stale candidates delete nothing', async () => {
    // Given a run whose worker wrote a page and noted candidates after the last progress it stored
    fill(95, 2500);
    const { id, uid } = await world.addDatasource({ sync: { page_size: 100 } });
    await world.sync(id);
    const lose = (from: number, to: number): void => {
      for (let index = from; index < to; index += 1)
        world.s3.delete(bucketName, `key-${String(index).padStart(3, '0')}`);
    };
    lose(200, 260);
    lose(300, 360);
    await world.sync(id);
    fill(2500, 2600);
    const started = await startRun(world.deps, { datasource: id, trigger: 'schedule', inProcess: true });
    if (started.outcome !== 'started') throw new Error(started.outcome);
    const dying = { ...world.deps, settings: { ...world.deps.settings, progressMs: Number.POSITIVE_INFINITY } };
    await performRun({ ...dying, yieldAt: 0 }, started);
    let dead = false;
    world.table.beforeWrite = (writes) => {
      if (dead) throw new Error('the process died');
      dead = writes.some((write) => 'put' in write && write.put.pk.startsWith('candidate#'));
    };
    const [message] = world.messages.splice(0, 1);
    await handleWork(dying, message?.message).catch(() => {});
    expect(dead).toBe(true);
    expect(await readRun(world.table, uid, started.run.id)).toMatchObject({ status: 'running' });
    world.table.beforeWrite = undefined;

    // When the objects come back that it had noted as missing, and the run is gone on with
    fill(200, 260);
    now += 1_000_000;
    await sweep(world.deps);
    await world.work();

    // Then it ended exactly, and nothing that exists is gone
    expect(await readRun(world.table, uid, started.run.id)).toMatchObject({
      status: 'completed',
      counters: { listed: 2540, added: 100, deleted: 60 },
    });
    expect(recordFacts(await world.catalogue(id))).toEqual(bucketFacts(world.s3));
    expect(await countsOf(uid)).toMatchObject({ objects: 2540 });
  });
});

describe('deletions that must be asked for one by one, over many invocations', () => {
  it('get somewhere each time and ask for no key twice', async () => {
    fill(95, 4000);
    const { id, uid } = await world.addDatasource();
    await world.sync(id);
    const lost = Array.from({ length: 550 }, (_, index) => `key-${String(index).padStart(3, '0')}`);
    for (const key of lost) world.s3.delete(bucketName, key);
    await world.sync(id);
    world.s3.clearRequests();
    const last = await beginHurried(id);
    expect(await workInHurry()).toBeGreaterThan(3);
    expect(await readRun(world.table, uid, last.id)).toMatchObject({ status: 'completed', counters: { deleted: 550 } });
    const asked = world.s3.requests.filter((request) => request.operation === 'HeadObject').map(({ key }) => key);
    const often = lost.filter((key) => asked.filter((one) => one === key).length > 1 + 6);
    expect(often).toEqual([]);
    expect(recordFacts(await world.catalogue(id))).toEqual(bucketFacts(world.s3));
  });
});
