import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { compareKeys } from '#core/keys/byte-order.ts';
import { ConditionFailed } from '#core/model/errors.ts';
import type { Condition, Item, Key, Query, Table, TransactWrite } from '#core/model/ports/table.ts';
import { checkItem, TABLE_LIMITS } from '#core/table/table-limits.ts';

export type TableUnderTest = { readonly table: Table; close(): Promise<void> | void };

const vectors: { keys: { key: string }[] } = JSON.parse(
  readFileSync(new URL('../vectors/keys.json', import.meta.url), 'utf8'),
);

/** What every adapter of the Table port does. One table serves all tests; each has a partition of its own. */
export function tableContract(name: string, makeTable: () => Promise<TableUnderTest>): void {
  describe(`Table: ${name}`, () => {
    let subject: TableUnderTest;
    let partitions = 0;
    const open: Opened = {
      table: () => subject.table,
      partition: () => `partition ${++partitions}`,
    };
    beforeAll(async () => {
      subject = await makeTable();
    });
    afterAll(() => subject?.close());

    singleItems(open);
    conditions(open);
    transactions(open);
    keys(open);
    batches(open);
    queries(open);
    limits(open);
  });
}

type Opened = { table(): Table; partition(): string };

async function all(items: AsyncIterable<Item>): Promise<Item[]> {
  const found: Item[] = [];
  for await (const item of items) found.push(item);
  return found;
}

const sortKeys = (items: readonly Item[]) => items.map(({ sk }) => sk);

function singleItems({ table, partition }: Opened): void {
  test('given an item with nested values, when it is put and read, it comes back equal', async () => {
    const item = {
      pk: partition(),
      sk: 'nested',
      v: 1,
      text: '',
      astral: '😀 \u0000 \r\n \ufeff',
      numbers: [0, -1, 1.5, 1e21, 2 ** 53 - 1, 5e-7, 0.1 + 0.2],
      flags: { yes: true, no: false, nothing: null },
      empty: { list: [], map: {} },
      deep: [[{ a: [{ b: 'c' }] }]],
      constructor: 'a name like another',
      inherited: { toString: 'too', hasOwnProperty: null },
    };
    await table().put(item);
    expect(await table().get({ pk: item.pk, sk: item.sk })).toStrictEqual(item);
  });

  test('given any JSON, when it is put and read, it comes back equal', async () => {
    const pk = partition();
    const name = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 8 }).filter((text) => text !== '__proto__');
    const scalar = fc.oneof(
      fc.string({ unit: 'binary' }).filter((value) => value.isWellFormed()),
      fc.integer(),
      fc.double({ noNaN: true, min: -1e100, max: 1e100 }).filter((n) => n === 0 || Math.abs(n) > 1e-100),
      fc.boolean(),
      fc.constant(null),
    );
    const json = fc.letrec((tie) => ({
      value: fc.oneof({ maxDepth: 4 }, scalar, fc.array(tie('value')), fc.dictionary(name, tie('value'))),
    })).value;
    const property = fc.asyncProperty(json, async (value) => {
      await table().put({ pk, sk: 'json', value });
      const read = await table().get({ pk, sk: 'json' });
      // By way of JSON: -0 is written as 0, and maps have no prototype to compare.
      expect(JSON.parse(JSON.stringify(read))).toEqual(JSON.parse(JSON.stringify({ pk, sk: 'json', value })));
    });
    await fc.assert(property, { numRuns: 60 });
  });

  test('given no item, when it is read or deleted, nothing is there and nothing fails', async () => {
    const key = { pk: partition(), sk: 'missing' };
    expect(await table().get(key)).toBeUndefined();
    await table().delete(key);
    expect(await table().get(key)).toBeUndefined();
  });

  test('given an item that a newer version wrote, however it is read, it is refused in one sentence', async () => {
    const newer = { pk: partition(), sk: 'newer', v: 2, version: 1 };
    await table().put(newer);
    const refused = expect.objectContaining({
      code: 'other_form',
      message: expect.stringMatching(/by a newer Stocktake/),
    });
    await expect(table().get(newer)).rejects.toEqual(refused);
    await expect(table().batchGet([newer])).rejects.toEqual(refused);
    await expect(all(table().query({ pk: newer.pk }))).rejects.toEqual(refused);
    // It can be replaced by whoever knows what stands there, and then is read again
    await table().put({ ...newer, v: 1 }, { type: 'version', equals: 1 });
    expect(await table().get(newer)).toEqual({ ...newer, v: 1 });
  });

  test('given an item, when another is put at its key, the whole item is replaced', async () => {
    const key = { pk: partition(), sk: 'k' };
    await table().put({ ...key, old: 1, ttl: 5 });
    await table().put({ ...key, new: 2 });
    expect(await table().get(key)).toStrictEqual({ ...key, new: 2 });
  });

  test('given an item, when it is deleted by an object with more than a key, it is gone', async () => {
    const item = { pk: partition(), sk: 'k', more: true };
    await table().put(item);
    await table().delete(item);
    expect(await table().get(item)).toBeUndefined();
  });

  test('given an item whose ttl has passed, when it is read, it is still there', async () => {
    const item = { pk: partition(), sk: 'expired', ttl: 1 };
    await table().put(item);
    expect(await table().get(item)).toStrictEqual(item);
    expect(await all(table().query({ pk: item.pk }))).toStrictEqual([item]);
  });
}

/** What stands, the condition, and whether it holds. */
const CONDITION_CASES: [stored: Record<string, unknown> | undefined, condition: Condition, holds: boolean][] = [
  [undefined, { type: 'absent' }, true],
  [{}, { type: 'absent' }, false],
  [undefined, { type: 'version', equals: 1 }, false],
  [{}, { type: 'version', equals: 1 }, false],
  [{ version: 1 }, { type: 'version', equals: 1 }, true],
  [{ version: 2 }, { type: 'version', equals: 1 }, false],
  [{ version: '1' }, { type: 'version', equals: 1 }, false],
  [undefined, { type: 'fence', atMost: 7 }, true],
  [{}, { type: 'fence', atMost: 7 }, true],
  [{ fence: 6 }, { type: 'fence', atMost: 7 }, true],
  [{ fence: 7 }, { type: 'fence', atMost: 7 }, true],
  [{ fence: 8 }, { type: 'fence', atMost: 7 }, false],
  [{ fence: '6' }, { type: 'fence', atMost: 7 }, false],
  [{ fence: null }, { type: 'fence', atMost: 7 }, false],
  [undefined, { type: 'matches', equals: { etag: 'a' } }, false],
  [undefined, { type: 'matches', equals: { etag: 'a' }, lacks: ['gone'] }, false],
  [{}, { type: 'matches', equals: { etag: 'a' } }, false],
  [{ etag: 'a' }, { type: 'matches', equals: { etag: 'a' } }, true],
  [{ etag: 'b' }, { type: 'matches', equals: { etag: 'a' } }, false],
  [{ etag: 'a', size: 3 }, { type: 'matches', equals: { etag: 'a', size: 3 } }, true],
  [{ etag: 'a', size: '3' }, { type: 'matches', equals: { etag: 'a', size: 3 } }, false],
  [{ etag: 'a', size: 4 }, { type: 'matches', equals: { etag: 'a', size: 3 } }, false],
  [{ etag: '' }, { type: 'matches', equals: { etag: '' }, lacks: ['gone'] }, true],
  [{ etag: 'a', gone: null }, { type: 'matches', equals: { etag: 'a' }, lacks: ['gone'] }, false],
  [{ etag: 'a', status: 'x' }, { type: 'matches', equals: { etag: 'a', status: 'x' }, lacks: ['gone', 'ttl'] }, true],
];

function conditions({ table, partition }: Opened): void {
  test.each(CONDITION_CASES)(
    'given the attributes %j, the condition %j holds: %s, for every kind of write',
    async (...row) => {
      const [stored, condition, holds] = row;
      const key = { pk: partition(), sk: 'k' };
      const standing = stored && { ...key, ...stored };
      const next = { ...key, next: true };
      const writes: [(table: Table) => Promise<void>, Item | undefined][] = [
        [(t) => t.put(next, condition), next],
        [(t) => t.delete(key, condition), undefined],
        [(t) => t.transact([{ put: next, condition }]), next],
        [(t) => t.transact([{ delete: key, condition }]), undefined],
        [(t) => t.transact([{ check: key, condition }]), standing],
      ];
      for (const [write, outcome] of writes) {
        await (standing ? table().put(standing) : table().delete(key));
        const answer = await write(table()).then(
          () => 'written',
          (error: unknown) => error,
        );
        if (holds) expect(answer).toBe('written');
        else expect(answer).toMatchObject({ name: 'ConditionFailed', index: 0 });
        expect(await table().get(key)).toStrictEqual(holds ? outcome : standing);
      }
    },
  );

  test('given two writers who read the same version, when both write, exactly one wins', async () => {
    const key = { pk: partition(), sk: 'contended' };
    for (let version = 1; version <= 10; version++) {
      await table().put({ ...key, version, owner: 'nobody' });
      const race = ['one', 'two'].map((owner) =>
        table().put({ ...key, version: version + 1, owner }, { type: 'version', equals: version }),
      );
      const results = await Promise.allSettled(race);
      const winner = results.findIndex(({ status }) => status === 'fulfilled');
      const loser = results[1 - winner];
      expect(loser?.status === 'rejected' && loser.reason).toBeInstanceOf(ConditionFailed);
      expect(await table().get(key)).toMatchObject({ owner: ['one', 'two'][winner] });
    }
  });
}

function transactions({ table, partition }: Opened): void {
  test('given conditions that hold, when a transaction is made, all of its writes stand', async () => {
    const pk = partition();
    await table().batchWrite([{ put: { pk, sk: 'gone' } }, { put: { pk, sk: 'checked', fence: 3 } }]);
    await table().transact([
      { put: { pk, sk: 'new' }, condition: { type: 'absent' } },
      { delete: { pk, sk: 'gone' } },
      { check: { pk, sk: 'checked' }, condition: { type: 'fence', atMost: 3 } },
      { put: { pk: `${pk} other`, sk: 'elsewhere' } },
    ]);
    expect(sortKeys(await all(table().query({ pk })))).toEqual(['checked', 'new']);
    expect(await table().get({ pk: `${pk} other`, sk: 'elsewhere' })).toBeDefined();
  });

  test.each([0, 1, 3])('given a condition that fails at %i, it is named and nothing is written', async (failing) => {
    const pk = partition();
    await table().put({ pk, sk: 'standing', version: 1 });
    const writes: TransactWrite[] = ['a', 'b', 'c', 'd'].map((sk) => ({ put: { pk, sk } }));
    writes[failing] = { check: { pk, sk: 'standing' }, condition: { type: 'version', equals: 2 } };
    await expect(table().transact(writes)).rejects.toMatchObject({ name: 'ConditionFailed', index: failing });
    expect(sortKeys(await all(table().query({ pk })))).toEqual(['standing']);
  });

  test('given two conditions that fail, the first of them is named', async () => {
    const pk = partition();
    const condition: Condition = { type: 'version', equals: 1 };
    const writes: TransactWrite[] = [
      { put: { pk, sk: 'a' } },
      { put: { pk, sk: 'b' }, condition },
      { delete: { pk, sk: 'c' }, condition },
    ];
    await expect(table().transact(writes)).rejects.toMatchObject({ index: 1 });
  });

  test('given 100 writes, when they are made in one transaction, all stand', async () => {
    const pk = partition();
    await table().transact(Array.from({ length: 100 }, (_, n) => ({ put: { pk, sk: `${n}` } })));
    expect(await all(table().query({ pk }))).toHaveLength(100);
  });

  test('given transactions that race for one key, when each demands its absence, exactly one stands whole', async () => {
    const pk = partition();
    const race = ['one', 'two', 'three'].map((owner) =>
      table().transact([
        { put: { pk, sk: 'lease', owner }, condition: { type: 'absent' } },
        { put: { pk, sk: `trace of ${owner}` } },
      ]),
    );
    const results = await Promise.allSettled(race);
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    for (const result of results) {
      if (result.status === 'rejected') expect(result.reason).toBeInstanceOf(ConditionFailed);
    }
    const lease = await table().get({ pk, sk: 'lease' });
    expect(sortKeys(await all(table().query({ pk })))).toEqual(['lease', `trace of ${lease?.owner}`]);
  });
}

/** The longest sort keys there are, and characters that tear stores apart. */
const HARD_KEYS = [
  ...vectors.keys.map(({ key }) => key),
  'x'.repeat(1024),
  `${'한'.repeat(341)}x`,
  '\u0000',
  'a\u0000b',
  'a\u0000c',
  'a\u0001',
  '\ufeffbyte order mark',
  '\ud7ff',
  '\ue000',
  '\uffff',
  '\u{10000}',
  '\u{10ffff}',
  'a',
  'A',
];

function keys({ table, partition }: Opened): void {
  test('given every hard key as sort key, each comes back byte-equal by every way of reading', async () => {
    const pk = partition();
    for (const sk of HARD_KEYS) await table().put({ pk, sk, own: sk });
    for (const sk of HARD_KEYS) expect(await table().get({ pk, sk })).toStrictEqual({ pk, sk, own: sk });
    const inOrder = HARD_KEYS.toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
    expect(sortKeys(await all(table().query({ pk })))).toEqual(inOrder);
    const got = await table().batchGet(HARD_KEYS.map((sk) => ({ pk, sk })));
    expect(sortKeys(got).toSorted(compareKeys)).toEqual(inOrder);
    for (const sk of HARD_KEYS) await table().delete({ pk, sk });
    expect(await all(table().query({ pk }))).toEqual([]);
  });

  test('given hard texts as partition keys, each is a partition of its own', async () => {
    const prefix = partition();
    for (const text of HARD_KEYS) await table().put({ pk: prefix + text, sk: 'k', own: text });
    for (const text of HARD_KEYS) {
      const item = { pk: prefix + text, sk: 'k', own: text };
      expect(await all(table().query({ pk: prefix + text }))).toStrictEqual([item]);
    }
  });

  test('given U+FF5E and U+1F600, they are ordered by their bytes, not as JavaScript does', async () => {
    const pk = partition();
    await table().batchWrite(['😀', '\uff5e'].map((sk) => ({ put: { pk, sk } })));
    expect(sortKeys(await all(table().query({ pk })))).toEqual(['\uff5e', '😀']);
    expect(sortKeys(await all(table().query({ pk, after: '\uff5e' })))).toEqual(['😀']);
    expect(sortKeys(await all(table().query({ pk, direction: 'descending', limit: 1 })))).toEqual(['😀']);
  });
}

function batches({ table, partition }: Opened): void {
  test('given 1,000 writes with duplicates, the last one of each key stands', async () => {
    const pk = partition();
    await table().put({ pk, sk: 'deleted', n: 0 });
    const puts = Array.from({ length: 998 }, (_, n) => ({ put: { pk, sk: `key ${n % 700}`, n } }));
    await table().batchWrite([{ put: { pk, sk: 'deleted', n: 1 } }, ...puts, { delete: { pk, sk: 'deleted' } }]);
    const items = await all(table().query({ pk }));
    expect(items).toHaveLength(700);
    expect(items.find(({ sk }) => sk === 'key 5')?.n).toBe(705);
    expect(items.find(({ sk }) => sk === 'key 299')?.n).toBe(299);
  });

  test('given a delete before a put of the same key in one batch, the put stands', async () => {
    const item = { pk: partition(), sk: 'k' };
    await table().batchWrite([{ delete: item }, { put: item }]);
    expect(await table().get(item)).toStrictEqual(item);
  });

  test('given 250 keys of which some are missing or doubled, a batch get finds each item once', async () => {
    const pk = partition();
    const keys = Array.from({ length: 250 }, (_, n): Key => ({ pk, sk: String(n).padStart(3, '0') }));
    const stored = keys.filter((_, n) => n % 3 > 0);
    await table().batchWrite(stored.map((key) => ({ put: { ...key, value: key.sk } })));
    const items = await table().batchGet([...keys, ...keys.slice(0, 50)]);
    expect(items.toSorted((a, b) => compareKeys(a.sk, b.sk))).toStrictEqual(
      stored.map((key) => ({ ...key, value: key.sk })),
    );
  });

  test('given items of more than 16 MB together, a batch get finds all of them', async () => {
    const pk = partition();
    const keys = Array.from({ length: 48 }, (_, n): Key => ({ pk, sk: `${n}` }));
    await table().batchWrite(keys.map((key) => ({ put: { ...key, filler: 'x'.repeat(380_000) } })));
    expect(await table().batchGet(keys)).toHaveLength(48);
  });

  test('given nothing to do, batches and transactions do nothing', async () => {
    await table().batchWrite([]);
    await table().transact([]);
    expect(await table().batchGet([])).toEqual([]);
  });
}

/** The answer that a query must give, from the sort keys there are. */
function expected(sortKeys: readonly string[], query: Query): string[] {
  const inside = sortKeys.filter(
    (sk) =>
      (query.from === undefined || compareKeys(sk, query.from) >= 0) &&
      (query.after === undefined || compareKeys(sk, query.after) > 0) &&
      (query.through === undefined || compareKeys(sk, query.through) <= 0) &&
      (query.before === undefined || compareKeys(sk, query.before) < 0),
  );
  const inOrder = inside.toSorted(compareKeys);
  return (query.direction === 'descending' ? inOrder.toReversed() : inOrder).slice(0, query.limit);
}

function queries({ table, partition }: Opened): void {
  test('given any slice, limit and direction, a query answers like the model', async () => {
    const pk = partition();
    const stored = ['\u0000', 'a', 'a\u0000', 'a/', 'a/1', 'a/2', 'b', 'b😀', 'b\uff5e', 'c', 'é', '\uff5e', '😀'];
    await table().batchWrite(stored.map((sk) => ({ put: { pk, sk } })));
    await table().put({ pk: `${pk}0`, sk: 'a' });
    const bound = fc.oneof(fc.constantFrom(...stored), fc.string({ unit: 'grapheme', maxLength: 2 }));
    const slice: fc.Arbitrary<Query> = fc
      .tuple(
        fc.oneof(fc.constant({}), fc.record({ from: bound }), fc.record({ after: bound })),
        fc.oneof(fc.constant({}), fc.record({ through: bound }), fc.record({ before: bound })),
        fc.oneof(fc.constant({}), fc.record({ limit: fc.integer({ min: 0, max: stored.length + 1 }) })),
        fc.oneof(fc.constant({}), fc.record({ direction: fc.constantFrom('ascending', 'descending') })),
      )
      .map((parts) => Object.assign({ pk }, ...parts));
    const property = fc.asyncProperty(slice, async (query) => {
      expect(sortKeys(await all(table().query(query)))).toEqual(expected(stored, query));
    });
    await fc.assert(property, { numRuns: 400 });
  });

  test('given bounds at the same or crossed keys, the slice is as wide as they say', async () => {
    const pk = partition();
    await table().batchWrite(['a', 'b', 'c'].map((sk) => ({ put: { pk, sk } })));
    const answer = async (query: Omit<Query, 'pk'>) => sortKeys(await all(table().query({ pk, ...query })));
    expect(await answer({ from: 'b', through: 'b' })).toEqual(['b']);
    expect(await answer({ after: 'b', through: 'b' })).toEqual([]);
    expect(await answer({ from: 'b', before: 'b' })).toEqual([]);
    expect(await answer({ from: 'c', through: 'a' })).toEqual([]);
    expect(await answer({ from: '😀', through: '\uff5e' })).toEqual([]);
    expect(await answer({ after: 'a', before: 'c', limit: 1, direction: 'descending' })).toEqual(['b']);
    expect(await answer({ from: '' })).toEqual(['a', 'b', 'c']);
    expect(await answer({ through: '' })).toEqual([]);
  });

  test('given 600 items of 4 KB, more than a page, a query gives all in order, both ways, and limited', async () => {
    const pk = partition();
    const names = Array.from({ length: 600 }, (_, n) => String(n).padStart(4, '0'));
    await table().batchWrite(names.map((sk) => ({ put: { pk, sk, filler: 'x'.repeat(4000) } })));
    expect(sortKeys(await all(table().query({ pk })))).toEqual(names);
    expect(sortKeys(await all(table().query({ pk, direction: 'descending' })))).toEqual(names.toReversed());
    const slice = { pk, after: '0001', before: '0598', limit: 590 };
    expect(sortKeys(await all(table().query(slice)))).toEqual(names.slice(2, 592));
  });

  test('given an open query, when the consumer deletes and puts items, it goes on and sees what is ahead', async () => {
    const pk = partition();
    const names = Array.from({ length: 1200 }, (_, n) => String(n).padStart(5, '0'));
    await table().batchWrite(names.map((sk) => ({ put: { pk, sk, filler: 'x'.repeat(1000) } })));
    const seen: string[] = [];
    for await (const { sk } of table().query({ pk })) {
      seen.push(sk);
      if (seen.length % 200 === 1) await table().transact([{ delete: { pk, sk } }, { put: { pk, sk: `z${sk}` } }]);
    }
    expect(seen.slice(0, 1200)).toEqual(names);
    expect(seen.slice(1200)).toContain('z00000');
  });

  test('given a query of which only the beginning is taken, the table goes on to work', async () => {
    const pk = partition();
    await table().batchWrite(['a', 'b', 'c'].map((sk) => ({ put: { pk, sk } })));
    for await (const { sk } of table().query({ pk })) if (sk === 'b') break;
    await table().put({ pk, sk: 'd' });
    expect(await all(table().query({ pk }))).toHaveLength(4);
  });
}

function limits({ table, partition }: Opened): void {
  const refusedItems: [string, Record<string, unknown>][] = [
    ['an empty sort key', { sk: '' }],
    ['a sort key of 1,025 bytes', { sk: 'x'.repeat(1025) }],
    ['a sort key of 342 three-byte characters', { sk: '한'.repeat(342) }],
    ['a sort key with a lone surrogate', { sk: 'a\ud800' }],
    ['an empty partition key', { pk: '' }],
    ['a partition key of 2,049 bytes', { pk: 'x'.repeat(2049) }],
    ['an undefined value', { value: undefined }],
    ['a value that is not a number', { value: [Number.NaN] }],
    ['a number too large', { value: 1e126 }],
    ['a number too small', { value: 1e-131 }],
    ['a value with a lone surrogate', { value: { deep: '\udc00' } }],
    ['a date', { value: new Date(0) }],
    ['an empty attribute name', { '': 1 }],
    ['an empty name in a map', { map: { '': 1 } }],
    ['an attribute named __proto__', { ['__proto__']: 1 }],
    ['__proto__ in a map', { list: [JSON.parse('{"__proto__": 1}')] }],
    ['more than 400 KB', { value: 'x'.repeat(400 * 1024) }],
  ];
  test.each(refusedItems)('given %s, the item is refused by every kind of write', async (_, part) => {
    const item: Item = { pk: partition(), sk: 'k', ...part };
    const good = { pk: partition(), sk: 'good' };
    await expect(table().put(item)).rejects.toThrow(Error);
    await expect(table().batchWrite([{ put: good }, { put: item }])).rejects.toThrow(Error);
    await expect(table().transact([{ put: good }, { put: item }])).rejects.toThrow(Error);
    expect(await table().get(good)).toBeUndefined();
  });

  test('given an impossible key, reading and deleting it are refused', async () => {
    for (const sk of ['', 'x'.repeat(1025), '\ud800']) {
      const key = { pk: partition(), sk };
      await expect(table().get(key)).rejects.toThrow('sk');
      await expect(table().batchGet([key])).rejects.toThrow('sk');
      await expect(table().delete(key)).rejects.toThrow('sk');
    }
  });

  test('given the largest keys, item and nesting allowed, they are taken', async () => {
    const key = { pk: `${partition()} `.padEnd(2048, 'p'), sk: 's'.repeat(1024) };
    const numbers = Array.from({ length: 2000 }, (_, n) => -(0.1 + n) / 3);
    let nested: unknown = 'bottom';
    for (let level = 1; level < TABLE_LIMITS.nestingDepth; level++) nested = level % 2 ? [nested] : { nested };
    const size = checkItem({ ...key, numbers, nested, filler: '' });
    const filler = 'f'.repeat(TABLE_LIMITS.itemBytes - size);
    await table().put({ ...key, numbers, nested, filler });
    expect(await table().get(key)).toStrictEqual({ ...key, numbers, nested, filler });
    await expect(table().put({ ...key, numbers, nested, filler: `${filler}f` })).rejects.toThrow('409601 bytes');
    await expect(table().put({ ...key, nested: [nested] })).rejects.toThrow('too many levels');
  });

  test('given a transaction of 101 writes, of one key twice, or of over 4 MB, it is refused whole', async () => {
    const pk = partition();
    const many: TransactWrite[] = Array.from({ length: 101 }, (_, n) => ({ put: { pk, sk: `${n}` } }));
    await expect(table().transact(many)).rejects.toThrow('at most 100');
    const check: TransactWrite = { check: { pk, sk: 'k' }, condition: { type: 'absent' } };
    await expect(table().transact([{ put: { pk, sk: 'k' } }, check])).rejects.toThrow('twice');
    const large = many.slice(0, 11).map((_, n) => ({ put: { pk, sk: `${n}`, filler: 'x'.repeat(400_000) } }));
    await expect(table().transact(large)).rejects.toThrow('bytes');
    expect(await all(table().query({ pk }))).toEqual([]);
  });

  test('given a query with two bounds on one side or a broken limit, it is refused', async () => {
    const pk = partition();
    const refused: Omit<Query, 'pk'>[] = [
      { from: 'a', after: 'b' },
      { through: 'a', before: 'b' },
      { limit: 1.5 },
      { limit: -1 },
      { limit: Number.NaN },
      { from: 'x'.repeat(1025) },
    ];
    for (const query of refused) await expect((async () => all(table().query({ pk, ...query })))()).rejects.toThrow();
  });
}
