import { describe, expect, test } from 'vitest';
import { decodeCursor, encodeCursor } from '#core/search/search-cursor.ts';
import keys from '../../vectors/keys.json' with { type: 'json' };

const text = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
const at = `ds.${Buffer.from('a').toString('base64url')}`;

describe('a cursor', () => {
  test.each([...keys.keys.map(({ key }) => key), '\u0001'.repeat(1024)])(
    'given the key %j, then it comes back',
    (key) => {
      const position = { datasource: 'my.ds', key, whole: key.endsWith('/'), hits: 12_345 };
      const cursor = encodeCursor(position);
      expect(cursor.length).toBeLessThan(2048);
      expect(cursor).toMatch(/^[\w-]+$/);
      expect(decodeCursor(cursor)).toEqual(position);
    },
  );

  test.each([
    'abc',
    '%%%',
    text(null),
    text('x'),
    text({ at }),
    text({ at, whole: false }),
    text({ at, whole: false, hits: -1 }),
    text({ at, whole: true, hits: 1 }),
    text({ at, whole: false, hits: 1.5 }),
    text({ at, whole: 'no', hits: 0 }),
    text({ at: 'ds.', whole: false, hits: 0 }),
    text({ at: '../x', whole: false, hits: 0 }),
    text({ at, whole: false, hits: 0, more: 1 }),
  ])('given %s, then it is refused', (cursor) => {
    expect(() => decodeCursor(cursor)).toThrow(expect.objectContaining({ code: 'invalid_request' }));
  });
});
