import { describe, expect, test } from 'vitest';
import { createRandomIds } from '#adapters/process/random-ids.ts';
import { documentId } from '#core/catalogue/document-id.ts';
import { rangeItem, readRanges } from '#core/catalogue/range-map.ts';
import { readRecord, recordPartition } from '#core/catalogue/record.ts';
import { deleteDocument, deleteDocuments, documentIds } from '#core/documents/delete-document.ts';
import { readDocument } from '#core/documents/read-document.ts';
import { ConditionFailed } from '#core/model/errors.ts';
import { parseInput } from '#core/model/parse-input.ts';
import type { Table } from '#core/model/ports/table.ts';
import { searchDocuments } from '#core/search/search-documents.ts';
import { somebody } from '#support/somebody.ts';
import keyVectors from '../../vectors/keys.json' with { type: 'json' };
import { lastModified, seedCatalogue } from '../search/seeded-catalogue.ts';

const vectorKeys = keyVectors.keys.map(({ key }) => key);
const clock = { now: () => Date.parse('2026-04-01T00:00:00Z') };
const notFound = expect.objectContaining({ code: 'not_found' });

async function ranges(table: Table) {
  return (await readRanges(table, 'uid-ds')).map(({ objects, bytes, edits }) => ({ objects, bytes, edits }));
}

describe('reading a document', () => {
  test('given odd keys over several ranges, then each is read by its id', async () => {
    const keys = [...vectorKeys, 'k'.repeat(1024)];
    const { table, close } = await seedCatalogue({ id: 'ds', keys, cuts: ['a', 'k'.repeat(1024), '\uff5e'] });
    for (const key of keys) {
      const document = await readDocument({ table }, documentId('ds', key));
      expect(document).toMatchObject({ id: documentId('ds', key), updated: lastModified, metadata: { key } });
    }
    close();
  });

  test.each([
    documentId('ds', 'gone'),
    documentId('ds', 'never'),
    documentId('ds', 'derived/'),
    documentId('other', 'a'),
    documentId('empty', 'a'),
    documentId('ds', '\u0000'),
    documentId('ds', 'k'.repeat(2000)),
    'nonsense',
    '',
  ])('given %s, then there is no document', async (id) => {
    const seeds = [
      { id: 'ds', keys: ['a', 'derived/x'], gone: ['gone'] },
      { id: 'empty', keys: [] },
    ];
    const { table, close } = await seedCatalogue(...seeds);
    expect(await readDocument({ table }, id)).toBeUndefined();
    close();
  });
});

describe('deleting a document', () => {
  test('given documents, when some are deleted, then they are gone and the counts are exact', async () => {
    const { table, close } = await seedCatalogue({ id: 'ds', keys: vectorKeys, cuts: ['a'], sizeOf: () => 5 });
    const before = await ranges(table);
    const deleted = ['.', '//double//slash', 'tab\there', '😀'];
    for (const key of deleted) await deleteDocument({ ...somebody, table, clock }, documentId('ds', key));
    const after = await ranges(table);
    expect(after.map(({ edits }) => edits)).toEqual([2, 2]);
    expect(after.map(({ objects }, i) => (before[i]?.objects ?? 0) - objects)).toEqual([2, 2]);
    expect(after.map(({ bytes }, i) => (before[i]?.bytes ?? 0) - bytes)).toEqual([10, 10]);
    const page = await searchDocuments({ table, ids: createRandomIds() }, { size: '100' });
    expect(page.total).toEqual({ value: vectorKeys.length - 4, relation: 'eq' });
    expect(page.hits).toHaveLength(vectorKeys.length - 4);
    for (const key of deleted) expect(await readDocument({ table }, documentId('ds', key))).toBeUndefined();
    close();
  });

  test('given a document, when it is deleted, then a tombstone tells the feed who removed it and when', async () => {
    const { table, close } = await seedCatalogue({ id: 'ds', keys: ['a'] });
    await deleteDocument({ ...somebody, table, clock }, documentId('ds', 'a'));
    const item = await table.get({ pk: recordPartition('uid-ds', 'r0'), sk: 'a' });
    expect(readRecord(item!)).toMatchObject({
      gone: { reason: 'removed_by_request' },
      run: expect.stringMatching(/^request-/),
      seq: 1,
      at: '2026-04-01T00:00:00.000Z',
      etag: 'etag-1',
    });
    expect(item).not.toHaveProperty('quiet');
    close();
  });

  test('given ten deletes of one document at once, then one succeeds and it is counted once', async () => {
    const { table, close } = await seedCatalogue({ id: 'ds', keys: ['a', 'b'] });
    const attempts = Array.from({ length: 10 }, () =>
      deleteDocument({ ...somebody, table, clock }, documentId('ds', 'a')),
    );
    const outcomes = await Promise.allSettled(attempts);
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    for (const outcome of outcomes) {
      if (outcome.status === 'rejected') expect(outcome.reason).toMatchObject({ code: 'not_found' });
    }
    expect(await ranges(table)).toEqual([{ objects: 1, bytes: 1, edits: 1 }]);
    close();
  });

  test('given deletes of many documents at once, then each is counted', async () => {
    const keys = Array.from({ length: 20 }, (_, i) => `k${i}`);
    const { table, close } = await seedCatalogue({ id: 'ds', keys, sizeOf: () => 3 });
    await Promise.all(keys.slice(1).map((key) => deleteDocument({ ...somebody, table, clock }, documentId('ds', key))));
    expect(await ranges(table)).toEqual([{ objects: 1, bytes: 3, edits: 19 }]);
    close();
  });

  test('given counts that change between reading and writing, then both changes stand', async () => {
    const { table, close } = await seedCatalogue({ id: 'ds', keys: ['a', 'b'] });
    let meddled = false;
    const meddling: Table = {
      ...table,
      async transact(writes) {
        if (!meddled) {
          meddled = true;
          const [range] = await readRanges(table, 'uid-ds');
          await table.put(rangeItem('uid-ds', { ...range!, version: range!.version + 1, objects: range!.objects + 5 }));
        }
        return table.transact(writes);
      },
    };
    await deleteDocument({ ...somebody, table: meddling, clock }, documentId('ds', 'a'));
    expect(await ranges(table)).toEqual([{ objects: 6, bytes: 1, edits: 1 }]);
    close();
  });

  test('given a store that always fails the condition for a document that went, then it is not found', async () => {
    const { table, close } = await seedCatalogue({ id: 'ds', keys: ['a'] });
    const racing: Table = {
      ...table,
      async transact() {
        await table.delete({ pk: recordPartition('uid-ds', 'r0'), sk: 'a' });
        throw new ConditionFailed(0);
      },
    };
    await expect(deleteDocument({ ...somebody, table: racing, clock }, documentId('ds', 'a'))).rejects.toThrow(
      notFound,
    );
    close();
  });

  test.each([documentId('ds', 'never'), documentId('ds', 'gone'), documentId('other', 'a'), 'nonsense'])(
    'given %s, then it is not found and nothing changes',
    async (id) => {
      const { table, close } = await seedCatalogue({ id: 'ds', keys: ['a'], gone: ['gone'] });
      await expect(deleteDocument({ ...somebody, table, clock }, id)).rejects.toThrow(notFound);
      expect(await ranges(table)).toEqual([{ objects: 1, bytes: 1, edits: 0 }]);
      close();
    },
  );
});

describe('deleting many documents', () => {
  const many = (count: number) => Array.from({ length: count }, (_, i) => `k${String(i).padStart(4, '0')}`);
  const idsOf = (keys: readonly string[], datasource = 'ds') => keys.map((key) => documentId(datasource, key));

  test('given odd keys over ranges and datasources, then those and no others are gone, and each is counted', async () => {
    const { table, close } = await seedCatalogue(
      { id: 'ds', keys: vectorKeys, cuts: ['a', '한'], sizeOf: () => 5 },
      { id: 'other', keys: ['x', 'y'] },
    );
    const kept = vectorKeys.filter((_, index) => index % 3 === 0);
    const removed = vectorKeys.filter((_, index) => index % 3 !== 0);
    const absent = await deleteDocuments({ ...somebody, table, clock }, [...idsOf(removed), ...idsOf(['y'], 'other')]);
    expect(absent).toEqual([]);
    const left = (await searchDocuments({ table, ids: createRandomIds() }, { size: '1000' })).hits.map(({ id }) => id);
    expect(left.toSorted()).toEqual([...idsOf(kept), ...idsOf(['x'], 'other')].toSorted());
    const counts = await ranges(table);
    expect(counts.reduce((sum, { objects }) => sum + objects, 0)).toBe(kept.length);
    expect(counts.reduce((sum, { bytes }) => sum + bytes, 0)).toBe(5 * kept.length);
    close();
  });

  test('given ids that name nothing, they are told, once each, and all others are deleted', async () => {
    const { table, close } = await seedCatalogue({ id: 'ds', keys: ['a', 'b'], gone: ['gone'] }, { id: 'e', keys: [] });
    const wrong = [...idsOf(['gone', 'never']), ...idsOf(['x'], 'nobody'), ...idsOf(['x'], 'e')];
    const absent = await deleteDocuments({ ...somebody, table, clock }, [...wrong, ...idsOf(['a', 'a']), ...wrong]);
    expect(absent.toSorted()).toEqual(wrong.toSorted());
    expect(await ranges(table)).toEqual([{ objects: 1, bytes: 1, edits: 1 }]);
    close();
  });

  test('given a thousand and others who delete the same at once, each is counted once', async () => {
    const { table, close } = await seedCatalogue({ id: 'ds', keys: many(1200), cuts: ['k0100', 'k0600'] });
    const ids = idsOf(many(1000));
    const answers = await Promise.all([
      deleteDocuments({ ...somebody, table, clock }, ids),
      deleteDocuments({ ...somebody, table, clock }, ids.toReversed()),
      deleteDocument({ ...somebody, table, clock }, ids[500]!).then(
        () => [],
        () => [ids[500]!],
      ),
    ]);
    const told = new Map<string, number>();
    for (const id of answers.flat()) told.set(id, (told.get(id) ?? 0) + 1);
    // Of those who asked for a document, all but one were told that it is not there.
    expect(ids.map((id) => told.get(id) ?? 0)).toEqual(ids.map((_, index) => (index === 500 ? 2 : 1)));
    expect((await ranges(table)).map(({ objects }) => objects)).toEqual([0, 0, 200]);
    close();
  });

  test('given a store that breaks in the middle, what is deleted is counted, and the same again does the rest', async () => {
    const { table, close } = await seedCatalogue({ id: 'ds', keys: many(100) });
    let left = 2;
    const breaking: Table = {
      ...table,
      async transact(writes) {
        left -= 1;
        if (left < 0) throw new Error('the store broke');
        return table.transact(writes);
      },
    };
    const ids = idsOf(many(100));
    await expect(deleteDocuments({ ...somebody, table: breaking, clock }, ids)).rejects.toThrow('the store broke');
    expect((await ranges(table))[0]?.objects).toBe(50);
    expect(await deleteDocuments({ ...somebody, table, clock }, ids)).toHaveLength(50);
    expect((await ranges(table))[0]?.objects).toBe(0);
    close();
  });

  test('given the largest records, one transaction still takes them', async () => {
    const keys = many(60).map((key) => key + 'ü'.repeat(500));
    const { table, close } = await seedCatalogue({ id: 'ds', keys });
    const pk = recordPartition('uid-ds', 'r0');
    const tags = Array.from({ length: 100 }, (_, i) => String(i).padEnd(128, '한'));
    for (const sk of keys) await table.put({ ...(await table.get({ pk, sk }))!, tags, summary: '한'.repeat(4096) });
    expect(await deleteDocuments({ ...somebody, table, clock }, idsOf(keys))).toEqual([]);
    close();
  });

  test.each<[unknown, RegExp]>([
    [[], /at least one document/],
    [{}, /must be a list/],
    ['docs.eA', /must be a list/],
    [[1], /0: must be the id of a document/],
    [['docs.eA', 'docs'], /1: must be the id of a document, as a search shows it/],
    [['docs.eA='], /0: must be the id/],
    [Array.from({ length: 1001 }, (_, i) => documentId('ds', `k${i}`)), /at most 1,000 ids; send the others after/],
  ])('given %j, it is refused with the reason', (body, reason) => {
    expect(() => parseInput(documentIds, body, 'the list of documents')).toThrow(reason);
  });
});
