import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readRanges } from '#core/catalogue/range-map.ts';
import { recordPartition } from '#core/catalogue/record.ts';
import { sweep } from '#core/dispatch/sweep.ts';
import { readLease } from '#core/lease/lease.ts';
import { deleteDatasource } from '#core/registry/changes/delete-datasource.ts';
import { cancelRun } from '#core/runs/cancel-run.ts';
import { requestRun } from '#core/runs/request-run.ts';
import { listRuns, readRun } from '#core/runs/run-store.ts';
import { type StartedRun, startRun } from '#core/runs/start-run.ts';
import { performRun } from '#core/sync/run/perform-run.ts';
import { collect } from '#support/collect.ts';
import { bucketFacts, bucketName, createSyncWorld, recordFacts, type SyncWorld } from '#support/sync-world.ts';

let world: SyncWorld;
let now: number;
beforeEach(async () => {
  now = Date.parse('2026-03-01T00:00:00Z');
  world = await createSyncWorld({ clock: { now: () => now } });
  for (let index = 0; index < 50; index += 1) {
    world.s3.put(bucketName, `key-${String(index).padStart(2, '0')}`, { size: index, lastModified: 1_700_000_000_000 });
  }
});
afterEach(() => world.close());

const start = async (id: string): Promise<StartedRun> => {
  const started = await startRun(world.deps, { datasource: id, trigger: 'schedule', inProcess: true });
  if (started.outcome !== 'started') throw new Error(started.outcome);
  return started;
};

/** What a process of another boot leaves: its lease, and a run that says `running`. */
const startAsDeadBoot = async (id: string): Promise<StartedRun> => {
  const started = await startRun(
    { ...world.deps, holder: 'an-earlier-boot' },
    { datasource: id, trigger: 'schedule', inProcess: true },
  );
  if (started.outcome !== 'started') throw new Error(started.outcome);
  return started;
};

describe('a datasource has one run at a time', () => {
  it('answers a second start with the run that is on', async () => {
    const { id } = await world.addDatasource();
    const first = await start(id);
    const second = await requestRun(world.deps, { datasource: id, trigger: 'api' });
    expect(second).toMatchObject({ alreadyOn: true, run: { id: first.run.id } });
    await performRun(world.deps, first);
    expect((await requestRun(world.deps, { datasource: id, trigger: 'api' })).alreadyOn).toBe(false);
  });

  it('starts exactly one of many at once', async () => {
    const { id } = await world.addDatasource();
    const starts = await Promise.all(
      Array.from({ length: 8 }, () => startRun(world.deps, { datasource: id, trigger: 'api', inProcess: true })),
    );
    expect(starts.filter((one) => one.outcome === 'started')).toHaveLength(1);
    const ids = starts.map((one) => (one.outcome === 'duplicate' ? undefined : one.run.id));
    expect(new Set(ids).size).toBe(1);
  });

  it('performs a queued run once, however often its message comes', async () => {
    const { id, uid } = await world.addDatasource();
    const { run } = await requestRun(world.deps, { datasource: id, trigger: 'api' });
    expect(run.status).toBe('queued');
    world.messages.push(...world.messages, ...world.messages);
    await world.work();
    expect(await listRuns(world.table, uid, now, { limit: 10 })).toHaveLength(1);
    expect(await readRun(world.table, uid, run.id)).toMatchObject({ status: 'completed', counters: { added: 50 } });
    expect(world.s3.requests.filter((request) => request.operation === 'ListObjectsV2')).toHaveLength(1);
  });

  it('turns away a worker that wakes after its lease went to another run', async () => {
    const { id, uid } = await world.addDatasource({ sync: { page_size: 10 } });
    await world.sync(id);
    for (const key of ['key-00', 'key-01']) world.s3.delete(bucketName, key);
    const slow = await start(id);
    now += 121_000;
    const successor = await start(id);
    expect(successor.lease.fence).toBeGreaterThan(slow.lease.fence);

    await performRun(world.deps, slow);
    expect(await world.catalogue(id)).toHaveLength(50);
    expect(await readRun(world.table, uid, slow.run.id)).toMatchObject({
      status: 'failed',
      error: { code: 'interrupted' },
    });
    expect(await performRun(world.deps, successor)).toMatchObject({ status: 'completed', counters: { deleted: 2 } });
  });

  it('renews the lease of a long run while it lasts', async () => {
    const { id } = await world.addDatasource({ sync: { page_size: 10 } });
    world.s3.beforeResponse = () => {
      now += 70_000;
    };
    expect(await world.sync(id)).toMatchObject({ status: 'completed', counters: { added: 50, pages: 5 } });
  });
});

describe('a run that was interrupted', () => {
  it('is closed by the sweep and made up for, and nothing is lost', async () => {
    const { id, uid } = await world.addDatasource();
    const dead = await startAsDeadBoot(id);
    await sweep(world.deps);
    expect(await readRun(world.table, uid, dead.run.id)).toMatchObject({
      status: 'failed',
      error: { code: 'interrupted' },
    });
    await world.work();
    const [newest] = await listRuns(world.table, uid, now, { limit: 1 });
    expect(newest).toMatchObject({ status: 'completed', trigger: 'reconcile', counters: { added: 50 } });
    expect(recordFacts(await world.catalogue(id))).toEqual(bucketFacts(world.s3));
  });

  it('is closed by the next start as well, and does not count as a failure of the source', async () => {
    const { id, uid } = await world.addDatasource();
    const dead = await startAsDeadBoot(id);
    expect(await world.sync(id)).toMatchObject({ status: 'completed' });
    expect(await readRun(world.table, uid, dead.run.id)).toMatchObject({ status: 'failed' });
  });

  it('leaves a run alone whose holder lives', async () => {
    const { id, uid } = await world.addDatasource();
    const { run } = await start(id);
    await sweep(world.deps);
    expect(await readRun(world.table, uid, run.id)).toMatchObject({ status: 'running' });
    expect(world.messages).toEqual([]);
  });
});

describe('cancel', () => {
  it('stops a run before its next page and keeps what it has', async () => {
    const { id } = await world.addDatasource({ sync: { page_size: 10 } });
    const started = await start(id);
    let pages = 0;
    world.s3.beforeResponse = async () => {
      pages += 1;
      if (pages === 2) await cancelRun(world.deps, id, started.run.id);
    };
    expect(await performRun(world.deps, started)).toMatchObject({ status: 'canceled', counters: { added: 20 } });
    expect(pages).toBe(2);
    expect(await world.catalogue(id)).toHaveLength(20);
    world.s3.beforeResponse = undefined;
    expect(await world.sync(id)).toMatchObject({ status: 'completed', counters: { added: 30, unchanged: 20 } });
  });

  it('refuses a run that has ended, and one that there is not', async () => {
    const { id } = await world.addDatasource();
    const run = await world.sync(id);
    await expect(cancelRun(world.deps, id, run.id)).rejects.toMatchObject({ code: 'conflict' });
    await expect(cancelRun(world.deps, id, 'none')).rejects.toMatchObject({ code: 'not_found' });
  });
});

describe('the time limit of a run', () => {
  it('fails it with what it has kept', async () => {
    const { id } = await world.addDatasource({ sync: { page_size: 10 } });
    world.s3.beforeResponse = () => {
      now += 30_000_000;
    };
    const run = await world.sync(id);
    expect(run).toMatchObject({ status: 'failed', error: { code: 'run_time_limit' }, counters: { added: 30 } });
    expect(run.error?.message).toContain('86400 s');
    expect(await world.catalogue(id)).toHaveLength(30);
  });
});

/** A purge removes everything once more when no worker that was at it can be alive. */
const purgeTwice = async (): Promise<void> => {
  await world.work();
  now += 2 * world.deps.leaseMs;
  await world.work();
};

describe('deleting a datasource', () => {
  it('purges records and runs, keeps the fence, and spares its namesake', async () => {
    const { id, uid } = await world.addDatasource({ id: 'same' });
    await world.sync(id);
    const [range] = await readRanges(world.table, uid);
    await deleteDatasource(world.deps, id);
    const next = await world.addDatasource({ id: 'same' });
    await world.sync(id);
    await purgeTwice();

    expect(await collect(world.table.query({ pk: recordPartition(uid, range?.id ?? '') }))).toEqual([]);
    expect(await listRuns(world.table, uid, now, { limit: 10 })).toEqual([]);
    expect(await readRanges(world.table, uid)).toEqual([]);
    expect(await collect(world.table.query({ pk: 'purge' }))).toEqual([]);
    expect((await readLease(world.table, uid)).fence).toBeGreaterThan(1);
    expect(next.uid).not.toBe(uid);
    expect(await world.catalogue('same')).toHaveLength(50);
  });

  it('stops the run that is on before it purges', async () => {
    const { id, uid } = await world.addDatasource({ sync: { page_size: 10 } });
    const started = await start(id);
    world.s3.beforeResponse = async () => {
      world.s3.beforeResponse = undefined;
      await deleteDatasource(world.deps, id);
      await world.work();
    };
    expect((await performRun(world.deps, started)).status).toBe('canceled');
    await purgeTwice();
    expect(await readRanges(world.table, uid)).toEqual([]);
    expect(await listRuns(world.table, uid, now, { limit: 10 })).toEqual([]);
  });

  it('removes what a worker wrote that stood still with a batch in hand', async () => {
    const { id, uid } = await world.addDatasource();
    const slow = await start(id);
    let batch: (() => void) | undefined;
    const standing = new Promise<void>((resolve) => {
      world.table.beforeWrite = (writes) => {
        if (!writes.some((write) => 'put' in write && write.put.pk.startsWith('record#'))) return undefined;
        world.table.beforeWrite = undefined;
        resolve();
        return new Promise<void>((go) => {
          batch = go;
        });
      };
    });
    const performed = performRun(world.deps, slow);
    await standing;
    await deleteDatasource(world.deps, id);
    await world.work();
    now += world.deps.leaseMs + 1000;
    await world.work();
    batch?.();
    await performed;
    const partition = recordPartition(uid, (await readRanges(world.table, uid))[0]?.id ?? '');
    expect(await collect(world.table.query({ pk: partition }))).toHaveLength(50);
    now += 2 * world.deps.leaseMs;
    await world.work();
    expect(await collect(world.table.query({ pk: partition }))).toEqual([]);
    expect(await readRanges(world.table, uid)).toEqual([]);
  });

  it('gives the data a new uid when the bucket changes, and purges the old', async () => {
    world.s3.createBucket('second-bucket');
    world.s3.put('second-bucket', 'only', { body: 'x' });
    const { id, uid } = await world.addDatasource();
    await world.sync(id);
    const { secretAccessKey } = world.s3.credentials;
    const config = { bucket: 'second-bucket', secret_access_key: secretAccessKey };
    const moved = await world.change(id, { connector: { config } });
    expect(moved.uid).not.toBe(uid);
    await sweep(world.deps);
    await purgeTwice();
    expect(await world.sync(id)).toMatchObject({ status: 'completed', counters: { added: 1, deleted: 0 } });
    expect(await readRanges(world.table, uid)).toEqual([]);
  });
});

it('keeps a run record 90 days after a newer one, and the newest for ever', async () => {
  const { id, uid } = await world.addDatasource();
  await world.sync(id);
  now += 1000;
  await world.sync(id);
  now += 91 * 86_400_000;
  expect(await listRuns(world.table, uid, now, { limit: 10 })).toHaveLength(1);
});
