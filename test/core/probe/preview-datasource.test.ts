import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { rangeItem, readRanges } from '#core/catalogue/range-map.ts';
import { recordPartition } from '#core/catalogue/record.ts';
import { previewDatasource } from '#core/probe/preview-datasource.ts';
import { readDatasource } from '#core/registry/datasource-store.ts';
import { collect } from '#support/collect.ts';
import { bucketName, createSyncWorld, type SyncWorld } from '#support/sync-world.ts';

let world: SyncWorld;
beforeEach(async () => {
  world = await createSyncWorld();
  for (let index = 0; index < 30; index += 1) {
    const key = `key-${String(index).padStart(2, '0')}.${index % 3 === 0 ? 'pdf' : 'txt'}`;
    world.s3.put(bucketName, key, { size: 10, lastModified: 1_700_000_000_000 });
  }
});
afterEach(() => world.close());

const preview = (id: string, keys = 1000) => previewDatasource(world.deps, id, keys);

describe('a preview', () => {
  it('given nothing is catalogued, then it would add what matches, and writes nothing', async () => {
    const { id } = await world.addDatasource({ config: { extensions: ['pdf'] } });
    world.table.reset();
    expect(await preview(id)).toMatchObject({
      ...{ complete: true, listed: 30, matched: 10, would_add: 10, would_modify: 0, unchanged: 0, bytes: 100 },
      sample: { matched: expect.arrayContaining(['key-00.pdf']), filtered_out: expect.arrayContaining(['key-01.txt']) },
    });
    expect(world.table.writes).toBe(0);
  });

  it('tells added, modified and unchanged objects apart', async () => {
    const { id } = await world.addDatasource();
    await world.sync(id);
    world.s3.put(bucketName, 'key-00.pdf', { size: 11, lastModified: 1_700_000_000_000 });
    world.s3.put(bucketName, 'key-01.txt', { size: 10, lastModified: 1_700_000_001_000 });
    world.s3.put(bucketName, 'new', { size: 5 });
    expect(await preview(id)).toMatchObject({ would_add: 1, would_modify: 2, unchanged: 28, bytes: 306 });
  });

  it('given an object that was removed from the catalogue, then it would be added again', async () => {
    const { id } = await world.addDatasource();
    await world.sync(id);
    await world.change(id, { connector: { config: { exclude: ['key-0*'] } } });
    await world.sync(id);
    await world.change(id, { connector: { config: { exclude: null } } });
    expect(await preview(id)).toMatchObject({ would_add: 10, unchanged: 20 });
  });

  it('looks at no more than it is asked to, over as many pages as that takes', async () => {
    const { id } = await world.addDatasource();
    expect(await preview(id, 12)).toMatchObject({ complete: false, listed: 12 });
    expect(await preview(id, 30)).toMatchObject({ complete: true, listed: 30 });
    for (let index = 0; index < 1100; index += 1) world.s3.put(bucketName, `more-${1000 + index}`, { size: 0 });
    expect(await preview(id, 1000)).toMatchObject({ complete: false, listed: 1000 });
    expect(await preview(id, 1100)).toMatchObject({ complete: false, listed: 1100 });
    expect(await preview(id, 5000)).toMatchObject({ complete: true, listed: 1130, matched: 1130 });
  });

  it('names at most 20 keys of each kind', async () => {
    const { id } = await world.addDatasource();
    const { sample } = (await preview(id)) as { sample: { matched: string[]; filtered_out: string[] } };
    expect([sample.matched.length, sample.filtered_out.length]).toEqual([20, 0]);
  });

  it('finds records in every slice of the catalogue', async () => {
    const { id } = await world.addDatasource();
    await world.sync(id);
    const { uid } = (await readDatasource(world.table, id))!;
    const [first] = await readRanges(world.table, uid);
    const from = recordPartition(uid, first!.id);
    const to = recordPartition(uid, 'second');
    const moved = await collect(world.table.query({ pk: from, after: 'key-15.pdf' }));
    await world.table.batchWrite(moved.flatMap((item) => [{ put: { ...item, pk: to } }, { delete: item }]));
    await world.table.put(rangeItem(uid, { ...first!, hi: 'key-15.pdf' }));
    await world.table.put(rangeItem(uid, { ...first!, id: 'second', lo: 'key-15.pdf' }));
    expect(await preview(id)).toMatchObject({ would_add: 0, unchanged: 30 });
  });

  it('given the listing cannot be trusted or the bucket refuses, then it fails', async () => {
    const { id } = await world.addDatasource();
    const fault = world.s3.faults.add({ act: { kind: 'duplicate-key' } });
    await expect(preview(id)).rejects.toMatchObject({ code: 'listing_not_proved' });
    fault.remove();
    world.s3.faults.add({ act: { kind: 'status', status: 403, code: 'AccessDenied' } });
    await expect(preview(id)).rejects.toMatchObject({ code: 'access_denied' });
    await expect(preview('nowhere')).rejects.toMatchObject({ code: 'not_found' });
  });
});
