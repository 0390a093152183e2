import fc from 'fast-check';
import { afterEach, describe, expect, test } from 'vitest';
import { createRandomIds } from '#adapters/process/random-ids.ts';
import { parentFolders } from '#core/keys/file-name.ts';
import { parseInput } from '#core/model/parse-input.ts';
import { type FacetRequests, facetRequests } from '#core/search/facet-request.ts';
import { type SearchLimits, searchDocuments } from '#core/search/search-documents.ts';
import type { SearchFields } from '#core/search/search-filter.ts';
import type { Facet } from '#core/search/search-page.ts';
import type { SearchParameters } from '#core/search/search-query.ts';
import { searchRows } from '#core/search/search-rows.ts';
import { type Seed, seedCatalogue } from './seeded-catalogue.ts';

const closers: (() => void)[] = [];
afterEach(() => {
  for (const close of closers.splice(0)) close();
});

async function catalogue(...seeds: Seed[]) {
  const { table, reads, close } = await seedCatalogue(...seeds);
  closers.push(close);
  return async (parameters: SearchParameters, facets: FacetRequests, limits?: Partial<SearchLimits>) => {
    Object.assign(reads, { items: 0, queries: 0, mostAsked: 0 });
    const page = await searchDocuments({ table, ids: createRandomIds(), limits }, parameters, facets);
    return { ...page, reads: { ...reads } };
  };
}

const by = (field: string, size = 10, aggs: unknown = {}): FacetRequests =>
  parseInput(facetRequests, { it: { terms: { field, size }, aggs } }, 'the facets');
const many = (count: number) => Array.from({ length: count }, (_, i) => `f${String(i).padStart(3, '0')}.txt`);
const pairs = (facet: Facet | undefined) => facet?.values.map(({ key, count }) => [key, count]);
const refused = expect.objectContaining({ code: 'invalid_request' });

describe('facets over documents', () => {
  test('given values as frequent as each other, then they are in the order of their bytes', async () => {
    const search = await catalogue({ id: 'ds', keys: ['\uff5e/x', '😀/x', 'b/x', 'b/y', 'a/x'] });
    const { facets } = await search({}, by('category'));
    expect(pairs(facets?.it)).toEqual([
      ['/b/', 2],
      ['/a/', 1],
      ['/\uff5e/', 1],
      ['/😀/', 1],
    ]);
  });

  test('given more values than asked for, then the others are counted together', async () => {
    const search = await catalogue({ id: 'ds', keys: ['a/1', 'a/2', 'b/1', 'c/1'] });
    const { facets } = await search({}, by('category', 1));
    expect([pairs(facets?.it), facets?.it?.others]).toEqual([[['/a/', 2]], 2]);
  });

  test('given hits to be shown of each value, then they are its first ones, with the fields asked for', async () => {
    const search = await catalogue({ id: 'a', keys: ['1', '2', '3'] }, { id: 'b', keys: ['4'] });
    const top = { top: { top_hits: { size: 2, _source: ['title', 'source.name'] } } };
    const { facets } = await search({}, by('source.id', 10, top));
    const shown = facets?.it?.values.map(({ tops }) => tops.top?.map(({ source }) => source.title));
    expect(shown).toEqual([['1', '2'], ['4']]);
    const source = { id: expect.any(String), title: '4', source: { name: 'Name of b' } };
    expect(facets?.it?.values[1]?.tops.top).toEqual([{ id: source.id, source }]);
  });

  test('given a field that is searched and not shown, then it can be counted by', async () => {
    const search = await catalogue({ id: 'ds', keys: ['a.pdf', 'b.PDF', 'c'] });
    expect(pairs((await search({}, by('extension'))).facets?.it)).toEqual([['pdf', 2]]);
  });

  test('given a folder level, then its folders are counted among its hits', async () => {
    const search = await catalogue({ id: 'ds', keys: ['a/1', 'a/2', 'b/1', 'c'] });
    expect(pairs((await search({ path: '[]' }, by('type'))).facets?.it)).toEqual([
      ['folder', 2],
      ['file', 1],
    ]);
  });

  test('given another order than that of keys, then all hits are counted', async () => {
    const search = await catalogue({ id: 'ds', keys: many(30) });
    const page = await search({ sort: 'title:desc', size: '2' }, by('type'));
    expect([page.hits.length, pairs(page.facets?.it)]).toEqual([2, [['file', 30]]]);
  });
});

describe('facets that could not be counted over all hits are left out', () => {
  const limits = { records: 20 };

  test.each<[string, SearchParameters, number]>([
    ['words', { query: 'txt', size: '5' }, 21],
    ['nothing asked of the documents', { size: '5' }, 21],
  ])(
    'given %s and one record more than may be looked at, there are none, else they are exact',
    async (_, asked, one) => {
      const all = await catalogue({ id: 'ds', keys: many(one - 1) });
      expect(pairs((await all(asked, by('type'), limits)).facets?.it)).toEqual([['file', 20]]);
      const more = await catalogue({ id: 'ds', keys: many(one) });
      const page = await more(asked, by('type'), limits);
      expect([page.facets, page.hits.length]).toEqual([undefined, 5]);
    },
  );

  test('given an unfiltered search of more than may be looked at, then only its page is read', async () => {
    const search = await catalogue({ id: 'ds', keys: many(100) });
    const page = await search({ size: '5' }, by('type'), limits);
    expect(page.total).toEqual({ value: 100, relation: 'eq' });
    expect(page.reads.items).toBeLessThan(10);
  });

  test('given tombstones that take up all reading, then there are none', async () => {
    const search = await catalogue({ id: 'ds', keys: ['z1', 'z2'], gone: many(100) });
    const page = await search({}, by('type'), { items: 60 });
    expect(page.facets).toBeUndefined();
    expect(page.nextCursor).toBeDefined();
  });

  test('given a page behind a cursor, then there are none, for it begins in the middle', async () => {
    const search = await catalogue({ id: 'ds', keys: many(5) });
    const first = await search({ size: '2' }, by('type'));
    expect(pairs(first.facets?.it)).toEqual([['file', 5]]);
    const second = await search({ size: '2', cursor: first.nextCursor }, by('type'));
    expect([second.hits.length, second.facets]).toEqual([2, undefined]);
  });
});

describe('what cannot be counted', () => {
  test.each(['colour', 'size', 'updated', '__proto__', 'metadata'])(
    'given the field %s, it is refused',
    async (field) => {
      const search = await catalogue({ id: 'ds', keys: ['a'] });
      await expect(search({}, by(field))).rejects.toThrow(refused);
    },
  );

  test('given a field that documents of Coco have and none here, then it has no values', async () => {
    const search = await catalogue({ id: 'ds', keys: ['a'] });
    for (const field of ['lang', 'subcategory', 'rich_categories.key', 'owner.username']) {
      expect((await search({}, by(field))).facets?.it).toEqual({ values: [], others: 0 });
    }
  });
});

test('given rows with lists, truth values and gaps, then each value counts once a row', () => {
  const fields: SearchFields = { id: 'text', tags: 'text', enabled: 'boolean' };
  const rows = [
    { id: 'a', tags: ['x', 'y', 'x'], enabled: true },
    { id: 'b', tags: ['x'], enabled: false },
    { id: 'c', enabled: true },
    { id: 'd', tags: null },
  ];
  const facets = { ...by('tags'), on: by('enabled').it ?? expect.fail() };
  const page = searchRows(rows, { filter: 'id:any(a,b,c)', size: '1' }, fields, facets);
  expect(pairs(page.facets?.it)).toEqual([
    ['x', 2],
    ['y', 1],
  ]);
  expect(pairs(page.facets?.on)).toEqual([
    [true, 2],
    [false, 1],
  ]);
});

test('given hits with more text than may be held, then the search is refused with what to do', async () => {
  const search = await catalogue({ id: 'ds', keys: many(20) });
  const asked = search({ size: '20' }, {}, { characters: 5000 });
  await expect(asked).rejects.toThrow(/size: the first \d+ hits have .*ask for fewer at once/);
  const sorted = search({ size: '20', sort: 'title' }, {}, { characters: 5000 });
  await expect(sorted).rejects.toThrow(/ask for fewer/);
  const fewFields = await search({ size: '20', _source_includes: 'title' }, {}, { characters: 5000 });
  expect(fewFields.hits).toHaveLength(20);
});

const text = fc.array(fc.constantFrom('/', '.', 'a', 'b', '.x', '😀', '\uff5e'), { minLength: 1, maxLength: 6 });
const key = text.map((parts) => parts.join(''));
const seed = (id: string) =>
  fc.record({
    id: fc.constant(id),
    keys: fc.uniqueArray(key, { maxLength: 40 }),
    cuts: fc.array(key, { maxLength: 2 }),
  });
const asked = fc.oneof(
  fc.constant<Record<string, string>>({}),
  key.map((query) => ({ query })),
  key.map((prefix) => ({ prefix })),
  fc.constant({ extension: 'x' }),
  fc.constant({ sort: 'size' }),
  fc.constant({ filter: '-lang:en' }),
);

test('given any catalogue and search, then the counts of a facet and its others add up to the hits, or there are none', async () => {
  const facets = {
    type: by('type', 1).it ?? expect.fail(),
    category: by('category', 2).it ?? expect.fail(),
    source: by('source.id', 1).it ?? expect.fail(),
    folders: by('categories', 3).it ?? expect.fail(),
  };
  const sum = (facet: Facet | undefined) =>
    (facet?.others ?? Number.NaN) + (facet?.values.reduce((all, { count }) => all + count, 0) ?? 0);
  let counted = 0;
  await fc.assert(
    fc.asyncProperty(
      seed('a'),
      seed('b'),
      asked,
      fc.integer({ min: 1, max: 60 }),
      async (one, other, search, records) => {
        const { table, close } = await seedCatalogue(one, other);
        try {
          const all = await searchDocuments({ table, ids: createRandomIds() }, { ...search, size: '10000' });
          const page = await searchDocuments(
            { table, ids: createRandomIds(), limits: { records } },
            { ...search, size: '3' },
            facets,
          ).catch((error: unknown) => {
            expect(error).toEqual(refused);
            return undefined;
          });
          if (page?.facets === undefined) {
            // Then there was more to look at than might be.
            expect(one.keys.length + other.keys.length).toBeGreaterThan(records);
            return;
          }
          counted += 1;
          for (const name of ['type', 'category', 'source']) expect(sum(page.facets[name])).toBe(all.hits.length);
          const keys = all.hits.map(({ source }) => (source.metadata as { key: string }).key);
          const folders = keys.reduce((total, each) => total + new Set(parentFolders(each)).size, 0);
          expect(sum(page.facets.folders)).toBe(folders);
          for (const { values } of Object.values(page.facets)) {
            const counts = values.map(({ count }) => count);
            expect(counts).toEqual(counts.toSorted((a, b) => b - a));
          }
        } finally {
          close();
        }
      },
    ),
    { numRuns: 150 },
  );
  expect(counted).toBeGreaterThan(20);
}, 60_000);
