import { describe, expect, test } from 'vitest';
import { documentId } from '#core/catalogue/document-id.ts';
import { documentUrl } from '#core/documents/document-url.ts';
import type { Bucket, Buckets, BucketTarget } from '#core/model/ports/bucket.ts';
import { noRoles } from '#support/fake-roles.ts';
import { type Seed, seedCatalogue } from '../search/seeded-catalogue.ts';

async function setUp(seed: Partial<Seed> = {}, presign?: Bucket['presign']) {
  const { table, close } = await seedCatalogue({ id: 'ds', keys: ['a b'], gone: ['gone'], ...seed });
  const opened: BucketTarget[] = [];
  let closed = 0;
  const refuse = () => Promise.reject(new Error('not to be asked'));
  const buckets: Buckets = {
    open(target) {
      opened.push(target);
      return {
        list: refuse,
        head: refuse,
        describe: refuse,
        tags: refuse,
        firstByte: refuse,
        identify: refuse,
        presign: presign ?? (async (key, seconds) => `signed:${key}:${seconds}`),
        close: () => {
          closed += 1;
        },
      };
    },
  };
  const opener = { open: async (sealed: string) => `opened ${sealed}` };
  return { deps: { ...noRoles, table, buckets, opener }, opened, closed: () => closed, close };
}

describe('the url of a document', () => {
  test('given a document, then its object is signed with the keys of its datasource', async () => {
    const { deps, opened, closed, close } = await setUp();
    expect(await documentUrl(deps, documentId('ds', 'a b'), 300)).toBe('signed:a b:300');
    expect(opened).toMatchObject([
      { bucket: 'papers', endpoint: 's3.example.com', credentials: { secretAccessKey: 'opened sealed' } },
    ]);
    expect(closed()).toBe(1);
    close();
  });

  test.each([documentId('ds', 'gone'), documentId('ds', 'never'), documentId('other', 'a b'), 'nonsense'])(
    'given %s, then it is not found and no bucket is opened',
    async (id) => {
      const { deps, opened, close } = await setUp();
      await expect(documentUrl(deps, id, 300)).rejects.toThrow(expect.objectContaining({ code: 'not_found' }));
      expect(opened).toEqual([]);
      close();
    },
  );

  test.each(['.', '..', 'a/..', '../a', './a', 'a/./b', 'a/../../b', '/..', '//./'])(
    'given the key %j, which no link can hold, then that is said and no bucket is opened',
    async (key) => {
      const { deps, opened, close } = await setUp({ keys: [key] });
      await expect(documentUrl(deps, documentId('ds', key), 300)).rejects.toThrow(
        expect.objectContaining({ code: 'object_unlinkable', message: expect.stringContaining('no link') }),
      );
      expect(opened).toEqual([]);
      close();
    },
  );

  test.each(['/a', '//a', 'a//b', 'a/', '.a', 'a.', '..a', '...', 'a/.../b', '%2e%2e/a', '.\\..'])(
    'given the key %j, then it is signed',
    async (key) => {
      const { deps, close } = await setUp({ keys: [key] });
      expect(await documentUrl(deps, documentId('ds', key), 300)).toBe(`signed:${key}:300`);
      close();
    },
  );

  test('given settings without credentials, then it says what they lack', async () => {
    const { deps, close } = await setUp({ row: { secrets: {} } });
    const incomplete = expect.objectContaining({ code: 'invalid_request' });
    await expect(documentUrl(deps, documentId('ds', 'a b'), 300)).rejects.toThrow(incomplete);
    close();
  });

  test('given a bucket that cannot sign, then it is closed all the same', async () => {
    const { deps, closed, close } = await setUp({}, () => Promise.reject(new Error('no')));
    await expect(documentUrl(deps, documentId('ds', 'a b'), 300)).rejects.toThrow('no');
    expect(closed()).toBe(1);
    close();
  });
});
