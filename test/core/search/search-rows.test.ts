import { describe, expect, test } from 'vitest';
import type { SearchFields } from '#core/search/search-filter.ts';
import { searchRows } from '#core/search/search-rows.ts';

const fields: SearchFields = { id: 'text', name: 'text', enabled: 'boolean', created: 'date' };
const rows = [
  { id: 'b', name: 'Books', enabled: true },
  { id: 'a', name: 'Audio', enabled: false },
  { id: 'c', name: 'Cabinet of books', enabled: true },
];
const ids = (parameters: Record<string, string>) => searchRows(rows, parameters, fields).hits.map(({ id }) => id);

describe('a search of rows', () => {
  test.each<[Record<string, string>, string[]]>([
    [{}, ['b', 'a', 'c']],
    [{ query: 'BOOKS' }, ['b', 'c']],
    [{ filter: 'enabled:true', sort: 'id:desc' }, ['c', 'b']],
    [{ sort: 'name', from: '1', size: '1' }, ['b']],
    [{ query: 'nothing of the kind' }, []],
  ])('given %j, then it finds %j', (parameters, expected) => {
    expect(ids(parameters)).toEqual(expected);
  });

  test('given more hits than the page holds, then the total counts all and the rows stay as they were', () => {
    const page = searchRows(rows, { size: '1', sort: 'id' }, fields);
    expect(page).toEqual({ total: { value: 3, relation: 'eq' }, hits: [{ id: 'a', source: rows[1] }] });
    expect(rows.map(({ id }) => id)).toEqual(['b', 'a', 'c']);
  });

  test('given a row whose id is a number, then the hit shows it as text', () => {
    expect(searchRows([{ id: 123 }], {}, fields).hits).toEqual([{ id: '123', source: { id: '123' } }]);
  });

  test('given a cursor, then it is refused', () => {
    expect(() => ids({ cursor: 'abc' })).toThrow(expect.objectContaining({ code: 'invalid_request' }));
  });
});
