import { beforeEach, describe, expect, test } from 'vitest';
import { createRandomIds } from '#adapters/process/random-ids.ts';
import { openSqliteTable } from '#adapters/sqlite/sqlite-table.ts';
import { type Cursors, openCursors } from '#core/search/search-cursor.ts';
import keys from '../../vectors/keys.json' with { type: 'json' };

const text = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
const payloadOf = (cursor: string) => JSON.parse(Buffer.from(cursor, 'base64url').toString());
const at = `ds.${Buffer.from('a').toString('base64url')}`;
const refusal = expect.objectContaining({ code: 'invalid_request', message: expect.stringContaining('begin anew') });

const installation = () => ({ table: openSqliteTable(':memory:'), ids: createRandomIds() });
let deps: ReturnType<typeof installation>;
let cursors: Cursors;
beforeEach(async () => {
  deps = installation();
  cursors = await openCursors(deps, ['asked']);
});

describe('a cursor', () => {
  test.each([...keys.keys.map(({ key }) => key), '\u0001'.repeat(1024)])(
    'given the key %j, then it comes back',
    (key) => {
      const position = { datasource: 'my.ds', key, whole: key.endsWith('/'), hits: 12_345 };
      const cursor = cursors.write(position);
      expect(cursor.length).toBeLessThan(2048);
      expect(cursor).toMatch(/^[\w-]+$/);
      expect(cursors.read(cursor)).toEqual(position);
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
    text({ at, whole: false, hits: 0, mac: '' }),
    text({ at, whole: false, hits: 0, mac: '0'.repeat(32) }),
    text({ at, whole: false, hits: 0, mac: 'é'.repeat(32) }),
    text({ at, whole: false, hits: 0, more: 1 }),
  ])('given %s, which nobody signed, then it is refused', (cursor) => {
    expect(() => cursors.read(cursor)).toThrow(refusal);
  });

  test('given one as it was before cursors were signed, then it is refused and says to begin anew', () => {
    expect(() => cursors.read(text({ at, whole: false, hits: 7 }))).toThrow(refusal);
  });

  test.each([
    { at: `other.${Buffer.from('a').toString('base64url')}` },
    { at: `ds.${Buffer.from('b').toString('base64url')}` },
    { whole: true },
    { hits: 1_000_000 },
    { mac: undefined },
    { more: 1 },
  ])('given one in which %j is changed, then it is refused', (change) => {
    const cursor = cursors.write({ datasource: 'ds', key: 'a', whole: false, hits: 3 });
    expect(() => cursors.read(text({ ...payloadOf(cursor), ...change }))).toThrow(refusal);
  });

  test('given one of another search, or of another installation, then it is refused', async () => {
    const cursor = cursors.write({ datasource: 'ds', key: 'a', whole: false, hits: 3 });
    const same = await openCursors(deps, ['asked']);
    expect(same.read(cursor)).toMatchObject({ key: 'a' });
    for (const other of [await openCursors(deps, ['else']), await openCursors(installation(), ['asked'])]) {
      expect(() => other.read(cursor)).toThrow(refusal);
    }
  });
});
