import { describe, expect, test } from 'vitest';
import { readRecord, recordOf } from '#core/catalogue/record.ts';
import { documentView, folderView } from '#core/documents/document.ts';
import { objectUrl } from '#core/documents/object-place.ts';
import type { DatasourceRow } from '#core/registry/datasource.ts';
import { readDatasource } from '#core/registry/datasource-store.ts';
import keys from '../../vectors/keys.json' with { type: 'json' };
import { lastModified, seedCatalogue, writtenAt } from '../search/seeded-catalogue.ts';

async function datasource(): Promise<DatasourceRow> {
  const { table, close } = await seedCatalogue({ id: 'ds', keys: [] });
  const row = await readDatasource(table, 'ds');
  close();
  return row!;
}

function record(key: string) {
  const object = { key, size: 7, etag: 'e1', lastModified, storageClass: 'GLACIER' };
  return readRecord(recordOf('pk', object, { run: 'r', seq: 1, at: writtenAt, quiet: false }, true));
}

const place = { bucket: 'papers', endpoint: 's3.example.com:9000', useSsl: false, pathStyle: true };

describe('a document', () => {
  test('given a record, then the view has every field of the wire contract', async () => {
    expect(documentView(await datasource(), place, record('a/b/report 1.pdf'))).toEqual({
      id: `ds.${Buffer.from('a/b/report 1.pdf').toString('base64url')}`,
      source: { type: 'connector', id: 'ds', name: 'Name of ds' },
      type: 'file',
      title: 'report 1.pdf',
      icon: 'file',
      url: 'http://s3.example.com:9000/papers/a/b/report%201.pdf',
      size: 7,
      category: '/a/b/',
      categories: ['a', 'b'],
      created: lastModified,
      updated: lastModified,
      metadata: {
        bucket: 'papers',
        key: 'a/b/report 1.pdf',
        etag: 'e1',
        storage_class: 'GLACIER',
        last_modified: lastModified,
      },
    });
  });

  test('given a folder marker, then its type is folder and its title has no slash', async () => {
    const view = documentView(await datasource(), place, record('a/b/'));
    expect(view).toMatchObject({ type: 'folder', icon: 'folder', title: 'b', category: '/a/', categories: ['a'] });
  });

  test('given settings that do not tell the endpoint, then there is no url', async () => {
    expect(documentView(await datasource(), { bucket: 'papers' }, record('a'))).not.toHaveProperty('url');
  });

  test('given a folder that is derived, then it is told without dates', async () => {
    expect(folderView(await datasource(), place, 'a/b/')).toEqual({
      id: `ds.${Buffer.from('a/b/').toString('base64url')}`,
      source: { type: 'connector', id: 'ds', name: 'Name of ds' },
      type: 'folder',
      title: 'b',
      icon: 'folder',
      size: 0,
      category: '/a/',
      categories: ['a'],
      metadata: { bucket: 'papers', key: 'a/b/' },
    });
  });
});

describe('the url of an object', () => {
  test.each([
    [{ endpoint: '', region: 'eu-west-1', pathStyle: false }, 'https://papers.s3.eu-west-1.amazonaws.com/k'],
    [{ endpoint: '', region: 'eu-west-1', pathStyle: true }, 'https://s3.eu-west-1.amazonaws.com/papers/k'],
    [{ endpoint: '', region: 'cn-north-1', pathStyle: false }, 'https://papers.s3.cn-north-1.amazonaws.com.cn/k'],
    [{ endpoint: '[::1]:9000', useSsl: false, pathStyle: true }, 'http://[::1]:9000/papers/k'],
    [{ endpoint: 'minio.example', useSsl: true, pathStyle: true }, 'https://minio.example/papers/k'],
    [{}, undefined],
  ])('given %j, then it is %s', (settings, url) => {
    expect(objectUrl({ bucket: 'papers', ...settings }, 'k')).toBe(url);
  });

  test.each(keys.keys.map(({ key }) => key))('given the key %j, then its path decodes to it', (key) => {
    const url = objectUrl(place, key) ?? '';
    const path = url.slice('http://s3.example.com:9000/papers/'.length);
    expect(path).toMatch(/^[A-Za-z0-9\-._~%/]*$/);
    expect(decodeURIComponent(path)).toBe(key);
  });
});
