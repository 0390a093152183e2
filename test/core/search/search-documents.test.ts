import { afterEach, describe, expect, test } from 'vitest';
import { createRandomIds } from '#adapters/process/random-ids.ts';
import { documentId } from '#core/catalogue/document-id.ts';
import { rangeItem, readRanges } from '#core/catalogue/range-map.ts';
import { recordPartition } from '#core/catalogue/record.ts';
import { type SearchLimits, searchDocuments } from '#core/search/search-documents.ts';
import type { SearchParameters } from '#core/search/search-query.ts';
import keyVectors from '../../vectors/keys.json' with { type: 'json' };
import { type Seed, seedCatalogue, seededConfig } from './seeded-catalogue.ts';

const vectorKeys = keyVectors.keys.map(({ key }) => key);
const inBytes = (keys: readonly string[]) => keys.toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
const many = (count: number, prefix = 'f') =>
  Array.from({ length: count }, (_, i) => `${prefix}${String(i).padStart(6, '0')}.txt`);

const closers: (() => void)[] = [];
afterEach(() => {
  for (const close of closers.splice(0)) close();
});

async function catalogue(...seeds: Seed[]) {
  const { table, reads, close } = await seedCatalogue(...seeds);
  closers.push(close);
  const search = async (parameters: SearchParameters, limits?: Partial<SearchLimits>) => {
    Object.assign(reads, { items: 0, queries: 0, mostAsked: 0 });
    const page = await searchDocuments({ table, ids: createRandomIds(), limits }, parameters);
    const keys = page.hits.map(({ source }) => (source.metadata as { key: string }).key);
    return { ...page, keys, reads: { ...reads } };
  };
  return { table, search };
}

const refused = expect.objectContaining({ code: 'invalid_request' });

describe('a search without conditions', () => {
  test('given odd keys, then all are found, in the order of their bytes', async () => {
    const { search } = await catalogue({ id: 'ds', keys: vectorKeys });
    const page = await search({ size: '1000' });
    expect(page.keys).toEqual(inBytes(vectorKeys));
    expect(page.total).toEqual({ value: vectorKeys.length, relation: 'eq' });
    expect(page.hits.map(({ id }) => id)).toEqual(page.keys.map((key) => documentId('ds', key)));
    expect(page.nextCursor).toBeUndefined();
  });

  test('given several datasources, ranges and tombstones, then the order is by datasource and key', async () => {
    const { search } = await catalogue(
      { id: 'b', keys: ['x', 'a', 'm'], gone: ['c'], cuts: ['b', 'm'] },
      { id: 'a', keys: ['c', '\uff5e', '😀'] },
      { id: 'empty', keys: [] },
    );
    expect((await search({})).keys).toEqual(['c', '\uff5e', '😀', 'a', 'm', 'x']);
    expect((await search({ datasource: 'b' })).keys).toEqual(['a', 'm', 'x']);
    expect((await search({ datasource: 'b,nothing,a' })).keys).toHaveLength(6);
    expect((await search({ datasource: ['b', 'a'] })).total).toEqual({ value: 6, relation: 'eq' });
    expect(await search({ datasource: `nothing,../x,${'k'.repeat(2000)}` })).toMatchObject({
      total: { value: 0, relation: 'eq' },
      hits: [],
    });
    expect((await search({ datasource: 'b', sort: 'key:desc' })).keys).toEqual(['x', 'm', 'a']);
    expect((await search({ sort: 'key:desc' })).keys).toEqual(['😀', '\uff5e', 'x', 'm', 'c', 'a']);
  });

  test('given pages by cursor over several datasources, then each is read from its beginning', async () => {
    const { search } = await catalogue({ id: 'a', keys: ['m', 'n'] }, { id: 'b', keys: ['a', 'z'] });
    const first = await search({ size: '1' });
    const second = await search({ size: '2', cursor: first.nextCursor });
    const third = await search({ size: '2', cursor: second.nextCursor });
    expect([first.keys, second.keys, third.keys]).toEqual([['m'], ['n', 'a'], ['z']]);
  });

  test('given a disabled datasource, then its documents are still found', async () => {
    const { search } = await catalogue({ id: 'off', keys: ['a'], row: { enabled: false } });
    expect((await search({})).keys).toEqual(['a']);
  });

  test('given a large catalogue, then the total is that of the range map and only the page is read', async () => {
    const { search } = await catalogue({ id: 'ds', keys: many(3000), cuts: ['f001000.txt', 'f002000.txt'] });
    const page = await search({ from: '20', size: '10' });
    expect(page.keys).toEqual(many(30).slice(20));
    expect(page.total).toEqual({ value: 3000, relation: 'eq' });
    // One datasource, three ranges, and the page with one more.
    expect(page.reads.items).toBeLessThanOrEqual(1 + 3 + 31);
    expect(page.reads.mostAsked).toBe(31);
  });

  test('given more tombstones than may be read, then the page is short and its cursor leads on', async () => {
    const { search } = await catalogue({ id: 'ds', keys: ['z1', 'z2'], gone: many(100) });
    const first = await search({ size: '5' }, { items: 60 });
    expect(first).toMatchObject({ keys: [], total: { value: 2, relation: 'eq' } });
    const second = await search({ size: '5', cursor: first.nextCursor }, { items: 60 });
    expect(second.keys).toEqual(['z1', 'z2']);
  });

  test('given records that a range kept when it was cut, then they are not found', async () => {
    const { search, table } = await catalogue({ id: 'ds', keys: ['a', 'm', 'z'], cuts: ['m'] });
    const record = await table.get({ pk: recordPartition('uid-ds', 'r1'), sk: 'z' });
    await table.put({ ...record!, pk: recordPartition('uid-ds', 'r0'), sk: 'y' });
    expect((await search({})).keys).toEqual(['a', 'm', 'z']);
    expect((await search({ path: '[]' })).keys).toEqual(['a', 'm', 'z']);
  });

  test.each([-1, 0, 2])(
    'given a map that counts %i of three, then no total is below what is shown',
    async (objects) => {
      const { search, table } = await catalogue({ id: 'ds', keys: ['a', 'b', 'c'], gone: ['d'] });
      const [range] = await readRanges(table, 'uid-ds');
      await table.put(rangeItem('uid-ds', { ...range!, objects }));
      expect((await search({})).total).toEqual({ value: 3, relation: 'eq' });
      expect((await search({ size: '2' })).total).toEqual({ value: 3, relation: 'gte' });
      expect((await search({ size: '1' })).total).toEqual({ value: 2, relation: objects === 2 ? 'eq' : 'gte' });
      const { nextCursor } = await search({ size: '2' });
      expect((await search({ size: '2', cursor: nextCursor! })).total.value).toBe(Math.max(1, objects));
    },
  );
});

describe('a page of no hits', () => {
  test.each<SearchParameters>([{}, { query: 'txt' }, { path: '[]' }])(
    'given %j, then only the total is told',
    async (parameters) => {
      const { search } = await catalogue({ id: 'ds', keys: many(30) });
      const page = await search({ ...parameters, size: '0' });
      expect(page).toMatchObject({ hits: [], total: { value: 30, relation: 'eq' } });
      expect(page.nextCursor).toBeUndefined();
    },
  );
});

describe('a search with conditions', () => {
  const keys = ['a/report.pdf', 'a/b/Report 2.PDF', 'a/notes.txt', 'b.pdf/', 'c.tar.gz', 'd', '100%_pdf', 'a!b'];

  test.each<[SearchParameters, string[]]>([
    [{ query: 'report' }, ['a/b/Report 2.PDF', 'a/report.pdf']],
    [{ query: 'REPORT a/' }, ['a/b/Report 2.PDF', 'a/report.pdf']],
    [{ query: 'report 2' }, ['a/b/Report 2.PDF']],
    [{ extension: 'pdf' }, ['a/b/Report 2.PDF', 'a/report.pdf']],
    [{ extension: '.TXT,gz' }, ['a/notes.txt', 'c.tar.gz']],
    [{ extension: ['Txt', '.gz'] }, ['a/notes.txt', 'c.tar.gz']],
    [{ extension: 'Tar.gz,tar' }, ['c.tar.gz']],
    [{ filter: 'extension:tar.gz' }, []],
    [{ filter: 'extension:pdf' }, ['a/b/Report 2.PDF', 'a/report.pdf']],
    [{ filter: 'type:folder' }, ['b.pdf/']],
    [{ filter: ['title:d', 'title:a!b'] }, ['a!b', 'd']],
    [{ filter: 'size>=12' }, ['a/b/Report 2.PDF', 'a/report.pdf']],
    [{ filter: 'metadata.key:c.tar.gz' }, ['c.tar.gz']],
    [{ filter: 'metadata.bucket:papers', prefix: 'c' }, ['c.tar.gz']],
    [{ filter: ['updated<2026-03-02', 'updated>=2026-03-01T12:00:00Z', 'key:d'] }, ['d']],
    [{ filter: 'source.id:ds', prefix: 'd' }, ['d']],
    [{ filter: '-source.id:ds' }, []],
    [{ prefix: 'a/' }, ['a/b/Report 2.PDF', 'a/notes.txt', 'a/report.pdf']],
    [{ prefix: 'a' }, ['a!b', 'a/b/Report 2.PDF', 'a/notes.txt', 'a/report.pdf']],
    [{ prefix: 'A' }, []],
    [{ category: '/a/' }, ['a/notes.txt', 'a/report.pdf']],
    [{ category: 'a' }, ['a/notes.txt', 'a/report.pdf']],
    [{ category: '/' }, ['100%_pdf', 'a!b', 'b.pdf/', 'c.tar.gz', 'd']],
    [{ category: '/', prefix: 'b' }, ['b.pdf/']],
    [{ category: '/', sort: 'key:desc' }, ['d', 'c.tar.gz', 'b.pdf/', 'a!b', '100%_pdf']],
    [{ path: '["a"]' }, ['a/b/', 'a/notes.txt', 'a/report.pdf']],
    [{ path: '["a"]', view: 'list' }, ['a/b/Report 2.PDF', 'a/notes.txt', 'a/report.pdf']],
    [{ path: '["a"]', category: '/a/' }, ['a/b/', 'a/notes.txt', 'a/report.pdf']],
    [{ path: '["a"]', category: '/a/b/' }, []],
    [{ path: '["a"]', extension: 'txt' }, ['a/notes.txt']],
    [{ path: '["a"]', filter: 'type:folder' }, ['a/b/']],
    [{ path: '["a"]', sort: 'size:desc' }, ['a/report.pdf', 'a/notes.txt', 'a/b/']],
    [{ path: '["nothing"]' }, []],
    [{ path: '[]', sort: 'key:desc' }, ['d', 'c.tar.gz', 'b.pdf/', 'a/', 'a!b', '100%_pdf']],
  ])('given %j, then it finds %j and counts them', async (parameters, expected) => {
    const { search } = await catalogue({ id: 'ds', keys, gone: ['a/gone.pdf', 'gone/x'], cuts: ['a/b/Report 2.PDF'] });
    const page = await search(parameters);
    expect(page.keys).toEqual(expected);
    expect(page.total).toEqual({ value: expected.length, relation: 'eq' });
    expect(page.nextCursor).toBeUndefined();
  });

  test.each(['key', 'key:desc'])(
    'given a marker outside the prefix, sorted by %s, then it is not found',
    async (sort) => {
      const { search } = await catalogue({ id: 'ds', keys: ['b/', 'b/x'] });
      expect((await search({ category: '/', prefix: 'b/x', sort })).keys).toEqual([]);
    },
  );

  test('given exactly as many records as may be looked at, then the count is exact', async () => {
    const { search } = await catalogue({ id: 'ds', keys: many(20) });
    expect((await search({ query: 'txt' }, { records: 20 })).total).toEqual({ value: 20, relation: 'eq' });
  });

  test('given one more, then the count is a lower bound, and pages by cursor find the rest and count on', async () => {
    const { search } = await catalogue({ id: 'ds', keys: [...many(21), 'z.txt'] });
    const limits = { records: 20 };
    const first = await search({ query: 'txt', size: '15' }, limits);
    expect(first.total).toEqual({ value: 20, relation: 'gte' });
    const second = await search({ query: 'txt', size: '15', cursor: first.nextCursor }, limits);
    expect(second).toMatchObject({ keys: [...many(21).slice(15), 'z.txt'], total: { value: 22, relation: 'eq' } });
    expect(second.nextCursor).toBeUndefined();
  });

  test('given no hit among the records that may be looked at, then the empty page leads on', async () => {
    const { search } = await catalogue({ id: 'ds', keys: [...many(50), 'wanted'] });
    const first = await search({ query: 'wanted' }, { records: 30 });
    expect(first).toMatchObject({ hits: [], total: { value: 0, relation: 'gte' } });
    const second = await search({ query: 'wanted', cursor: first.nextCursor }, { records: 30 });
    expect(second).toMatchObject({ keys: ['wanted'], total: { value: 1, relation: 'eq' } });
  });

  test('given 20,001 records, then a filtered search counts 20,000 of them', async () => {
    const { search } = await catalogue({ id: 'ds', keys: many(20_001) });
    const page = await search({ query: 'txt' });
    expect(page.total).toEqual({ value: 20_000, relation: 'gte' });
    expect(page.reads.items).toBeLessThanOrEqual(1 + 1 + 20_001);
  });

  test('given a filter by datasource, then nothing of the others is read and the total is exact', async () => {
    const { search } = await catalogue({ id: 'a', keys: many(100) }, { id: 'b', keys: many(15, 'x') });
    const page = await search({ filter: 'source.id:b' }, { records: 10 });
    expect(page).toMatchObject({ keys: many(10, 'x'), total: { value: 15, relation: 'eq' } });
    expect(page.reads.items).toBeLessThan(20);
  });

  test('given settings that lack credentials, then documents are shown with what is known', async () => {
    const row = { secrets: {}, connector: { id: 's3', config: { bucket: 'papers' } } };
    const { search } = await catalogue({ id: 'ds', keys: ['a'], row });
    const [hit] = (await search({ filter: 'metadata.bucket:papers' })).hits;
    expect(hit?.source).toMatchObject({ id: documentId('ds', 'a'), metadata: { bucket: 'papers' } });
    expect(hit?.source).not.toHaveProperty('url');
  });

  test('given complete settings, then documents carry the url of their object', async () => {
    const { search } = await catalogue({ id: 'ds', keys: ['a b'] });
    expect((await search({})).hits[0]?.source.url).toBe(`https://${seededConfig.endpoint}/papers/a%20b`);
  });
});

describe('sorting', () => {
  const seed = { id: 'ds', keys: ['c/1', 'b/22', 'a/333'], sizeOf: (key: string) => 10 - key.length };

  test.each<[string, string[]]>([
    ['size', ['a/333', 'b/22', 'c/1']],
    ['size:desc', ['c/1', 'b/22', 'a/333']],
    ['title', ['c/1', 'b/22', 'a/333']],
    ['updated,category:desc', ['c/1', 'b/22', 'a/333']],
    ['created', ['a/333', 'b/22', 'c/1']],
    ['metadata.key:desc', ['c/1', 'b/22', 'a/333']],
  ])('given %s, then the hits are in that order', async (sort, expected) => {
    const { search } = await catalogue(seed);
    expect((await search({ sort })).keys).toEqual(expected);
  });

  test('given more candidates than can be sorted, then only the key is sorted by', async () => {
    const { search } = await catalogue({ id: 'ds', keys: many(21), gone: ['x'] });
    const limits = { candidates: 20 };
    await expect(search({ sort: 'title' }, limits)).rejects.toThrow(refused);
    await expect(search({ sort: 'title', query: 'txt' }, limits)).rejects.toThrow(refused);
    expect((await search({ sort: 'title:desc', query: '20' }, limits)).keys).toEqual(['f000020.txt']);
    expect((await search({ sort: 'title', prefix: 'f00000' }, limits)).keys).toHaveLength(10);
    expect((await search({ sort: 'key:desc', size: '1' }, limits)).keys).toEqual(['f000020.txt']);
    expect((await search({ sort: 'title' }, { candidates: 21 })).total.value).toBe(21);
  });

  test('given more than may be looked at, then sorting is refused rather than done by halves', async () => {
    const { search } = await catalogue({ id: 'ds', keys: many(21) });
    await expect(search({ sort: 'title', query: '00' }, { records: 20 })).rejects.toThrow(refused);
  });
});

describe('a folder listing', () => {
  const list = async (path: string[], keys: readonly string[] = vectorKeys, gone: string[] = []) => {
    const { search } = await catalogue({ id: 'ds', keys, gone });
    const parameters = { path: JSON.stringify(path), size: '1000' };
    const page = await search(parameters);
    const backwards = await search({ ...parameters, sort: 'key:desc' });
    expect(backwards.hits).toEqual(page.hits.toReversed());
    return page;
  };

  test('given odd keys, then the root has each file and each folder once', async () => {
    const expected = inBytes([
      ...vectorKeys.filter((key) => !key.includes('/')),
      ...new Set(vectorKeys.filter((key) => key.includes('/')).map((key) => key.slice(0, key.indexOf('/') + 1))),
    ]);
    const page = await list([]);
    expect(page.keys).toEqual(expected);
    expect(page.keys).toEqual(expect.arrayContaining(['/', 'a/', 'folder/', '.', '..', 'constructor/', 'run books/']));
    expect(page.total).toEqual({ value: expected.length, relation: 'eq' });
  });

  test.each([
    [[''], ['//', '/leading']],
    [['', ''], ['//double/']],
    [['', '', 'double'], ['//double//']],
    [['', '', 'double', ''], ['//double//slash']],
    [['folder'], []],
    [['a'], ['a/../', 'a/./']],
    [['a', '..'], ['a/../b']],
    [['한글'], ['한글/x.txt']],
    [['__proto__'], []],
  ])('given the path %j, then it lists %j', async (path, expected) => {
    expect((await list(path)).keys).toEqual(expected);
  });

  test('given a marker, then its folder shows what is stored of it; others are derived', async () => {
    const page = await list([], ['a/', 'a/1', 'b/1', 'c/', 'd/1'], ['d/', 'e/', 'f/1']);
    expect(page.keys).toEqual(['a/', 'b/', 'c/', 'd/']);
    expect(page.hits.map(({ source }) => 'updated' in source)).toEqual([true, false, true, false]);
    expect(page.hits.every(({ source }) => source.type === 'folder' && source.category === '/')).toBe(true);
  });

  test('given an object beside a folder of its name, then both are listed', async () => {
    expect((await list([], ['a', 'a/b', 'a0', 'a.b', 'a!'])).keys).toEqual(['a', 'a!', 'a.b', 'a/', 'a0']);
  });

  test('given big folders, then each costs one query', async () => {
    const keys = ['a', 'b', 'c'].flatMap((folder) => many(2000, `${folder}/`));
    const { search } = await catalogue({ id: 'ds', keys });
    const page = await search({ path: '[]' });
    expect(page).toMatchObject({ keys: ['a/', 'b/', 'c/'], total: { value: 3, relation: 'eq' } });
    // Two for the map of ranges and the datasources, one for each folder, one for the end.
    expect(page.reads.queries).toBeLessThanOrEqual(6);
    expect(page.reads.items).toBeLessThan(60);
  });

  test('given many files and then big folders, then little of the folders is read', async () => {
    const keys = [...many(1100, 'a'), ...Array.from({ length: 8 }, (_, i) => many(1100, `b${i}/`)).flat()];
    const { search } = await catalogue({ id: 'ds', keys });
    const page = await search({ path: '[]' });
    expect(page.total).toEqual({ value: 1108, relation: 'eq' });
    expect(page.reads.items).toBeLessThan(3500);
  });

  test('given many small folders, then they are read in bulk', async () => {
    const keys = Array.from({ length: 2000 }, (_, i) => [`${i}/1`, `${i}/2`]).flat();
    const { search } = await catalogue({ id: 'ds', keys });
    const page = await search({ path: '[]', size: '1000' });
    expect(page.total).toEqual({ value: 2000, relation: 'eq' });
    expect(page.reads.queries).toBeLessThan(20);
  });

  test('given more folders than may be stepped over, then the count is a lower bound and the cursor leads on', async () => {
    const keys = Array.from({ length: 30 }, (_, i) => many(50, `${String(i).padStart(2, '0')}/`)).flat();
    const { search } = await catalogue({ id: 'ds', keys });
    const first = await search({ path: '[]', size: '5' }, { countingJumps: 10 });
    expect(first).toMatchObject({ keys: ['00/', '01/', '02/', '03/', '04/'], total: { relation: 'gte' } });
    const second = await search({ path: '[]', size: '100', cursor: first.nextCursor }, { jumps: 12 });
    expect(second.keys[0]).toBe('05/');
    expect(second.keys.length).toBeLessThan(25);
    const third = await search({ path: '[]', size: '100', cursor: second.nextCursor });
    expect([...first.keys, ...second.keys, ...third.keys]).toHaveLength(30);
    expect(third.total).toEqual({ value: 30, relation: 'eq' });
  });

  test('given several datasources, then each is listed', async () => {
    const { search } = await catalogue({ id: 'a', keys: ['x/1'] }, { id: 'b', keys: ['x/2', 'y'] });
    const page = await search({ path: '[]' });
    expect(page.hits.map(({ id }) => id)).toEqual([documentId('a', 'x/'), documentId('b', 'x/'), documentId('b', 'y')]);
  });
});

describe('a search that cannot be kept', () => {
  test.each<SearchParameters>([
    { path: 'a/b' },
    { path: '"a"' },
    { path: '[1]' },
    { path: '["a/b"]' },
    { path: ['["a"]', '["b"]'] },
    { path: JSON.stringify(['k'.repeat(1024)]) },
    { prefix: 'k'.repeat(1025) },
    { prefix: '\ud800' },
    { category: 'k'.repeat(1024) },
    { extension: 'tar..gz' },
    { extension: '*.pdf' },
    { extension: 'pdf,p*f' },
    { extension: 'a/b' },
    { cursor: 'abc' },
    { sort: 'icon' },
    { filter: 'color:red' },
    { size: '10001' },
    { from: '9991', size: '10' },
    { datasource: Array.from({ length: 1001 }, (_, i) => `d${i}`).join(',') },
  ])('given %j, then it is refused', async (parameters) => {
    const { search } = await catalogue({ id: 'ds', keys: ['a'] });
    await expect(search(parameters)).rejects.toThrow(refused);
  });

  test('given a cursor with from, or with a sort that it does not go by, then it is refused', async () => {
    const { search } = await catalogue({ id: 'ds', keys: ['a', 'b'] });
    const { nextCursor: cursor } = await search({ size: '1' });
    await expect(search({ cursor, from: '1' })).rejects.toThrow(refused);
    await expect(search({ cursor, sort: 'size' })).rejects.toThrow(refused);
    expect((await search({ cursor, from: '0' })).keys).toEqual(['b']);
  });

  test.each<[SearchParameters, SearchParameters]>([
    [{}, { query: 'txt' }],
    [{}, { filter: 'size>1' }],
    [{ filter: 'size>=0' }, {}],
    [{ filter: 'size>=0' }, { filter: '-size>=0' }],
    [{}, { datasource: 'ds' }],
    [{ datasource: 'ds' }, { datasource: 'ds,other' }],
    [{}, { path: '[]' }],
    [{ path: '[]' }, { path: '[]', view: 'list' }],
    [{}, { prefix: 'a' }],
    [{}, { extension: 'txt' }],
    [{ extension: 'txt' }, { extension: 'txt,pdf' }],
    [{}, { category: '/' }],
    [
      { datasource: 'ds', sort: 'key' },
      { datasource: 'ds', sort: 'key:desc' },
    ],
    [{ query: 'a txt' }, { query: 'a txt', default_operator: 'or' }],
  ])('given the cursor of %j, then %j does not go on with it', async (asked, other) => {
    const { search } = await catalogue({ id: 'ds', keys: ['a.txt', 'a2.txt', 'a3.txt'] });
    const { nextCursor: cursor } = await search({ ...asked, size: '1' });
    if (cursor === undefined) throw new Error('the search has no second page');
    await expect(search({ ...other, size: '1', cursor })).rejects.toThrow(/is not one that this search gave/);
    const shown = { _source_includes: 'metadata', size: '5', cursor };
    expect((await search({ ...asked, ...shown })).hits.length).toBeGreaterThan(0);
  });

  test('given empty parameters, then they count as absent', async () => {
    const { search } = await catalogue({ id: 'ds', keys: ['a/b'] });
    const empty = {
      query: '',
      datasource: '',
      path: '',
      prefix: '',
      extension: '',
      category: '',
      view: '',
      cursor: '',
    };
    expect((await search(empty)).keys).toEqual(['a/b']);
  });
});
