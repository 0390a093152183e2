import { describe, expect, test } from 'vitest';
import { absentPaths, ignoredNames } from '#core/documents/coco-fields.ts';
import { documentFields } from '#core/search/document-fields.ts';
import { readDocumentSearch } from '#core/search/document-search.ts';
import { compileMatch } from '#core/search/search-match.ts';
import { parseSearch, type SearchParameters } from '#core/search/search-query.ts';
import { compileShown } from '#core/search/shown-fields.ts';

const options = { fields: documentFields, sortable: ['title'], textFields: ['title', 'tags'] };
const read = (parameters: SearchParameters) => parseSearch(parameters, options);
const matches = (parameters: SearchParameters, source: Record<string, unknown>) =>
  compileMatch(read(parameters))(source);

describe('what changes nothing', () => {
  test.each<SearchParameters>([
    ...['0', '3', '5', ''].map((fuzziness) => ({ fuzziness })),
    ...['keyword', 'semantic', 'hybrid', ''].map((search_type) => ({ search_type })),
    ...['search', 'Büro 7\n', 'x'.repeat(256), ''].map((querysource) => ({ querysource })),
    { default_operator: 'AND' },
    { default_operator: '' },
    { _source_includes: ' , ', _source_excludes: '' },
  ])('given %j, then the search is as without it', (parameters) => {
    expect(read(parameters)).toEqual(read({}));
  });
});

describe('what is refused', () => {
  test.each<[SearchParameters, string, RegExp]>([
    ...['6', '-1', '1.5', 'AUTO', '03'].map((fuzziness): [SearchParameters, string, RegExp] => [
      { fuzziness },
      'fuzziness',
      /whole number from 0 to 5/,
    ]),
    [{ fuzziness: ['1', '2'] }, 'fuzziness', /more than once/],
    [{ search_type: 'vector' }, 'search_type', /keyword, semantic or hybrid/],
    [{ search_type: 'keyword\n' }, 'search_type', /keyword, semantic or hybrid/],
    [{ querysource: 'x'.repeat(257) }, 'querysource', /at most 256/],
    [{ default_operator: 'XOR' }, 'default_operator', /AND or OR/],
    [{ _source_includes: Array.from({ length: 101 }, (_, i) => `f${i}`) }, '_source_includes', /at most 100 fields/],
    [{ _source_includes: '*a,'.repeat(11) }, '_source_includes', /at most 10 names with \*/],
    [{ _source_excludes: 'a,*b*c*d*' }, '_source_excludes', /at most 3 \* in each/],
    [{ _source_excludes: 'x'.repeat(257) }, '_source_excludes', /at most 256 characters/],
  ])('given %j, then %s is named with what it may be', (parameters, path, reason) => {
    const mistake = { path, reason: expect.stringMatching(reason) };
    expect(() => read(parameters)).toThrow(expect.objectContaining({ code: 'invalid_request', details: [mistake] }));
  });
});

describe('the operator', () => {
  const source = { title: 'Report of March', tags: ['red'] };

  test.each([
    ['march report', undefined, true],
    ['march april', undefined, false],
    ['march april', 'AND', false],
    ['march april', 'OR', true],
    ['april RED', 'or', true],
    ['april may', 'OR', false],
    ['', 'OR', true],
  ])('given the words %j and %s, a document with some of them is found: %s', (query, default_operator, found) => {
    expect(matches({ query, default_operator }, source)).toBe(found);
  });
});

describe('a field that no document here has', () => {
  test.each(absentPaths)('given %s, no filter by it is refused, none is met, and each is met when negated', (field) => {
    for (const filter of [`${field}:x`, `${field}:any(true,1)`, `${field}>=2026`, `exists(${field})`]) {
      expect([filter, matches({ filter }, { id: 'x', title: 'y' })]).toEqual([filter, false]);
      expect([filter, matches({ filter: `-${filter}` }, { id: 'x', title: 'y' })]).toEqual([filter, true]);
    }
  });

  test('given a field that nobody knows, then it is refused, and only what there is here is proposed', () => {
    expect(() => read({ filter: 'langg:en' })).toThrow(/unknown field "langg"; known are id, title, .*tags/);
    expect(() => read({ filter: 'langg:en' })).not.toThrow(/subcategory/);
  });

  test.each(['subcategory', 'rich_category'])('given the parameter %s, then no datasource is asked', (name) => {
    expect(readDocumentSearch({ [name]: 'x' }).datasources).toEqual([]);
    expect(readDocumentSearch({ [name]: '' }).datasources).toBeUndefined();
  });

  test('given the names that a body may hold without effect, none of them is one that is kept', () => {
    expect(ignoredNames.filter((name) => ['tags', 'summary'].includes(name))).toEqual([]);
    expect(new Set(ignoredNames).size).toBe(ignoredNames.length);
  });
});

describe('the fields that are shown', () => {
  const source = {
    id: 'x',
    title: 't',
    source: { id: 'ds', name: 'n' },
    categories: ['a', 'b'],
    metadata: { key: 'k', user_metadata: { 'a.b': '1' }, empty: {} },
  };
  const show = (parameters: SearchParameters) => compileShown(read(parameters).shown)(source);

  test.each<[SearchParameters, object]>([
    [{}, source],
    [{ _source_includes: 'title' }, { id: 'x', title: 't' }],
    [{ _source_includes: ['title', 'source.name'] }, { id: 'x', title: 't', source: { name: 'n' } }],
    [{ _source_includes: 'source' }, { id: 'x', source: { id: 'ds', name: 'n' } }],
    [{ _source_includes: 'sour' }, { id: 'x' }],
    [{ _source_includes: 'nothing.of.the.kind' }, { id: 'x' }],
    [{ _source_includes: '*.name,cat*' }, { id: 'x', source: { name: 'n' }, categories: ['a', 'b'] }],
    [{ _source_includes: 'metadata.*_meta*' }, { id: 'x', metadata: { user_metadata: { 'a.b': '1' } } }],
    [{ _source_includes: 'm*a.e*y' }, { id: 'x', metadata: { empty: {} } }],
    [
      { _source_excludes: 'metadata,source.id,id' },
      { id: 'x', title: 't', source: { name: 'n' }, categories: ['a', 'b'] },
    ],
    [{ _source_excludes: '*' }, { id: 'x' }],
    [
      { _source_includes: 'source', _source_excludes: '*.id' },
      { id: 'x', source: { name: 'n' } },
    ],
  ])('given %j, then it is shown as %j', (parameters, expected) => {
    expect(show(parameters)).toEqual(expected);
  });

  test('given patterns that begin alike and very many names, then it is quick', () => {
    const wide = Object.fromEntries(Array.from({ length: 10_000 }, (_, i) => [`${'a'.repeat(200)}${i}`, i]));
    const patterns = Array.from({ length: 10 }, (_, i) => `*${'a'.repeat(80)}*${'a'.repeat(80)}*b${i}`);
    const began = process.cpuUsage();
    expect(compileShown({ includes: patterns, excludes: patterns })(wide)).toEqual({});
    expect(process.cpuUsage(began).user / 1e6).toBeLessThan(5);
  });
});
