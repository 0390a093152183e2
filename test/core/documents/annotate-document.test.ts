import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openSqliteTable } from '#adapters/sqlite/sqlite-table.ts';
import { documentId } from '#core/catalogue/document-id.ts';
import { emptyRange, firstKey, rangeItem } from '#core/catalogue/range-map.ts';
import { recordOf, recordPartition } from '#core/catalogue/record.ts';
import { feedPrefixes } from '#core/changes/feed-prefixes.ts';
import { publishChanges } from '#core/changes/publish-changes.ts';
import { annotateDocument, documentPatch } from '#core/documents/annotate-document.ts';
import { deleteDocument } from '#core/documents/delete-document.ts';
import { readDocument } from '#core/documents/read-document.ts';
import { enrichRecord } from '#core/jobs/enrich-record.ts';
import { parseInput } from '#core/model/parse-input.ts';
import type { BusEvent } from '#core/model/ports/event-bus.ts';
import type { Table } from '#core/model/ports/table.ts';
import { insertDatasource } from '#core/registry/datasource-store.ts';
import { assertLeavesTrue } from '#support/leaf-truth.ts';
import { createRecordingLog } from '#support/recording-log.ts';
import { somebody } from '#support/somebody.ts';
import { createRangeWorld, type RangeWorld } from '../sync/run/range-world.ts';

const notFound = expect.objectContaining({ code: 'not_found' });
const key = (index: number): string => `key-${String(index).padStart(5, '0')}`;
const details = { gathered_at: '2026-05-01T10:00:00.000Z', content_type: 'text/plain' };

let world: RangeWorld;
let id: string;
let uid: string;

beforeEach(async () => {
  world = await createRangeWorld({ rangeObjects: 400, leafRecords: 4 });
  for (let index = 0; index < 1200; index += 4) world.bucket.put(key(index));
  ({ id, uid } = await world.addDatasource());
  await world.run(id);
  world.time.now += 60_000;
});
afterEach(() => world.close());

const note = (index: number, patch: object = { tags: ['red'], summary: 'About it.' }) =>
  annotateDocument({ ...somebody, table: world.table }, documentId(id, key(index)), patch);
const read = (index: number) => readDocument({ table: world.table }, documentId(id, key(index)));
const record = async (index: number) => (await world.catalogue(id)).find(({ sk }) => sk === key(index));

describe('tags and a summary', () => {
  test('given a sync that finds the object unchanged, they stay, and nothing is written', async () => {
    await note(8);
    await assertLeavesTrue(world.table, uid, 'all');
    world.table.reset();
    const run = await world.run(id);
    expect([run.counters.unchanged, world.table.recordWrites]).toEqual([300, 0]);
    expect(await read(8)).toMatchObject({ tags: ['red'], summary: 'About it.' });
  });

  test('given a tag that turns the direction of writing, it is refused, and one that stands may come again', async () => {
    await expect(note(8, { tags: ['red', 'a\u202eb'] })).rejects.toMatchObject({
      code: 'invalid_request',
      details: [{ path: 'tags.1', reason: expect.stringContaining('U+202E') }],
    });
    expect(await read(8)).not.toHaveProperty('tags');
    const found = await record(8);
    if (found === undefined) throw new Error('the record is not there');
    await world.table.put({ ...found, tags: ['a\u202eb'] });
    await note(8, { tags: ['a\u202eb', 'blue'] });
    expect(await read(8)).toMatchObject({ tags: ['a\u202eb', 'blue'] });
  });

  test('given a sync that finds the object changed, they go with the record that it replaces', async () => {
    await note(8);
    world.bucket.put(key(8));
    expect((await world.run(id)).counters).toMatchObject({ modified: 1, unchanged: 299 });
    expect(await read(8)).not.toHaveProperty('tags');
    expect(await record(8)).not.toHaveProperty('annotation_count');
  });

  test('given an object that changes between reading and writing, they come on top of what it is now', async () => {
    let once = true;
    world.table.beforeWrite = async (writes) => {
      if (!once || !writes.some((write) => 'put' in write && write.put.tags !== undefined)) return;
      once = false;
      world.bucket.put(key(8));
      await world.run(id);
    };
    await note(8);
    const [{ etag } = { etag: '' }] = world.facts().filter((object) => object.key === key(8));
    expect(await record(8)).toMatchObject({ etag, tags: ['red'], annotation_count: 1 });
  });

  test('given a document that is removed between reading and writing, it stays removed', async () => {
    let once = true;
    world.table.beforeWrite = async () => {
      if (!once) return;
      once = false;
      await deleteDocument(world.deps, documentId(id, key(8)));
    };
    await expect(note(8)).rejects.toThrow(notFound);
    expect(await read(8)).toBeUndefined();
  });

  test('given a job that puts details on the record at the same moment, both stand, whoever is first', async () => {
    const during = async (write: () => Promise<unknown>, meanwhile: () => Promise<unknown>) => {
      let once = true;
      world.table.beforeWrite = async () => {
        if (!once) return;
        once = false;
        await meanwhile();
      };
      await write();
      world.table.beforeWrite = undefined;
    };
    const enrich = (index: number) => enrichRecord(world.table, uid, key(index), undefined, details);
    await during(
      () => enrich(8),
      () => note(8),
    );
    await during(
      () => note(12),
      () => enrich(12),
    );
    for (const index of [8, 12]) {
      expect(await record(index)).toMatchObject({ tags: ['red'], details, processing_count: 1, annotation_count: 1 });
    }
  });

  test('given two who write at once, each word of both stands, and what says nothing new is not written', async () => {
    await Promise.all([note(8, { tags: ['a'] }), note(8, { summary: 'b' }), note(8, {})]);
    expect(await record(8)).toMatchObject({ tags: ['a'], summary: 'b', annotation_count: 2 });
  });

  test('given a range whose upper half is being copied just now, they are in the copy', async () => {
    for (let index = 0; index < 1200; index += 1) world.bucket.put(key(index));
    let noted = 0;
    world.table.beforeWrite = async (writes) => {
      // The swap: all was copied.
      if (noted > 0 || !writes.some((write) => 'put' in write && write.put.trim !== undefined)) return;
      noted += 1;
      await note(1000);
    };
    await world.run(id);
    expect([noted, (await world.ranges(uid)).length]).toEqual([1, 1]);
    world.table.beforeWrite = undefined;
    world.time.now += 60_000;
    await world.run(id);
    expect(await world.ranges(uid)).toHaveLength(2);
    expect(await read(1000)).toMatchObject({ tags: ['red'] });
  });

  test('given a document of another bucket, of none or of no id, it is not found', async () => {
    for (const wrong of [documentId(id, 'nothing'), documentId('other', key(8)), 'nonsense', `${id}.`]) {
      await expect(annotateDocument({ ...somebody, table: world.table }, wrong, { tags: ['x'] })).rejects.toThrow(
        notFound,
      );
    }
  });
});

test('given a record that was announced and then written about, the feed tells of it once', async () => {
  const table = openSqliteTable(':memory:', { feed: { prefixes: feedPrefixes } });
  await insertExample(table);
  await annotateDocument({ ...somebody, table }, documentId('docs', 'x'), { tags: ['red'] });
  const events: BusEvent[] = [];
  const bus = { publish: async (told: readonly BusEvent[]) => void events.push(...told) };
  const changes = (await table.feed.read(100)).map(({ change }) => change);
  await publishChanges({ table, bus, log: createRecordingLog() }, changes);
  expect(events.map(({ type, detail }) => [type, detail.objects])).toEqual([['Objects Added', [expect.anything()]]]);
  table.close();
});

/** A datasource with one object that a run announced. */
async function insertExample(table: Table): Promise<void> {
  const at = details.gathered_at;
  const object = { key: 'x', size: 1, etag: 'e', lastModified: at, storageClass: 'STANDARD' };
  await insertDatasource({ ...somebody, table }, 'docs', {
    ...{ v: 1, uid: 'uid', owner: 'owner', target: 't', config_version: 1, type: 'connector', name: 'Docs' },
    connector: { id: 's3', config: { bucket: 'b' } },
    secrets: {},
    sync: { enabled: true, strategy: 'manual', changed_by: 'api', anchor: 0 },
    enabled: true,
    created: at,
    updated: at,
  });
  await table.put(rangeItem('uid', emptyRange('r1', firstKey, undefined)));
  await table.put(recordOf(recordPartition('uid', 'r1'), object, { run: 'r', seq: 1, at, quiet: false }, true));
}

describe('what may be written', () => {
  test.each<[string, object, RegExp]>([
    ['tags that are a text', { tags: 'red' }, /tags: /],
    ['an empty tag', { tags: ['a', ''] }, /tags\.1: must not be empty/],
    ['a long tag', { tags: ['x'.repeat(129)] }, /tags\.0: must be at most 128/],
    ['many tags', { tags: Array.from({ length: 101 }, (_, i) => `t${i}`) }, /tags: must be at most 100/],
    ['half a character', { tags: ['\ud800'] }, /tags\.0: must be valid Unicode/],
    ['a long summary', { summary: 'x'.repeat(4097) }, /summary: must be at most 4,096/],
    ['a summary that is a number', { summary: 7 }, /summary: /],
    ['a typo', { tag: ['x'] }, /tag: is not a known field/],
    ['another typo', { sumary: 'x' }, /sumary: is not a known field/],
  ])('given %s, it is refused', (_, body, reason) => {
    expect(() => parseInput(documentPatch, body, 'document')).toThrow(reason);
  });
});
