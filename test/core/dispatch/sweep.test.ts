import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readRanges } from '#core/catalogue/range-map.ts';
import { purgeData } from '#core/dispatch/purge-data.ts';
import { type SweepCounts, sweep } from '#core/dispatch/sweep.ts';
import { readLease } from '#core/lease/lease.ts';
import { deleteDatasource } from '#core/registry/changes/delete-datasource.ts';
import { requestRun } from '#core/runs/request-run.ts';
import { listRuns, runItem } from '#core/runs/run-store.ts';
import { startRun } from '#core/runs/start-run.ts';
import { bucketName, createSyncWorld, type SyncWorld } from '#support/sync-world.ts';

let world: SyncWorld;
let now: number;
beforeEach(async () => {
  now = Date.parse('2026-03-01T00:00:00Z');
  world = await createSyncWorld({ clock: { now: () => now } });
  for (let index = 0; index < 1200; index += 1) world.s3.put(bucketName, `key-${index}`, { size: 1 });
});
afterEach(() => world.close());

/** A run whose process is gone. */
async function abandon(id: string): Promise<void> {
  const elsewhere = { ...world.deps, holder: 'an-earlier-boot' };
  await startRun(elsewhere, { datasource: id, trigger: 'schedule', inProcess: true });
}

it('makes up for an interrupted run three times in a row, then leaves it to the schedule, and says so as a failure', async () => {
  const { id } = await world.addDatasource();
  const resyncs: number[] = [];
  for (let crash = 0; crash < 5; crash += 1) {
    await abandon(id);
    await sweep(world.deps);
    resyncs.push(world.messages.splice(0).length);
    now += 1000;
  }
  expect(resyncs).toEqual([1, 1, 1, 0, 0]);
  expect(world.log.lines.filter((line) => line.fact === 'sync failed')).toHaveLength(5);
  await world.sync(id);
  await abandon(id);
  await sweep(world.deps);
  expect(world.messages).toHaveLength(1);
});

it('mends the others when one cannot be read, and fails in the end', async () => {
  const broken = await world.addDatasource({ id: 'a-broken' });
  const { id } = await world.addDatasource({ id: 'b-abandoned' });
  await abandon(broken.id);
  await abandon(id);
  const [run] = await listRuns(world.table, broken.uid, now, { limit: 1 });
  if (run) await world.table.put({ ...runItem(run), v: 99 });
  await expect(sweep(world.deps)).rejects.toThrow(AggregateError);
  expect(world.messages).toMatchObject([{ message: { type: 'resync', datasource: 'b-abandoned' } }]);
});

it('shortens what a clock that was ahead gave: leases are freed and purges go on when their time is over by the right one', async () => {
  // Given, by a clock 40 days ahead, a run whose worker hangs, one that waits for its message, and a purge that comes twice
  const right = now;
  now += 40 * 86_400_000;
  const hanging = await world.addDatasource({ id: 'a-hanging' });
  const waiting = await world.addDatasource({ id: 'b-waiting' });
  const deleted = await world.addDatasource({ id: 'c-deleted' });
  await startRun(world.deps, { datasource: hanging.id, trigger: 'schedule', inProcess: true });
  await requestRun(world.deps, { datasource: waiting.id, trigger: 'api' });
  await deleteDatasource(world.deps, deleted.id);
  await purgeData(world.deps, deleted.uid);
  world.messages.splice(0);
  // When it is put right
  now = right;
  await sweep(world.deps);
  expect((await readLease(world.table, hanging.uid)).expires_at).toBe(now + world.deps.leaseMs);
  now += Math.max(world.deps.leaseMs * 2, 60_000) + 1000;
  await sweep(world.deps);
  // Then
  expect(world.messages.map(({ message }) => message)).toEqual(
    expect.arrayContaining([
      expect.objectContaining({ type: 'resync', datasource: hanging.id }),
      expect.objectContaining({ type: 'run', datasource: waiting.id }),
      { type: 'purge', uid: deleted.uid },
    ]),
  );
});

it('does not remind of a purge that is on, and a second purge leaves it alone', async () => {
  const { id, uid } = await world.addDatasource();
  await world.sync(id);
  await deleteDatasource(world.deps, id);
  world.messages.splice(0);
  world.table.beforeWrite = async (writes) => {
    if (!writes.some((write) => 'delete' in write && write.delete.pk.startsWith('record#'))) return;
    world.table.beforeWrite = undefined;
    await sweep(world.deps);
    await purgeData(world.deps, uid);
  };
  await purgeData(world.deps, uid);
  expect(world.messages).toMatchObject([{ message: { type: 'purge', uid }, delaySeconds: 240 }]);
  now += 239_999;
  await sweep(world.deps);
  expect(world.messages).toHaveLength(1);
  now += 1;
  await sweep(world.deps);
  expect(world.messages).toHaveLength(2);
  await world.work();
  expect(await readRanges(world.table, uid)).toEqual([]);
});

it('hands a purge on when the time of its invocation is over', async () => {
  const { id, uid } = await world.addDatasource();
  await world.sync(id);
  await deleteDatasource(world.deps, id);
  world.messages.splice(0);
  let invocations = 0;
  do {
    world.messages.splice(0);
    await purgeData({ ...world.deps, yieldAt: 0 }, uid);
    now += 240_000;
    invocations += 1;
  } while (world.messages.length > 0);
  expect(invocations).toBeGreaterThan(3);
  expect(await readRanges(world.table, uid)).toEqual([]);
  expect(await world.table.get({ pk: 'purge', sk: uid })).toBeUndefined();
  expect((await readLease(world.table, uid)).fence).toBeGreaterThan(1);
});

it('reminds of a run whose message was lost: after a minute, or as soon as its sender is known to be dead', async () => {
  const { id, uid } = await world.addDatasource();
  const { run } = await requestRun(world.deps, { datasource: id, trigger: 'api' });
  world.messages.splice(0);
  await sweep(world.deps);
  expect(world.messages).toEqual([]);
  now += 60_000;
  await sweep(world.deps);
  expect(world.messages).toMatchObject([{ message: { type: 'run', run: run.id } }]);
  await sweep(world.deps);
  await world.work();
  expect(await listRuns(world.table, uid, now, { limit: 5 })).toMatchObject([{ id: run.id, status: 'completed' }]);

  const { run: second } = await requestRun({ ...world.deps, holder: 'dead' }, { datasource: id, trigger: 'api' });
  world.messages.splice(0);
  await sweep(world.deps);
  expect(world.messages).toMatchObject([{ message: { type: 'run', run: second.id } }]);
});

it('leaves a run its place in the queue however long it waits, and sends it again', async () => {
  // Given a run that somebody asked for, while all workers are busy
  const { id, uid } = await world.addDatasource();
  const { run } = await requestRun(world.deps, { datasource: id, trigger: 'api' });

  // When it waits for an hour, at one time longer than its place is kept without a reminder
  for (const minutes of [5, 20, 35]) {
    now += minutes * 60_000;
    await sweep(world.deps);
  }

  // Then it is still the one run, every sweep sent it again, and the first message performs it, once
  expect(world.messages).toHaveLength(4);
  expect(await listRuns(world.table, uid, now, { limit: 9 })).toMatchObject([{ id: run.id, status: 'queued' }]);
  expect(await requestRun(world.deps, { datasource: id, trigger: 'api' })).toMatchObject({ alreadyOn: true });
  await world.work();
  expect(await listRuns(world.table, uid, now, { limit: 9 })).toMatchObject([
    { id: run.id, status: 'completed', counters: { added: 1200 } },
  ]);
});

describe('what a sweep counts', () => {
  const counted: SweepCounts[] = [];
  const sweepAfter = async (ms: number): Promise<SweepCounts | undefined> => {
    now += ms;
    await sweep({ ...world.deps, swept: (counts) => counted.push(counts) });
    return counted.at(-1);
  };
  const fail = async (id: string): Promise<void> => {
    const fault = world.s3.faults.add({ act: { kind: 'status', status: 403, code: 'AccessDenied' } });
    expect(await world.sync(id)).toMatchObject({ status: 'failed' });
    fault.remove();
  };

  it('is a datasource that fails for as long as it does, and as a new one in one round only', async () => {
    for (let index = 0; index < 20; index += 1) await world.addDatasource({ id: `old-${index}` });
    await world.addDatasource({ id: 'young' });
    await sweepAfter(0);
    for (let index = 0; index < 20; index += 1) await fail(`old-${index}`);
    expect(await sweepAfter(300_000)).toEqual({ datasources: 21, unhealthy: 20, turned_unhealthy: 20 });
    expect(await sweepAfter(300_000)).toEqual({ datasources: 21, unhealthy: 20, turned_unhealthy: 0 });
    await fail('old-3');
    await fail('young');
    expect(await sweepAfter(300_000)).toEqual({ datasources: 21, unhealthy: 21, turned_unhealthy: 1 });
    await world.sync('young');
    await world.change('old-0', { enabled: false });
    expect(await sweepAfter(300_000)).toEqual({ datasources: 21, unhealthy: 19, turned_unhealthy: 0 });
  });

  it('is a failure of the moment before the round began, when the sweep before was hours ago', async () => {
    await world.addDatasource({ id: 'one' });
    await sweepAfter(0);
    now += 3_600_000;
    await fail('one');
    expect(await sweepAfter(7_200_000)).toMatchObject({ turned_unhealthy: 1 });
  });

  it('is a hold too, counted from the first of those in a row', async () => {
    const { id } = await world.addDatasource();
    await world.sync(id);
    await sweepAfter(0);
    for (const { key } of world.s3.objects(bucketName)) world.s3.delete(bucketName, key);
    now += 60_000;
    expect(await world.sync(id)).toMatchObject({ status: 'held' });
    now += 60_000;
    expect(await world.sync(id)).toMatchObject({ status: 'held' });
    expect(await sweepAfter(60_000)).toMatchObject({ unhealthy: 1, turned_unhealthy: 1 });
    expect(await world.sync(id)).toMatchObject({ status: 'held' });
    expect(await sweepAfter(300_000)).toMatchObject({ unhealthy: 1, turned_unhealthy: 0 });
  });

  it('is nothing while another process is at it, and that one is not waited for when it is dead', async () => {
    await world.addDatasource();
    const rounds = counted.length;
    const other = { ...world.deps, holder: 'other', isAlive: () => true };
    let inside = 0;
    world.table.beforeWrite = async (writes) => {
      if (writes.some((write) => 'put' in write && write.put.pk === 'sweep' && write.put.holder === undefined)) {
        world.table.beforeWrite = undefined;
        await sweep({ ...world.deps, isAlive: () => true, swept: (counts) => counted.push(counts) });
        inside = counted.length;
      }
    };
    await sweep({ ...other, swept: (counts) => counted.push(counts) });
    expect(inside).toBe(rounds);
    expect(counted).toHaveLength(rounds + 1);
  });
});
