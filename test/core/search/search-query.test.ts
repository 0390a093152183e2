import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Failure } from '#core/model/errors.ts';
import { parseSearch, type SearchParameters } from '#core/search/search-query.ts';

const options = {
  fields: {
    name: 'text',
    category: 'text',
    'metadata.etag': 'text',
    size: 'number',
    updated: 'date',
    enabled: 'boolean',
  },
  sortable: ['name', 'size', 'updated'],
} as const;
const search = (parameters: SearchParameters) => parseSearch(parameters, options);
const filter = (...filters: string[]) => search({ filter: filters }).filters;
const only = (text: string) => {
  const [found] = filter(text);
  return [...found!.anyOf, ...found!.allOf, ...found!.noneOf][0]!;
};

function failure(action: () => unknown): Failure {
  try {
    action();
  } catch (error) {
    if (error instanceof Failure) return error;
    throw error;
  }
  throw new Error('it was taken');
}

describe('the parameters of a search', () => {
  test('given none, then the defaults hold', () => {
    expect(search({})).toEqual({
      query: '',
      textFields: ['name', 'category', 'metadata.etag'],
      from: 0,
      size: 10,
      sort: [],
      filters: [],
    });
  });

  test('given all, then all are read', () => {
    const query = search({
      query: 'a b',
      from: '20',
      size: '30',
      sort: 'name:asc,size:DESC,updated',
      filter: 'name:x',
      other: 'y',
    });
    expect(query).toMatchObject({ query: 'a b', from: 20, size: 30 });
    expect(query.sort).toEqual([
      { field: 'name', direction: 'asc' },
      { field: 'size', direction: 'desc' },
      { field: 'updated', direction: 'asc' },
    ]);
    expect(search({ cursor: 'abc', size: '1000' })).toMatchObject({ cursor: 'abc', size: 1000 });
    expect(search({ cursor: '', from: '', size: '', sort: '', filter: '' })).toEqual(search({}));
  });

  test('given text fields, then they are where the words are looked for', () => {
    expect(parseSearch({}, { ...options, textFields: ['name'] }).textFields).toEqual(['name']);
  });

  test.each([[{ size: '0' }], [{ size: '1000', from: '9000' }], [{ from: '9990' }], [{ size: '10000' }]])(
    'given %j, then it is taken',
    (parameters) => {
      expect(() => search(parameters)).not.toThrow();
    },
  );

  test.each<[SearchParameters, string, string]>([
    [{ size: '10001' }, 'size', 'from 0 to 10000'],
    [{ size: '-1' }, 'size', 'from 0 to 10000'],
    [{ size: '1.5' }, 'size', 'from 0 to 10000'],
    [{ size: 'ten' }, 'size', 'from 0 to 10000'],
    [{ size: '1e2' }, 'size', 'from 0 to 10000'],
    [{ from: '-1' }, 'from', 'whole number'],
    [{ from: '9991' }, 'from', 'go on with cursor'],
    [{ from: '9001', size: '1000' }, 'from', 'go on with cursor'],
    [{ from: '999999999999999999' }, 'from', 'whole number'],
    [{ from: '1', cursor: 'abc' }, 'from', 'together with a cursor'],
    [{ query: ['a', 'b'] }, 'query', 'more than once'],
    [{ query: 'x'.repeat(1025) }, 'query', 'at most 1024'],
    [{ cursor: 'x'.repeat(9000) }, 'cursor', 'not one of ours'],
    [{ sort: 'category' }, 'sort', 'possible are name, size, updated'],
    [{ sort: 'name:up' }, 'sort', 'field:asc or field:desc'],
    [{ sort: 'name:asc:desc' }, 'sort', 'field:asc or field:desc'],
    [{ sort: 'name,name:desc' }, 'sort', 'twice'],
    [{ sort: ',' }, 'sort', 'cannot sort by ""'],
    [{ filter: Array.from({ length: 101 }, () => 'name:a') }, 'filter', 'at most 100'],
  ])('given %j, then %s is refused: %s', (parameters, path, words) => {
    const { code, details, message } = failure(() => search(parameters));
    expect(code).toBe('invalid_request');
    expect(details[0]).toMatchObject({ path });
    expect(details[0]?.reason).toContain(words);
    expect(message).toContain(words);
  });

  test('given several mistakes, then one failure tells them all', () => {
    const { details } = failure(() => search({ size: 'x', sort: 'nope', filter: ['name:a', 'nope:b', 'size:c'] }));
    expect(details.map(({ path }) => path)).toEqual(['size', 'sort', 'filter.1', 'filter.2']);
  });
});

describe('a filter', () => {
  test.each<[string, object]>([
    ['name:a', { field: 'name', operator: 'any', values: ['a'], negated: false }],
    ['name=a', { operator: 'any', values: ['a'] }],
    ['-name:a', { operator: 'any', values: ['a'], negated: true }],
    ['!name:a', { operator: 'any', values: ['a'], negated: true }],
    ['name:a:b=c,d', { values: ['a:b=c,d'] }],
    ['name: a ', { values: [' a '] }],
    ['name:=a', { values: ['=a'] }],
    ['name:""', { values: [''] }],
    ['name:"a \\"b\\" \\\\ \\c"', { values: ['a "b" \\ c'] }],
    ['name:"any(a,b)"', { values: ['any(a,b)'] }],
    ['name:a"b', { values: ['a"b'] }],
    ['name:back\\slash', { values: ['back\\slash'] }],
    ['name:new\nline', { values: ['new\nline'] }],
    ['name:any(a,b)', { values: ['a', 'b'] }],
    ['name=any(a,b)', { values: ['a', 'b'] }],
    ['name:any( a , b c )', { values: ['a', 'b c'] }],
    ['name:any("a,b", "c)" ,d)', { values: ['a,b', 'c)', 'd'] }],
    ['name:any("")', { values: [''] }],
    ['name:any(f(x))', { values: ['f(x)'] }],
    ['metadata.etag:abc', { field: 'metadata.etag' }],
    ['size:5', { values: [5] }],
    ['size:any(1,-2.5,1e3)', { values: [1, -2.5, 1000] }],
    ['size>=5', { operator: '>=', value: 5 }],
    ['size<=5', { operator: '<=', value: 5 }],
    ['size>5', { operator: '>', value: 5 }],
    ['size<"5"', { operator: '<', value: 5 }],
    ['-size<5', { operator: '<', value: 5, negated: true }],
    ['name>=m', { operator: '>=', value: 'm' }],
    ['updated>=2026-01-31', { operator: '>=', value: Date.UTC(2026, 0, 31) }],
    ['updated<2026-01-31T02:00:00+02:00', { value: Date.UTC(2026, 0, 31) }],
    ['updated:2026-01-31T00:00:00.5Z', { values: [Date.UTC(2026, 0, 31) + 500] }],
    ['enabled:true', { values: [true] }],
    ['enabled:any(true,false)', { values: [true, false] }],
    ['exists(name)', { field: 'name', operator: 'exists', negated: false }],
    ['-exists( metadata.etag )', { field: 'metadata.etag', operator: 'exists', negated: true }],
  ])('given %j, then it is read as %j', (text, expected) => {
    expect(only(text)).toMatchObject(expected);
  });

  test.each([
    ['nope:a', 'known are name, category, metadata.etag, size, updated, enabled'],
    ['toString:a', 'unknown field "toString"'],
    ['__proto__:a', 'unknown field "__proto__"'],
    ['exists(nope)', 'unknown field "nope"'],
    ['exists(name', 'no operator'],
    ['name', 'has no operator after "name"'],
    ['--name:a', 'does not begin with a field'],
    [':a', 'does not begin with a field'],
    ['name:', 'write "" for an empty one'],
    ['name:"a', 'not closed'],
    ['name:"a"b', 'after the closing quote'],
    ['name:any(a,b', 'without its ) at the end'],
    ['name:any()', 'empty or half-quoted'],
    ['name:any(a,)', 'empty or half-quoted'],
    ['name:any("a"b)', 'empty or half-quoted'],
    ['name:any("a)', 'not closed'],
    [`name:any(${'a,'.repeat(100)}a)`, 'more than 100 values'],
    [`name:${'a'.repeat(5000)}`, 'at most 4096 characters'],
    ['size:abc', '"size" takes a number'],
    ['size:', 'no value'],
    ['size:0x10', 'takes a number'],
    ['size:NaN', 'takes a number'],
    ['size:1e999', 'takes a number'],
    ['size>= 5', 'takes a number'],
    ['enabled:yes', 'takes true or false'],
    ['enabled>false', 'has no order'],
    ['updated>yesterday', 'takes a date'],
    ['updated>2026-02-30', 'takes a date'],
    ['updated>2026-01-31T00:00:00', 'takes a date'],
  ])('given %j, then the reason says %j', (text, words) => {
    const { details } = failure(() => filter(text));
    expect(details).toHaveLength(1);
    expect(details[0]?.reason).toContain(words);
    expect(details[0]?.reason.length).toBeLessThan(300);
  });

  test('given several of one field, then equals are alternatives, comparisons a range, negations exclusions', () => {
    const [size, name] = filter('size:1', 'name:a', 'size>=2', '-size:5', 'size<9', 'exists(size)', '!size>7');
    expect(size).toMatchObject({
      field: 'size',
      anyOf: [{ values: [1] }, { operator: 'exists' }],
      allOf: [{ value: 2 }, { value: 9 }],
    });
    expect(size?.noneOf).toMatchObject([{ values: [5] }, { operator: '>', value: 7 }]);
    expect(name).toMatchObject({ field: 'name', anyOf: [{ values: ['a'] }], allOf: [], noneOf: [] });
  });

  test('given any value in quotes, then it comes back as it was', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: 'binary' }), { minLength: 1, maxLength: 5 }), (values) => {
        const quoted = values.map((value) => `"${value.replace(/["\\]/g, '\\$&')}"`);
        expect(only(`name:any(${quoted.join(' , ')})`)).toMatchObject({ values });
        expect(only(`name:${quoted[0]}`)).toMatchObject({ values: [values[0]] });
      }),
    );
  });

  test('given any text, then it is read or refused, never a defect', () => {
    const text = fc.array(
      fc.constantFrom(
        'name',
        'size',
        ':',
        '=',
        '>=',
        '<',
        '-',
        '!',
        'any(',
        'exists(',
        ')',
        '"',
        '\\',
        ',',
        ' ',
        '1',
        'é',
      ),
      { maxLength: 8 },
    );
    fc.assert(
      fc.property(text, (parts) => {
        try {
          filter(parts.join(''));
        } catch (error) {
          expect(error).toBeInstanceOf(Failure);
        }
      }),
    );
  });
});
