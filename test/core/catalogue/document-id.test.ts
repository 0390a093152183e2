import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { documentId, parseDocumentId } from '#core/catalogue/document-id.ts';
import { utf8Length } from '#core/keys/byte-order.ts';
import keys from '../../vectors/keys.json' with { type: 'json' };

const longKeys = ['k'.repeat(1024), `${'한'.repeat(341)}k`];

describe('a document id', () => {
  test.each([...keys.keys.map(({ key }) => key), ...longKeys])('given the key %j, then its id gives it back', (key) => {
    const id = documentId('my.data-source_1', key);
    expect(id).toMatch(/^my\.data-source_1\.[\w-]+$/);
    expect(parseDocumentId(id)).toEqual({ datasource: 'my.data-source_1', key });
  });

  test('given any key, then its id gives it back and no other text does', () => {
    const key = fc.string({ unit: 'binary', minLength: 1 }).filter((text) => utf8Length(text) <= 1024);
    fc.assert(
      fc.property(key, fc.string({ unit: 'binary' }), (one, other) => {
        expect(parseDocumentId(documentId('d', one))).toEqual({ datasource: 'd', key: one });
        const read = parseDocumentId(other);
        if (read !== undefined) expect(documentId(read.datasource, read.key)).toBe(other);
      }),
    );
  });

  test.each([
    ['no dot', 'abc'],
    ['nothing', ''],
    ['an empty key', 'ds.'],
    ['no datasource', '.YQ'],
    ['an unknown kind of datasource id', '_x.YQ'],
    ['a datasource id that is too long', `${'d'.repeat(65)}.YQ`],
    ['padding', 'ds.YQ=='],
    ['stray bits', 'ds.YR'],
    ['the other alphabet', `ds.${Buffer.from('~~~??>').toString('base64')}`],
    ['bytes that are no UTF-8', `ds.${Buffer.from([0xff, 0xfe]).toString('base64url')}`],
    ['a key of 1,025 bytes', documentId('ds', 'k'.repeat(1025))],
    ['characters that are no base64', 'ds.Y Q'],
  ])('given %s, then it is no id', (_, text) => {
    expect(parseDocumentId(text)).toBeUndefined();
  });
});
