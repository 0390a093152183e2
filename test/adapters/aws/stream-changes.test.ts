import type { DynamoDBRecord } from 'aws-lambda';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { toAttributes } from '#adapters/aws/dynamodb-table-values.ts';
import { readStreamRecord } from '#adapters/aws/stream-changes.ts';
import type { Item } from '#core/model/ports/table.ts';

type Images = NonNullable<DynamoDBRecord['dynamodb']>;

const item: Item = {
  pk: 'record#u1#r1',
  sk: 'photos/é 日 𐀀.jpg',
  size: 5e9,
  quiet: true,
  gone: null,
  nested: { list: [1, 'x', {}, []], empty: '' },
};
const key = { pk: item.pk, sk: item.sk };
const older: Item = { ...key, size: 1 };

/** As Lambda hands it over: plain JSON. */
function record(eventName: DynamoDBRecord['eventName'], before?: Item, after?: Item): DynamoDBRecord {
  const images = {
    Keys: toAttributes(key),
    ...(before && { OldImage: toAttributes(before) }),
    ...(after && { NewImage: toAttributes(after) }),
    SequenceNumber: '111',
    StreamViewType: 'NEW_AND_OLD_IMAGES',
  };
  return { eventName, dynamodb: JSON.parse(JSON.stringify(images)) as Images };
}

describe('stream records', () => {
  test('given an insert, then there is only an after', () => {
    expect(readStreamRecord(record('INSERT', undefined, item))).toEqual({ key, after: item });
  });

  test('given a modification, then there are both', () => {
    expect(readStreamRecord(record('MODIFY', older, item))).toEqual({ key, before: older, after: item });
  });

  test('given a removal, then there is only a before', () => {
    expect(readStreamRecord(record('REMOVE', item))).toEqual({ key, before: item });
  });

  test('given an image that a newer version wrote, then the batch is refused, for the next version to read', () => {
    const newer = { ...item, v: 2 };
    for (const each of [record('INSERT', undefined, newer), record('MODIFY', newer, item), record('REMOVE', newer)]) {
      expect(() => readStreamRecord(each)).toThrow(/was written by a newer Stocktake/);
    }
  });

  test('given any item, then it is read as it was written', () => {
    const value = fc.jsonValue({ maxDepth: 4 }).filter((json) => !JSON.stringify(json).includes('__proto__'));
    fc.assert(
      fc.property(fc.dictionary(fc.stringMatching(/^[a-z]{3,8}$/), value), (attributes) => {
        const after = JSON.parse(JSON.stringify({ ...attributes, ...key }));
        expect(readStreamRecord(record('INSERT', undefined, after))).toEqual({ key, after });
      }),
    );
  });

  test.each([
    ['an insert without its image', record('INSERT')],
    ['a modification without the old image', record('MODIFY', undefined, item)],
    ['a removal without its image', record('REMOVE')],
    ['no keys', { eventName: 'INSERT', dynamodb: {} } satisfies DynamoDBRecord],
    ['nothing', {}],
    [
      'a binary',
      {
        eventName: 'INSERT',
        dynamodb: { Keys: { pk: { S: 'a' }, sk: { S: 'b' } }, NewImage: { x: { B: 'AA==' } } },
      } satisfies DynamoDBRecord,
    ],
  ])('given %s, then it throws', (_, broken) => {
    expect(() => readStreamRecord(broken)).toThrow();
  });
});
