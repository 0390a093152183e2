import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { recordOf, recordPartition, tombstoneOf } from '#core/catalogue/record.ts';
import { feedPrefixes } from '#core/changes/feed-prefixes.ts';
import { publishChanges } from '#core/changes/publish-changes.ts';
import { purgeData } from '#core/dispatch/purge-data.ts';
import type { BusEvent } from '#core/model/ports/event-bus.ts';
import type { Item, ItemChange, Key } from '#core/model/ports/table.ts';
import { deleteDatasource } from '#core/registry/changes/delete-datasource.ts';
import { approveRun } from '#core/runs/approve-run.ts';
import { cancelRun } from '#core/runs/cancel-run.ts';
import { requestRun } from '#core/runs/request-run.ts';
import { bucketName, createSyncWorld, type SyncWorld } from '#support/sync-world.ts';

type Objects = { id: string; key: string }[];

let world: SyncWorld;
let now: number;
let changes: ItemChange[];
let events: BusEvent[];
beforeEach(async () => {
  now = Date.parse('2026-03-01T00:00:00Z');
  world = await createSyncWorld({ clock: { now: () => now } });
  changes = [];
  events = [];
  // What the feed of a table tells: each item before and after, those that a later write of the batch replaced too.
  world.table.beforeWrite = async (writes) => {
    for (const write of writes) {
      if ('check' in write) continue;
      const { pk, sk }: Key = 'put' in write ? write.put : write.delete;
      const earlier = changes.findLast((change) => change.key.pk === pk && change.key.sk === sk);
      const before = earlier ? earlier.after : await world.table.get({ pk, sk });
      changes.push({ key: { pk, sk }, before, after: 'put' in write ? write.put : undefined });
    }
  };
});
afterEach(() => world.close());

const bus = { publish: async (published: readonly BusEvent[]) => void events.push(...published) };
const publish = (told: readonly ItemChange[]) => publishChanges({ table: world.table, log: world.log, bus }, told);
/** What is published of the changes since the last time. */
const published = async (): Promise<BusEvent[]> => {
  events = [];
  await publish(changes.splice(0));
  return events;
};
const types = (all: readonly BusEvent[]) => all.map((event) => event.type);
const objectsOf = (event: BusEvent | undefined) => event?.detail.objects as Objects;
const keysOf = (event: BusEvent | undefined) => objectsOf(event).map((object) => object.key);
/** A datasource whose first load of 30 objects is behind it. */
const loaded = async (config: object = {}) => {
  for (let index = 0; index < 30; index += 1) world.s3.put(bucketName, `key-${10 + index}`, { size: 1 });
  const row = await world.addDatasource({ id: 'photos', config });
  await world.sync('photos');
  changes.splice(0);
  return row;
};

describe('what a run changed', () => {
  it('is told as added, modified and deleted, each with the facts of the object', async () => {
    await loaded();
    world.s3.put(bucketName, 'new', { size: 7, lastModified: 1_700_000_000_000 });
    world.s3.put(bucketName, 'key-10', { size: 2 });
    world.s3.delete(bucketName, 'key-11');
    const run = await world.sync('photos');
    const all = await published();
    expect(types(all).sort()).toEqual(['Objects Added', 'Objects Deleted', 'Objects Modified', 'Sync Completed']);
    const added = all.find((event) => event.type === 'Objects Added');
    expect(added).toMatchObject({
      time: expect.stringMatching(/^\d{4}-.*Z$/),
      detail: { datasource: 'photos', run: run.id, seq: run.fence },
    });
    expect(objectsOf(added)).toMatchObject([
      { key: 'new', size: 7, last_modified: '2023-11-14T22:13:20.000Z', storage_class: 'STANDARD' },
    ]);
    expect(keysOf(all.find((event) => event.type === 'Objects Modified'))).toEqual(['key-10']);
    expect(keysOf(all.find((event) => event.type === 'Objects Deleted'))).toEqual(['key-11']);
  });

  it('given nothing changed, then only the run is told', async () => {
    await loaded();
    await world.sync('photos');
    expect(types(await published())).toEqual(['Sync Completed']);
  });

  it('given a first load, then its records are quiet and only the run is told', async () => {
    for (const key of ['a', 'b']) world.s3.put(bucketName, key, { size: 1 });
    await world.addDatasource({ id: 'photos' });
    await world.sync('photos');
    expect(types(await published())).toEqual(['Sync Completed']);
  });

  it('given a narrower scope, then nobody is told of deletions', async () => {
    await loaded();
    await world.change('photos', { connector: { config: { exclude: ['key-1*'] } } });
    expect(await world.sync('photos')).toMatchObject({ counters: { out_of_scope: 10, deleted: 0 } });
    expect(types(await published())).toEqual(['Sync Completed']);
  });

  it('given a purge, then nothing is told', async () => {
    const { uid } = await loaded();
    await deleteDatasource(world.deps, 'photos');
    await purgeData(world.deps, uid);
    expect(changes.length).toBeGreaterThan(30);
    expect(await published()).toEqual([]);
  });

  it('given two runs and two datasources in one batch, then they are told apart', async () => {
    await loaded();
    await world.addDatasource({ id: 'again' });
    await world.sync('again');
    changes.splice(0);
    for (const key of ['new-1', 'new-2']) {
      world.s3.put(bucketName, key, { size: 1 });
      for (const id of ['photos', 'again']) await world.sync(id);
    }
    const added = (await published()).filter((event) => event.type === 'Objects Added');
    expect(added.map((event) => [event.detail.datasource, keysOf(event)])).toEqual([
      ['photos', ['new-1']],
      ['again', ['new-1']],
      ['photos', ['new-2']],
      ['again', ['new-2']],
    ]);
    expect(new Set(added.flatMap((event) => objectsOf(event).map((object) => object.id))).size).toBe(4);
    expect(new Set(added.map((event) => event.id)).size).toBe(4);
  });
});

describe('ids', () => {
  const stamp = { run: 'run-1', seq: 4, at: '2026-03-01T00:00:00.000Z', quiet: false };
  const object = { key: 'a', size: 1, etag: 'e', lastModified: 'then', storageClass: 'STANDARD' };
  const change = (after: Item, before?: Item): ItemChange => ({ key: { pk: after.pk, sk: after.sk }, before, after });
  const record = (key: string, { run = 'run-1', uid = 'u', fresh = true, quiet = false, range = 'r' } = {}) =>
    recordOf(recordPartition(uid, range), { ...object, key }, { ...stamp, run, quiet }, fresh);
  const idsOf = async (items: Item[]) => {
    events = [];
    await publish(items.map((item) => change(item)));
    return { events: events.map((event) => event.id), objects: events.flatMap(objectsOf).map((each) => each.id) };
  };

  it('given the same changes again, then they are the same', async () => {
    const items = [record('a'), record('b'), record('c', { fresh: false })];
    expect(await idsOf(items)).toEqual(await idsOf(items));
  });

  it('given the same changes cut differently, then those of the objects are the same', async () => {
    const whole = await idsOf([record('a'), record('b')]);
    const parts = [await idsOf([record('a')]), await idsOf([record('b')])];
    expect(parts.flatMap((part) => part.objects)).toEqual(whole.objects);
  });

  it('given a record that was written to another slice, then its id is the same', async () => {
    expect((await idsOf([record('a', { range: 'r2' })])).objects).toEqual((await idsOf([record('a')])).objects);
  });

  it('differ by uid, key, run, kind and what the object was', async () => {
    const gone = tombstoneOf(record('a') as never, stamp, 'deleted') as Item;
    const variants = [record('a'), record('b'), record('a', { run: 'run-2' }), record('a', { uid: 'v' })];
    const { objects } = await idsOf([...variants, record('a', { fresh: false }), gone]);
    expect(new Set(objects).size).toBe(6);
    const states = [
      { etag: '"2"' },
      { size: 2 },
      { last_modified: '2026-02-02T00:00:00.000Z' },
      { storage_class: 'GLACIER' },
    ];
    const later = await idsOf([record('a'), ...states.map((state) => ({ ...record('a'), ...state }))]);
    expect(new Set(later.objects).size).toBe(5);
  });

  it('given a record removed by request, then it is told as deleted; given out of scope or quiet, then not', async () => {
    const tombstone = (reason: 'removed_by_request' | 'out_of_scope') =>
      tombstoneOf(record('a') as never, stamp, reason) as Item;
    await idsOf([tombstone('removed_by_request')]);
    expect(types(events)).toEqual(['Objects Deleted']);
    expect((await idsOf([tombstone('out_of_scope'), record('b', { quiet: true })])).events).toEqual([]);
  });

  it('given a tombstone that expires, or an item of another kind, then nothing is told', async () => {
    const gone = tombstoneOf(record('a') as never, stamp, 'deleted') as Item;
    await publish([{ key: { pk: gone.pk, sk: 'a' }, before: gone }]);
    await publish([change({ pk: 'registry#datasource', sk: 'a' }), change({ pk: 'leaf#u#r', sk: 'a' })]);
    expect(events).toEqual([]);
  });
});

describe('what a run became', () => {
  it('is told once, at its end, under an id that stays', async () => {
    await loaded();
    const run = await world.sync('photos');
    const told = [...changes];
    const [event, ...more] = await published();
    expect(more).toEqual([]);
    expect(event).toMatchObject({ id: `${run.id}-completed`, type: 'Sync Completed', time: run.completed_at });
    expect(event?.detail).toMatchObject({ datasource: 'photos', id: run.id, counters: run.counters });
    expect(event?.detail).not.toHaveProperty('uid');
    events = [];
    await publish(told);
    expect(events).toEqual([event]);
  });

  it('given its record is written once more, by an approval, then it is not told again', async () => {
    await loaded();
    for (let index = 0; index < 29; index += 1) world.s3.delete(bucketName, `key-${10 + index}`);
    const held = await world.sync('photos');
    await published();
    await approveRun(world.deps, 'photos', held.id);
    expect(changes.some((change) => change.key.sk === held.id && change.after !== undefined)).toBe(true);
    expect(await published()).toEqual([]);
  });

  it('given it failed or holds, then that is told, with the reason', async () => {
    await loaded();
    const fault = world.s3.faults.add({ act: { kind: 'status', status: 403, code: 'AccessDenied' } });
    await world.sync('photos');
    const [failed] = await published();
    expect(failed).toMatchObject({ type: 'Sync Failed', detail: { error: { code: 'access_denied' } } });
    fault.remove();
    for (let index = 0; index < 29; index += 1) world.s3.delete(bucketName, `key-${10 + index}`);
    await world.sync('photos');
    expect(await published()).toMatchObject([{ type: 'Sync Held', detail: { hold: { candidates: 29 } } }]);
  });

  it('given a dry run, or one that is canceled before it began, then nothing is told', async () => {
    await loaded();
    world.s3.put(bucketName, 'new', { size: 1 });
    await world.sync('photos', { dryRun: true });
    const { run } = await requestRun(world.deps, { datasource: 'photos', trigger: 'api' });
    await cancelRun(world.deps, 'photos', run.id);
    await world.work();
    expect(await published()).toEqual([]);
  });
});

describe('the bus', () => {
  it('given it takes nothing, then the caller hears of it; given nothing to tell, then it is not asked', async () => {
    await loaded();
    await world.sync('photos');
    const refusing = { publish: () => Promise.reject(new Error('not taken')) };
    await expect(publishChanges({ table: world.table, log: world.log, bus: refusing }, changes)).rejects.toThrow(
      'not taken',
    );
    await expect(publishChanges({ table: world.table, log: world.log, bus: refusing }, [])).resolves.toBeUndefined();
  });

  it('is fed from the partitions that the feed follows', () => {
    const pk = [recordPartition('u', 'r'), 'run#u', 'registry#datasource'];
    expect(pk.every((name) => feedPrefixes.some((prefix) => name.startsWith(prefix)))).toBe(true);
  });
});
