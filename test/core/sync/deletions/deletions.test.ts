import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { approveRun } from '#core/runs/approve-run.ts';
import { candidatePartition } from '#core/runs/candidates.ts';
import { readRun } from '#core/runs/run-store.ts';
import { collect } from '#support/collect.ts';
import { bucketFacts, bucketName, createSyncWorld, recordFacts, type SyncWorld } from '#support/sync-world.ts';

let world: SyncWorld;
afterEach(() => world.close());

function fill(count: number): void {
  for (let index = 0; index < count; index += 1) {
    world.s3.put(bucketName, `key-${String(index).padStart(5, '0')}`, { size: index, lastModified: 1_700_000_000_000 });
  }
}

function lose(count: number, from = 0): void {
  for (let index = from; index < from + count; index += 1) {
    world.s3.delete(bucketName, `key-${String(index).padStart(5, '0')}`);
  }
}

describe('a hold', () => {
  beforeEach(async () => {
    world = await createSyncWorld();
    fill(100);
  });

  it('keeps everything when the bucket was emptied, until someone approves', async () => {
    const { id } = await world.addDatasource();
    await world.sync(id);
    lose(100);

    const held = await world.sync(id);
    expect(held).toMatchObject({ status: 'held', hold: { candidates: 100, share: 1 }, counters: { deleted: 0 } });
    expect(held.hold?.sample).toHaveLength(20);
    expect(await world.catalogue(id)).toHaveLength(100);

    const approving = await approveRun(world.deps, id, held.id);
    expect(approving).toMatchObject({ status: 'queued', approves: held.id });
    await world.work();
    expect(await readRun(world.table, held.uid, approving.id)).toMatchObject({
      status: 'completed',
      counters: { deleted: 100 },
    });
    expect(await world.catalogue(id)).toEqual([]);
    expect(await readRun(world.table, held.uid, held.id)).toMatchObject({ status: 'held', approved_by: approving.id });
  });

  it('applies only what was shown: what vanished later stays, what came back stays', async () => {
    const { id } = await world.addDatasource();
    await world.sync(id);
    lose(40);
    const held = await world.sync(id);
    expect(held).toMatchObject({ status: 'held', hold: { candidates: 40, share: 0.4 } });
    expect(held.message).toContain(`/datasource/${id}/_runs/${held.id}/_approve`);

    world.s3.put(bucketName, 'key-00007', { size: 7 });
    lose(5, 90);
    const approving = await approveRun(world.deps, id, held.id);
    await world.work();

    expect(await readRun(world.table, held.uid, approving.id)).toMatchObject({ counters: { deleted: 39 } });
    const keys = (await world.catalogue(id)).map((record) => record.sk);
    expect(keys).toHaveLength(61);
    expect(keys).toContain('key-00007');
    expect(keys).toContain('key-00094');
    expect((await world.sync(id)).counters.deleted).toBe(5);
    expect(recordFacts(await world.catalogue(id))).toEqual(bucketFacts(world.s3));
  });

  it('is superseded by a later complete run, and then cannot be approved', async () => {
    const { id } = await world.addDatasource();
    await world.sync(id);
    lose(40);
    const held = await world.sync(id);
    fill(100);
    expect(await world.sync(id)).toMatchObject({ status: 'completed', counters: { deleted: 0 } });
    await expect(approveRun(world.deps, id, held.id)).rejects.toMatchObject({ code: 'conflict' });
  });

  it('cannot be approved twice, but again after the approving run failed', async () => {
    const { id } = await world.addDatasource();
    await world.sync(id);
    lose(40);
    const held = await world.sync(id);
    await approveRun(world.deps, id, held.id);
    await expect(approveRun(world.deps, id, held.id)).rejects.toMatchObject({ code: 'conflict' });
    world.s3.faults.add({ act: { kind: 'status', status: 403, code: 'AccessDenied' } });
    await world.work();
    expect(await world.catalogue(id)).toHaveLength(100);
    world.s3.faults.clear();

    await approveRun(world.deps, id, held.id);
    await world.work();
    expect(await world.catalogue(id)).toHaveLength(60);
  });

  it('is not for few objects, nor for a small share', async () => {
    const { id } = await world.addDatasource();
    await world.sync(id);
    lose(15);
    expect(await world.sync(id)).toMatchObject({ status: 'completed', counters: { deleted: 15 } });
    lose(10, 15);
    expect(await world.sync(id)).toMatchObject({ status: 'completed', counters: { deleted: 10 } });
  });

  it('says in a dry run what it would hold, and leaves no trace of it', async () => {
    const { id } = await world.addDatasource();
    await world.sync(id);
    lose(40);
    world.s3.put(bucketName, 'new', { body: 'new' });
    world.table.reset();
    const dry = await world.sync(id, { dryRun: true });
    expect(dry).toMatchObject({ status: 'completed', dry_run: true, hold: { candidates: 40 } });
    expect(dry.counters).toMatchObject({ added: 1, deleted: 40, unchanged: 60 });
    expect(world.table.recordWrites).toBe(0);
    expect(await world.catalogue(id)).toHaveLength(100);
  });
});

describe('the confirmation of deletions', () => {
  beforeEach(async () => {
    world = await createSyncWorld();
    fill(100);
  });

  it('asks a listing where the key may not be read', async () => {
    const { id } = await world.addDatasource();
    await world.sync(id);
    lose(5);
    world.s3.faults.add({
      when: { operation: 'HeadObject' },
      act: { kind: 'status', status: 403, code: 'AccessDenied' },
    });
    expect(await world.sync(id)).toMatchObject({ status: 'completed', counters: { deleted: 5 } });
    expect(recordFacts(await world.catalogue(id))).toEqual(bucketFacts(world.s3));
  });

  it('does not believe a server that misses even what it listed', async () => {
    const { id } = await world.addDatasource();
    await world.sync(id);
    lose(5);
    world.s3.faults.add({ when: { operation: 'HeadObject' }, act: { kind: 'status', status: 404, code: 'NoSuchKey' } });
    expect(await world.sync(id)).toMatchObject({ status: 'failed', error: { code: 'listing_contradicted' } });
    expect(await world.catalogue(id)).toHaveLength(100);
  });

  it('leaves an object alone that was written again while the run was on', async () => {
    const { id } = await world.addDatasource();
    await world.sync(id);
    lose(2);
    world.s3.beforeResponse = (request) => {
      if (request.operation === 'HeadObject')
        world.s3.put(bucketName, 'key-00000', { body: 'back', lastModified: Date.now() + 5000 });
    };
    expect(await world.sync(id)).toMatchObject({ status: 'completed', counters: { deleted: 1 } });
    expect((await world.catalogue(id)).map((record) => record.sk)).toContain('key-00000');
  });

  it('fails without deleting when the settings change while the run is on', async () => {
    const { id } = await world.addDatasource();
    await world.sync(id);
    lose(5);
    world.s3.beforeResponse = async () => {
      world.s3.beforeResponse = undefined;
      await world.change(id, { connector: { config: { extensions: ['pdf'] } } });
    };
    expect(await world.sync(id)).toMatchObject({ status: 'failed', error: { code: 'scope_changed' } });
    expect(await world.catalogue(id)).toHaveLength(100);
  });
});

describe('more deletions than can be confirmed one by one', () => {
  const settings = { confirmLimit: 20, confirmSample: 5 };

  it('need the absence in two complete runs', async () => {
    world = await createSyncWorld({ settings });
    fill(1000);
    const { id } = await world.addDatasource();
    await world.sync(id);
    lose(50);
    world.s3.clearRequests();
    expect(await world.sync(id)).toMatchObject({
      ...{ status: 'completed', counters: { deleted: 0 }, waiting: 50 },
      message: expect.stringContaining('50 records are missing from the listing, too many to ask for each'),
    });
    expect(world.s3.requests.filter((request) => request.operation === 'HeadObject')).toHaveLength(6);
    lose(10, 50);
    expect(await world.sync(id)).toMatchObject({ status: 'completed', counters: { deleted: 50 } });
    expect(await world.sync(id)).toMatchObject({ status: 'completed', counters: { deleted: 10 } });
    expect(await world.sync(id)).not.toHaveProperty('waiting');
    expect(recordFacts(await world.catalogue(id))).toEqual(bucketFacts(world.s3));
  });

  it.each([
    ['rarely, by interval', { interval: '120d' }, 120 * 86_400_000],
    ['rarely, by cron', { cron: '0 0 1 1 *' }, 365 * 86_400_000],
  ])('are remembered until the next run, however %s', async (_how, sync, gapMs) => {
    let now = Date.parse('2026-03-01T00:00:00Z');
    world = await createSyncWorld({ settings, clock: { now: () => now } });
    fill(1000);
    const { id, uid } = await world.addDatasource({ sync });
    await world.sync(id);
    lose(50);
    const first = await world.sync(id);
    expect(first.waiting).toBe(50);
    now += gapMs;
    const noted = await collect(world.table.query({ pk: candidatePartition(uid, first.id) }));
    expect(noted).toHaveLength(50);
    for (const { pk, sk, ttl } of noted) if (Number(ttl) * 1000 < now) await world.table.delete({ pk, sk });
    expect(await world.sync(id)).toMatchObject({ status: 'completed', counters: { deleted: 50 } });
  });

  it('do not count a run that failed in between', async () => {
    world = await createSyncWorld({ settings });
    fill(1000);
    const { id } = await world.addDatasource({ sync: { page_size: 100 } });
    await world.sync(id);
    lose(50);
    world.s3.faults.add({ when: { operation: 'list', page: 5 }, act: { kind: 'html' } });
    expect((await world.sync(id)).status).toBe('failed');
    world.s3.faults.clear();
    expect(await world.sync(id)).toMatchObject({ status: 'completed', counters: { deleted: 0 } });
    expect(await world.sync(id)).toMatchObject({ status: 'completed', counters: { deleted: 50 } });
  });

  it('fail the run when one of the sample exists', async () => {
    world = await createSyncWorld({ settings });
    fill(1000);
    const { id } = await world.addDatasource();
    await world.sync(id);
    world.s3.faults.add({ when: { operation: 'list' }, act: { kind: 'drop-keys', drop: (key) => key < 'key-00050' } });
    expect(await world.sync(id)).toMatchObject({ status: 'failed', error: { code: 'listing_contradicted' } });
    expect(await world.catalogue(id)).toHaveLength(1000);
  });
});
