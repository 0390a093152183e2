import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { compareBySort, compileMatch } from '#core/search/search-match.ts';
import { parseSearch } from '#core/search/search-query.ts';

const options = {
  fields: {
    name: 'text',
    tags: 'text',
    'metadata.etag': 'text',
    'parts.name': 'text',
    size: 'number',
    updated: 'date',
    enabled: 'boolean',
  },
  sortable: ['name', 'size', 'updated', 'enabled'],
  textFields: ['name', 'tags'],
} as const;

const sources = [
  {
    id: 1,
    name: 'Annual Report.pdf',
    tags: ['finance', 'Böhm'],
    size: 10,
    updated: '2026-01-01T00:00:00.000Z',
    enabled: true,
  },
  {
    id: 2,
    name: 'annual plan',
    tags: [],
    size: 20,
    updated: '2026-02-01T00:00:00.000Z',
    metadata: { etag: 'x' },
    enabled: false,
  },
  { id: 3, name: 'photo', size: null, parts: [{ name: 'a' }, { name: 'b' }] },
  { id: 4, name: '', size: '20', metadata: 'text' },
];
const found = (filter: string[], query = '') => {
  const matches = compileMatch(parseSearch({ filter, query }, options));
  return sources.filter(matches).map(({ id }) => id);
};

describe('a search over sources', () => {
  test.each<[string, number[]]>([
    ['', [1, 2, 3, 4]],
    ['   ', [1, 2, 3, 4]],
    ['annual', [1, 2]],
    ['  REPORT\tannual ', [1]],
    ['annual finance', [1]],
    ['BÖHM', [1]],
    ['annual photo', []],
    ['nual pl', [2]],
  ])('given the words %j, then %j are found', (query, expected) => {
    expect(found([], query)).toEqual(expected);
  });

  test.each<[string[], number[]]>([
    [['name:photo'], [3]],
    [['name:Photo'], []],
    [['name:any(photo,annual plan)'], [2, 3]],
    [
      ['name:photo', 'name:annual plan'],
      [2, 3],
    ],
    [['name:photo', 'size:20'], []],
    [['name:annual plan', 'size:20'], [2]],
    [['name:""'], [4]],
    [['tags:finance'], [1]],
    [['-tags:finance'], [2, 3, 4]],
    [
      ['-name:photo', '-name:annual plan'],
      [1, 4],
    ],
    [['metadata.etag:x'], [2]],
    [['parts.name:b'], [3]],
    [['size:20'], [2]],
    [['size>=10', 'size<20'], [1]],
    [['size>10'], [2]],
    [['-size>10'], [1, 3, 4]],
    [['updated>=2026-01-15'], [2]],
    [['updated:2026-01-01T01:00:00+01:00'], [1]],
    [['enabled:false'], [2]],
    [['-enabled:true'], [2, 3, 4]],
    [['exists(size)'], [1, 2, 4]],
    [['!exists(size)'], [3]],
    [['exists(tags)'], [1]],
    [['exists(metadata.etag)'], [2]],
    [['name>=annual', 'name<b'], [2]],
  ])('given the filters %j, then %j are found', (filter, expected) => {
    expect(found(filter)).toEqual(expected);
  });

  test('given a range over an array, then one element has to lie in it', () => {
    const matches = compileMatch(parseSearch({ filter: ['size>=5', 'size<=6'] }, options));
    expect(matches({ size: [1, 9] })).toBe(false);
    expect(matches({ size: [1, 5.5] })).toBe(true);
  });

  test('given names that every object inherits, then they are not values', () => {
    const matches = compileMatch(
      parseSearch({ filter: 'exists(constructor)' }, { ...options, fields: { constructor: 'text' as const } }),
    );
    expect(matches({})).toBe(false);
    expect(matches({ constructor: 'x' })).toBe(true);
  });
});

describe('the order of sources', () => {
  const sorted = (sort: string) => {
    return [...sources].sort(compareBySort(parseSearch({ sort }, options).sort)).map(({ id }) => id);
  };

  test('given keys, then they decide in turn, both ways', () => {
    expect(sorted('name')).toEqual([4, 1, 2, 3]);
    expect(sorted('name:desc')).toEqual([3, 2, 1, 4]);
    expect(sorted('enabled,name:desc')).toEqual([2, 1, 3, 4]);
    expect(sorted('')).toEqual([1, 2, 3, 4]);
  });

  test('given missing values, then they come last both ways, and numbers come before text', () => {
    expect(sorted('size:asc')).toEqual([1, 2, 4, 3]);
    expect(sorted('size:desc')).toEqual([4, 2, 1, 3]);
    expect(sorted('updated:desc')).toEqual([2, 1, 3, 4]);
  });

  test('given text, then it is in the order of its UTF-8 bytes', () => {
    const names = ['\u{1f600}', '\uff5e', 'b', 'B', 'é', ''];
    const order = compareBySort([{ field: 'name', direction: 'asc' }]);
    expect(
      names
        .map((name) => ({ name }))
        .sort(order)
        .map(({ name }) => name),
    ).toEqual(['', 'B', 'b', 'é', '\uff5e', '\u{1f600}']);
  });

  test('given any values, then the order is one: antisymmetric and transitive', () => {
    const value = fc.oneof(
      fc.string(),
      fc.integer(),
      fc.boolean(),
      fc.constant(null),
      fc.constant(undefined),
      fc.object(),
      fc.array(fc.integer()),
    );
    const order = compareBySort([{ field: 'v', direction: 'desc' }]);
    fc.assert(
      fc.property(value, value, value, (x, y, z) => {
        const [a, b, c] = [{ v: x }, { v: y }, { v: z }];
        expect(order(a, b) + order(b, a)).toBe(0);
        if (order(a, b) <= 0 && order(b, c) <= 0) expect(order(a, c)).toBeLessThanOrEqual(0);
      }),
    );
  });
});
