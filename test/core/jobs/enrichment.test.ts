import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { recordPartitionPrefix } from '#core/catalogue/record.ts';
import { enrichChanges } from '#core/jobs/enrich-changes.ts';
import type { ItemChange } from '#core/model/ports/table.ts';
import type { DatasourceRow } from '#core/registry/datasource.ts';
import { datasourceView } from '#core/registry/datasource.ts';
import { bucketName } from '#support/sync-world.ts';
import { createJobsWorld, type JobsWorld } from './jobs-world.ts';

let world: JobsWorld;
beforeEach(async () => {
  world = await createJobsWorld();
});
afterEach(() => world.close());

const both = { enrichment_pipeline: { processor: [{ s3_head: {} }, { s3_tags: {} }] } };

/** Syncs, and gives the feed of that to whoever asks for enrichment. */
async function syncAndAsk({ id }: DatasourceRow): Promise<void> {
  const changes: ItemChange[] = [];
  world.sync.table.beforeWrite = (writes) => {
    for (const write of writes) {
      if ('put' in write && write.put.pk.startsWith(recordPartitionPrefix)) {
        changes.push({ key: write.put, after: write.put });
      }
    }
  };
  await world.sync.sync(id);
  world.sync.table.beforeWrite = undefined;
  await enrichChanges(world.deps, changes);
}

async function datasource(more: object = both, sync: object = { first_load_events: true }): Promise<DatasourceRow> {
  return world.datasource(await world.connector(), { more: { ...more, sync } });
}

function requests(): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { operation } of world.s3.requests) counts[operation] = (counts[operation] ?? 0) + 1;
  return counts;
}

describe('objects that a sync adds or modifies', () => {
  test('given a pipeline, each is asked for once and its record has what was found', async () => {
    for (let index = 0; index < 120; index += 1) {
      world.s3.put(bucketName, `k${index}`, { metadata: { index: String(index) }, tags: [{ key: 'a', value: 'b' }] });
    }
    const row = await datasource();
    await syncAndAsk(row);
    expect(world.sent).toHaveLength(3);
    world.s3.clearRequests();
    await world.workOff();
    expect(requests()).toEqual({ HeadObject: 120, GetObjectTagging: 120 });
    const records = await world.sync.catalogue(row.id);
    expect(records.filter(({ sk, details }) => details?.user_metadata?.index === sk.slice(1))).toHaveLength(120);
    expect(records.every(({ details }) => details?.tags?.a === 'b')).toBe(true);

    world.s3.put(bucketName, 'k7', { body: 'changed', metadata: { index: 'new' } });
    world.s3.clearRequests();
    await syncAndAsk(row);
    await world.workOff();
    expect(requests()).toEqual({ ListObjectsV2: 1, HeadObject: 1, GetObjectTagging: 1 });
    expect((await world.sync.catalogue(row.id)).find(({ sk }) => sk === 'k7')?.details?.user_metadata).toEqual({
      index: 'new',
    });
  });

  test.each([
    [{ processor: [{ s3_head: {} }] }, { HeadObject: 1 }],
    [{ processor: [{ s3_tags: {} }] }, { GetObjectTagging: 1 }],
  ])('given the pipeline %j, it costs %j', async (pipeline, cost) => {
    world.s3.put(bucketName, 'x', { tags: [{ key: 'a', value: 'b' }] });
    const row = await datasource({ enrichment_pipeline: pipeline });
    await syncAndAsk(row);
    world.s3.clearRequests();
    await world.workOff();
    expect(requests()).toEqual(cost);
    expect((await world.sync.catalogue(row.id))[0]?.details).toBeDefined();
  });

  test('given no pipeline, or a first load that is not announced, nothing is asked for', async () => {
    world.s3.put(bucketName, 'x');
    await syncAndAsk(await datasource({}));
    await syncAndAsk(await datasource(both, {}));
    expect(world.sent).toEqual([]);
  });

  test('given an object that is gone or refused by then, its record stays as it is', async () => {
    world.s3.put(bucketName, 'gone');
    world.s3.put(bucketName, 'refused');
    const row = await datasource();
    await syncAndAsk(row);
    world.s3.delete(bucketName, 'gone');
    world.s3.faults.add({
      when: { key: 'refused' },
      act: { kind: 'status', status: 403, code: 'AccessDenied' },
    });
    await world.workOff();
    const records = await world.sync.catalogue(row.id);
    expect(records.map(({ details }) => details)).toEqual([undefined, undefined]);
  });

  test('given a source that does not answer, it is asked again with growing delays, then left', async () => {
    world.s3.put(bucketName, 'x');
    world.s3.put(bucketName, 'y');
    const row = await datasource();
    await syncAndAsk(row);
    world.s3.faults.add({ when: { key: 'x' }, act: { kind: 'status', status: 500, code: 'InternalError' } });
    const delays: number[] = [];
    while (world.sent.length > 0) {
      delays.push(...world.sent.map(({ delaySeconds }) => delaySeconds));
      await world.work();
    }
    expect(delays).toEqual([0, 10, 30, 90, 270]);
    expect((await world.sync.catalogue(row.id)).map(({ details }) => details === undefined)).toEqual([true, false]);
    expect(world.sync.log.lines.filter(({ level }) => level === 'warn').map(({ fact }) => fact)).toEqual([
      'objects not enriched',
    ]);
  }, 60_000);

  test('given the pipeline was switched off or the datasource deleted meanwhile, nothing is asked for', async () => {
    world.s3.put(bucketName, 'x');
    const row = await datasource();
    await syncAndAsk(row);
    await world.sync.change(row.id, { enrichment_pipeline: null });
    world.s3.clearRequests();
    await world.workOff();
    const message = { type: 'enrich', datasource: 'nobody', uid: 'u', keys: ['x'], tries: 0 };
    await world.deps.jobs.send(message);
    await world.workOff();
    expect(requests()).toEqual({});
  });
});

test('given a datasource with a pipeline, it is shown as it was written, and goes with null, "" or {}', async () => {
  const row = await datasource();
  expect(datasourceView(row)).toMatchObject(both);
  expect(datasourceView(await world.sync.change(row.id, { name: 'renamed' }))).toMatchObject(both);
  for (const none of [null, '', {}]) {
    await world.sync.change(row.id, both);
    expect(datasourceView(await world.sync.change(row.id, { enrichment_pipeline: none }))).not.toHaveProperty(
      'enrichment_pipeline',
    );
  }
});
