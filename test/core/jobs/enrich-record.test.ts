import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openSqliteTable } from '#adapters/sqlite/sqlite-table.ts';
import { documentId } from '#core/catalogue/document-id.ts';
import { emptyRange, firstKey, rangeItem } from '#core/catalogue/range-map.ts';
import { recordOf, recordPartition } from '#core/catalogue/record.ts';
import { feedPrefixes } from '#core/changes/feed-prefixes.ts';
import { publishChanges } from '#core/changes/publish-changes.ts';
import { deleteDocument } from '#core/documents/delete-document.ts';
import { enrichRecord } from '#core/jobs/enrich-record.ts';
import type { BusEvent } from '#core/model/ports/event-bus.ts';
import { createRecordingLog } from '#support/recording-log.ts';
import { bucketName } from '#support/sync-world.ts';
import { createJobsWorld, type JobsWorld } from './jobs-world.ts';

let world: JobsWorld;
beforeEach(async () => {
  world = await createJobsWorld();
});
afterEach(() => world.close());

const details = { gathered_at: '2026-05-01T10:00:00.000Z', content_type: 'text/plain' };

/** A catalogue of one object, and what happens between the reading of its record and the write. */
async function prepare(meanwhile: (id: string) => Promise<unknown>) {
  world.s3.put(bucketName, 'x', { body: 'first', lastModified: 1_700_000_000_000 });
  const { id, uid } = await world.datasource(await world.connector());
  await world.sync.sync(id);
  const [{ etag } = { etag: '' }] = await world.sync.catalogue(id);
  let once = true;
  world.sync.table.beforeWrite = async (writes) => {
    if (!once || !writes.some((write) => 'put' in write && write.put.details !== undefined)) return;
    once = false;
    await meanwhile(id);
  };
  return { id, uid, etag };
}

describe('a record that is written meanwhile', () => {
  test('given the object changed, the record of the new version stays as the sync wrote it', async () => {
    const { id, uid, etag } = await prepare(async (id) => {
      world.s3.put(bucketName, 'x', { body: 'second' });
      await world.sync.sync(id);
    });
    expect(await enrichRecord(world.table, uid, 'x', etag, details)).toBe('changed_meanwhile');
    const [record] = await world.sync.catalogue(id);
    expect([record?.size, record?.details]).toEqual([6, undefined]);
  });

  test('given the same bytes were put again, the newer date stays and the details come on top', async () => {
    const { id, uid, etag } = await prepare(async (id) => {
      world.s3.put(bucketName, 'x', { body: 'first', lastModified: 1_710_000_000_000 });
      await world.sync.sync(id);
    });
    expect(await enrichRecord(world.table, uid, 'x', etag, details)).toBe('updated');
    const [record] = await world.sync.catalogue(id);
    expect([record?.last_modified, record?.details]).toEqual(['2024-03-09T16:00:00.000Z', details]);
  });

  test('given another job put details on it, both are counted', async () => {
    const other = { ...details, content_type: 'text/plain' };
    const { id, uid, etag } = await prepare(async () => {
      expect(await enrichRecord(world.table, uid, 'x', etag, other)).toBe('updated');
    });
    expect(await enrichRecord(world.table, uid, 'x', etag, details)).toBe('updated');
    const [record] = await world.sync.catalogue(id);
    expect([record?.processing_count, record?.details]).toEqual([2, details]);
  });

  test('given the document was removed, it stays removed', async () => {
    const { id, uid, etag } = await prepare((id) => deleteDocument(world.deps, documentId(id, 'x')));
    expect(await enrichRecord(world.table, uid, 'x', etag, details)).toBe('not_catalogued');
    expect(await world.sync.catalogue(id)).toEqual([]);
  });

  test('given the catalogue was moved to another bucket, nothing is made for the old one', async () => {
    const { uid } = await prepare(async () => undefined);
    expect(await enrichRecord(world.table, 'another-uid', 'x', undefined, details)).toBe('not_catalogued');
    expect(await enrichRecord(world.table, uid, 'y', undefined, details)).toBe('not_catalogued');
    expect(await enrichRecord(world.table, uid, 'x', 'another etag', details)).toBe('changed_meanwhile');
  });
});

test('given an enriched record, the next sync leaves it alone, and one that finds a change drops the details', async () => {
  const { id, uid, etag } = await prepare(async () => undefined);
  await enrichRecord(world.table, uid, 'x', etag, details);
  await enrichRecord(world.table, uid, 'x', etag, details);
  expect((await world.sync.catalogue(id))[0]?.processing_count).toBe(2);
  world.sync.table.reset();
  const run = await world.sync.sync(id);
  expect([run.counters.unchanged, world.sync.table.recordWrites]).toEqual([1, 0]);
  expect((await world.sync.catalogue(id))[0]?.details).toEqual(details);
  world.s3.put(bucketName, 'x', { body: 'second' });
  await world.sync.sync(id);
  const [record] = await world.sync.catalogue(id);
  expect([record?.details, record?.processing_count]).toEqual([undefined, undefined]);
});

test('given a record that was announced and then enriched, the feed tells of it once', async () => {
  const table = openSqliteTable(':memory:', { feed: { prefixes: feedPrefixes } });
  const pk = recordPartition('uid', 'r1');
  const object = { key: 'x', size: 1, etag: 'e', lastModified: details.gathered_at, storageClass: 'STANDARD' };
  await table.put(rangeItem('uid', emptyRange('r1', firstKey, undefined)));
  await table.put(recordOf(pk, object, { run: 'run', seq: 1, at: details.gathered_at, quiet: false }, true));
  expect(await enrichRecord(table, 'uid', 'x', 'e', details)).toBe('updated');
  const events: BusEvent[] = [];
  const bus = { publish: async (told: readonly BusEvent[]) => void events.push(...told) };
  const fed = await table.feed.read(100);
  await publishChanges(
    { table, bus, log: createRecordingLog() },
    fed.map(({ change }) => change),
  );
  expect(events.map(({ type, detail }) => [type, detail.objects])).toEqual([['Objects Added', [expect.anything()]]]);
  table.close();
});
