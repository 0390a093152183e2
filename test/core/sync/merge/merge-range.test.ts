import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openSqliteTable } from '#adapters/sqlite/sqlite-table.ts';
import { addObject, addRecord, type Content, type Leaf, nothing } from '#core/catalogue/leaf.ts';
import { leafPartition, packItem, readPacks } from '#core/catalogue/leaf-pack.ts';
import { emptyRange, firstKey, rangeItem } from '#core/catalogue/range-map.ts';
import { type RecordRow, readRecord, recordOf, recordPartition, tombstoneOf } from '#core/catalogue/record.ts';
import { compareKeys } from '#core/keys/byte-order.ts';
import type { ListedObject } from '#core/model/ports/listing.ts';
import type { PlainWrite, Table } from '#core/model/ports/table.ts';
import { openLeafLedger } from '#core/sync/merge/leaf-ledger.ts';
import { type MergeSink, mergeRange, type RangeMerge } from '#core/sync/merge/merge-range.ts';
import { assertLeavesTrue } from '#support/leaf-truth.ts';
import { createRandomSource, type RandomSource } from '../../../simulation/random-source.ts';

const stamp = { run: 'r', seq: 1, at: '2026-01-01T00:00:00.000Z', quiet: false };
const pk = recordPartition('u', 'r');

let table: ReturnType<typeof openSqliteTable>;
let reads: string[];
/** Queries that were begun, and those that are neither read to their end nor closed. */
let queries: number;
let open: number;
let watched: Table;
beforeEach(() => {
  table = openSqliteTable(':memory:');
  reads = [];
  [queries, open] = [0, 0];
  watched = {
    ...table,
    async *query(query) {
      if (query.pk === pk) queries += 1;
      open += 1;
      try {
        for await (const item of table.query(query)) {
          if (query.pk === pk) reads.push(item.sk);
          yield item;
        }
      } finally {
        open -= 1;
      }
    },
  };
});
afterEach(() => table.close());

const objectOf = (key: string, etag = 'e'): ListedObject => ({
  ...{ key, etag, size: key.length, lastModified: '2026-01-01T00:00:00.000Z', storageClass: 'STANDARD' },
});

type Seen = {
  unchanged: number;
  present: string[];
  added: string[];
  gone: string[];
  dead: string[];
  kept: string[];
  relieved: number;
};

/** Applies what it meets to the store, as the real one does, and remembers it. `leaves` drops a record at once. */
function applyTo(seen: Seen, leaves: (key: string) => boolean): MergeSink & { flush(): Promise<void> } {
  const writes: PlainWrite[] = [];
  const flush = async (): Promise<void> => void (await table.batchWrite(writes.splice(0)));
  return {
    flush,
    unchanged: (content) => {
      seen.unchanged += content.objects;
    },
    present(object, stored) {
      seen.present.push(object.key);
      if (stored === undefined || stored.gone !== undefined) seen.added.push(object.key);
      writes.push({ put: recordOf(pk, object, stamp, false) });
    },
    kept(stored) {
      if (stored.gone === undefined) seen.kept.push(stored.sk);
      return stored.gone === undefined;
    },
    storedOnly(stored) {
      if (stored.gone !== undefined) {
        seen.dead.push(stored.sk);
        return false;
      }
      if (leaves(stored.sk)) {
        writes.push({ put: tombstoneOf(stored, stamp, 'out_of_scope') });
        return false;
      }
      seen.gone.push(stored.sk);
      return true;
    },
    relieve: async () => {
      seen.relieved += 1;
      if (writes.length > 3) await flush();
    },
  };
}

type Options = {
  readonly leafRecords?: number;
  readonly position?: string;
  readonly trusted?: boolean;
  readonly verified?: (offset: number) => boolean;
  readonly hi?: string;
  readonly leaves?: (key: string) => boolean;
};

function begin(options: Options = {}) {
  const { leafRecords = 3, position = firstKey, trusted = true, verified = () => false, hi } = options;
  const seen: Seen = { unchanged: 0, present: [], added: [], gone: [], dead: [], kept: [], relieved: 0 };
  const sink = applyTo(seen, options.leaves ?? (() => false));
  const contentOf = async (after: string, through: string): Promise<Content> => {
    const content = nothing();
    for await (const item of watched.query({ pk, after, through })) {
      const record = readRecord(item);
      if (record.gone === undefined) addRecord(content, record);
    }
    return content;
  };
  const range = { id: 'r', lo: firstKey, ...(hi === undefined ? {} : { hi }) };
  const given = { table: watched, uid: 'u', range, fence: 1, position, trusted, verified, contentOf, leafRecords };
  const ledger = openLeafLedger(given);
  const merge = mergeRange({ table: watched, pk, hi: () => hi, ledger, sink, leafRecords });
  const written: PlainWrite[] = [];
  const write = async (): Promise<void> => {
    await sink.flush();
    const writes = ledger.takeWrites();
    written.push(...writes);
    await table.batchWrite(writes);
  };
  return { merge, seen, write, written };
}

async function mergeAll(objects: readonly ListedObject[], options: Options = {}) {
  const begun = begin(options);
  await begun.merge.take(objects);
  await begun.merge.end();
  await begun.write();
  await begun.merge.close();
  return begun;
}

async function leafEnds(): Promise<string[][]> {
  const packs: string[][] = [];
  for await (const pack of readPacks(table, leafPartition('u', 'r'), { lo: firstKey }, firstKey)) {
    packs.push(pack.leaves.map(({ to }) => to));
  }
  return packs;
}

async function live(): Promise<RecordRow[]> {
  const records: RecordRow[] = [];
  for await (const item of table.query({ pk })) records.push(readRecord(item));
  return records.filter((record) => record.gone === undefined);
}

/** All that is stored is told truly by the leaves. */
async function expectTrue(hi?: string): Promise<void> {
  const records = await live();
  const bytes = records.reduce((sum, { size }) => sum + size, 0);
  const range = { ...emptyRange('r', firstKey, hi), objects: records.length, bytes };
  await table.put(rangeItem('u', range));
  if (hi !== undefined) await table.put(rangeItem('u', emptyRange('behind', hi, undefined)));
  await assertLeavesTrue(table, 'u', 'some');
}

/** The leaf up to a key that tells of these. */
function leafOf(to: string, text: string): Leaf {
  const content = nothing();
  for (const object of keys(text)) addObject(content, object);
  return { ...content, to };
}

const keys = (text: string): ListedObject[] => [...text].map((key) => objectOf(key));

describe('leaves of a first load', () => {
  it('end at every so many records, and the last at the last record', async () => {
    await mergeAll(keys('abcdefgh'));
    expect(await leafEnds()).toEqual([['c', 'f', 'h']]);
    await expectTrue();
  });

  it('of more than a pack takes stand in several packs, of 64 leaves and what is left', async () => {
    const many = Array.from({ length: 200 }, (_, index) => objectOf(String(index).padStart(4, '0')));
    await mergeAll(many, { leafRecords: 1 });
    expect((await leafEnds()).map((pack) => pack.length)).toEqual([64, 64, 72]);
    await expectTrue();
    reads = [];
    expect((await mergeAll(many, { leafRecords: 1 })).written).toEqual([]);
    expect(reads).toEqual([]);
  });

  it('of nothing are none', async () => {
    expect((await mergeAll([])).written).toEqual([]);
    expect(await leafEnds()).toEqual([]);
  });
});

describe('a merge over leaves', () => {
  beforeEach(async () => {
    await mergeAll(keys('abcdefghi'));
    reads = [];
  });

  it('reads nothing where all is as it was, and writes nothing', async () => {
    const { seen, written } = await mergeAll(keys('abcdefghi'));
    expect(seen).toMatchObject({ unchanged: 9, present: [], gone: [] });
    expect([reads, written]).toEqual([[], []]);
  });

  it.each([
    ['a change at the end of a leaf', 'abcdeXghi', 'f', ['d', 'e', 'f']],
    ['a change at its beginning', 'abcXefghi', 'd', ['d', 'e', 'f']],
  ])('reads the leaf with %s alone', async (_name, text, changed, read) => {
    const listed = keys(text).map((object, index) =>
      object.key === 'X' ? objectOf('abcdefghi'[index] ?? '', 'new') : object,
    );
    const { seen } = await mergeAll(listed);
    expect(seen).toMatchObject({ unchanged: 6, present: ['d', 'e', 'f'], gone: [], added: [] });
    expect(reads).toEqual(read);
    expect((await live()).find(({ sk }) => sk === changed)?.etag).toBe('new');
    await expectTrue();
  });

  it('sees what is gone, at the ends of leaves and of the range', async () => {
    const { seen } = await mergeAll(keys('bdefgh'));
    expect(seen).toMatchObject({ gone: ['a', 'c', 'i'], unchanged: 3, added: [] });
    await expectTrue();
  });

  it('sees what is gone when nothing is listed at all', async () => {
    const { seen } = await mergeAll([]);
    expect(seen).toMatchObject({ gone: [...'abcdefghi'], unchanged: 0 });
    await expectTrue();
  });

  it('keeps leaves that are emptied no longer than their pack', async () => {
    await mergeAll([], { leaves: () => true });
    expect(await leafEnds()).toEqual([]);
    const { seen } = await mergeAll(keys('e'));
    expect(seen).toMatchObject({ present: ['e'], added: ['e'], dead: expect.arrayContaining(['a', 'i']) });
    await expectTrue();
  });

  it('takes up what was appended, behind the leaves there are', async () => {
    const { seen } = await mergeAll(keys('abcdefghijklm'));
    expect(seen).toMatchObject({ unchanged: 9, added: ['j', 'k', 'l', 'm'] });
    expect(await leafEnds()).toEqual([['c', 'f', 'i', 'l', 'm']]);
    await expectTrue();
  });

  it('lets a leaf grow to twice its size, then cuts it', async () => {
    const inserted = ['b1', 'b2', 'b3', 'b4'].map((key) => objectOf(key));
    const listed = [...keys('abcdefghi'), ...inserted].sort((one, other) => compareKeys(one.key, other.key));
    await mergeAll(listed);
    expect(await leafEnds()).toEqual([['b4', 'c', 'f', 'i']]);
    await expectTrue();
  });

  it('joins neighbours that are small together', async () => {
    await mergeAll(keys('aei'), { leaves: () => true });
    expect(await leafEnds()).toEqual([['i']]);
    await expectTrue();
  });

  it('reads all where digests are not believed', async () => {
    const { seen } = await mergeAll(keys('abcdefghi'), { trusted: false });
    expect(seen).toMatchObject({ unchanged: 0, present: [...'abcdefghi'] });
    expect(reads).toEqual([...'abcdefghi']);
  });

  it('reads the leaves that are to be verified, told by where they begin', async () => {
    const offsets: number[] = [];
    const verified = (offset: number): boolean => {
      offsets.push(offset);
      return offset === 3;
    };
    const { seen, written } = await mergeAll(keys('abcdefghi'), { verified });
    expect(offsets).toEqual([0, 3, 6]);
    expect(seen).toMatchObject({ unchanged: 6, present: ['d', 'e', 'f'] });
    expect(written).toEqual([]);
  });

  it.each(['a', 'b', 'c', 'd', 'e', 'f', 'h', 'i'])(
    'goes on from %s, and the leaves before it stay',
    async (position) => {
      const rest = keys('abcdefghi').filter(({ key }) => key > position);
      const { seen } = await mergeAll(rest, { position });
      expect(seen.gone).toEqual([]);
      expect(seen.unchanged + seen.present.length).toBe(rest.length);
      expect(await leafEnds()).toEqual([['c', 'f', 'i']]);
      await expectTrue();
    },
  );

  it('goes on beyond the leaves there are, and takes what lies between for read by none', async () => {
    await table.batchWrite(keys('jklmno').map((object) => ({ put: recordOf(pk, object, stamp, true) })));
    const { seen } = await mergeAll(keys('mno'), { position: 'l' });
    expect(seen).toMatchObject({ present: ['m', 'n', 'o'], gone: [] });
    await expectTrue();
    // Gone between the leaves and where that merge began: no digest says that it was never there.
    expect((await mergeAll(keys('abcdefghimno'))).seen.gone).toEqual(['j', 'k', 'l']);
    await expectTrue();
  });

  it('believes no pack that does not begin where the one before it ends', async () => {
    const [first] = await leafEnds();
    expect(first).toEqual(['c', 'f', 'i']);
    const item = await table.get({ pk: leafPartition('u', 'r'), sk: firstKey });
    await table.put({ ...item, pk: leafPartition('u', 'r'), sk: 'aa' });
    await table.delete({ pk: leafPartition('u', 'r'), sk: firstKey });
    const { seen } = await mergeAll(keys('abcdefghi'));
    expect(seen).toMatchObject({ gone: [], added: [], unchanged: 6, present: ['a', 'b', 'c'] });
  });
});

describe('settling up to a key', () => {
  it.each(['b', 'c', 'd', 'e', 'f', 'z'])(
    'at %s decides about what is stored up to it, and no further',
    async (through) => {
      await mergeAll(keys('abcdefghi'));
      const { merge, seen, write } = begin();
      await merge.take(keys('b').filter(({ key }) => key <= through));
      await merge.settle(through);
      expect(seen.gone).toEqual([...'acdefghi'].filter((key) => key <= through));
      await merge.settle(through);
      await merge.take(keys('i').filter(({ key }) => key > through));
      await merge.end();
      await write();
      await merge.close();
      expect(seen.gone).toEqual(through === 'z' ? [...'acdefghi'] : [...'acdefgh']);
      await expectTrue();
    },
  );

  it('reads the leaf that it ends in once, up to there', async () => {
    await mergeAll(keys('abcdefghi'));
    reads = [];
    const { merge, seen, write } = begin();
    await merge.take(keys('abcde'));
    await merge.settle('e');
    expect(reads).toEqual(['d', 'e']);
    await merge.take(keys('fghi'));
    await merge.end();
    await write();
    expect(reads).toEqual(['d', 'e']);
    expect(seen).toMatchObject({ unchanged: 3 + 1 + 3, present: ['d', 'e'], gone: [] });
    await merge.close();
    await expectTrue();
  });
});

describe('settling', () => {
  beforeEach(async () => {
    await mergeAll(keys('abcdefghi'));
    [reads, queries] = [[], 0];
  });

  it.each([true, false])(
    'before anything was listed decides about what is stored; digests believed: %s',
    async (trusted) => {
      const { merge, seen } = begin({ trusted });
      await merge.settle('c');
      expect(seen.gone).toEqual(['a', 'b', 'c']);
      await merge.close();
    },
  );

  it('is left out where nothing is listed at all: the end decides', async () => {
    const { merge, seen } = begin();
    await merge.end();
    expect(seen.gone).toEqual([...'abcdefghi']);
    await merge.close();
  });

  it('where a leaf ends reads nothing, however often', async () => {
    const { merge, seen } = begin();
    await merge.take(keys('abc'));
    for (const through of ['c', 'c', 'b']) await merge.settle(through);
    expect([seen.unchanged, reads, queries]).toEqual([3, [], 0]);
    await merge.take(keys('def'));
    await merge.settle('f');
    expect([seen.unchanged, queries]).toEqual([6, 0]);
    await merge.close();
  });

  it('at the end of the range is the end: nothing can be listed beyond it', async () => {
    const { merge, seen } = begin({ hi: 'i' });
    await merge.take(keys('abcdefghi'));
    for (const through of ['i', 'i', 'k']) await merge.settle(through);
    expect([seen.unchanged, await merge.atTail()]).toEqual([9, false]);
    await expect(merge.take(keys('k'))).rejects.toThrow('beyond the end of its range');
    await merge.close();
  });

  it('finds out that a digest tells of less than is stored, and reads the rest', async () => {
    const leaf = { to: 'c', objects: 1, bytes: 1, sum: 1n };
    await table.put(packItem(leafPartition('u', 'r'), { from: firstKey, leaves: [leaf] }, 1));
    const { merge, seen, write } = begin();
    await merge.take(keys('a'));
    await merge.settle('b');
    await merge.take(keys('cdefghi'));
    await merge.end();
    await write();
    await merge.close();
    expect(seen).toMatchObject({ gone: ['b'], present: [...'acdefghi'], added: [], unchanged: 0 });
    await expectTrue();
  });
});

describe('a leaf that is read', () => {
  beforeEach(async () => {
    await mergeAll(keys('abcdefghi'));
    reads = [];
  });

  it('ends where it did, though its last record is gone', async () => {
    await mergeAll(keys('abdefghi'), { leaves: () => true });
    expect(await leafEnds()).toEqual([['c', 'f', 'i']]);
    await expectTrue();
  });

  it('is read as soon as more is listed than it has, and never listed in whole before that', async () => {
    const { merge, seen } = begin();
    await merge.take(['a', 'a1', 'a2'].map((key) => objectOf(key)));
    expect([seen.present, reads]).toEqual([[], []]);
    await merge.take(['a3'].map((key) => objectOf(key)));
    expect(seen.present).toEqual(['a', 'a1', 'a2', 'a3']);
    await merge.close();
  });

  it('is not the tail where others follow it', async () => {
    const { merge } = begin();
    await merge.take(['a', 'a1', 'b', 'c'].map((key) => objectOf(key)));
    expect(reads).toEqual(['a', 'b', 'c']);
    expect(await merge.atTail()).toBe(false);
    await merge.close();
  });

  it('is read no further once the merge is closed', async () => {
    const { merge } = begin({ trusted: false });
    await merge.take(keys('ab'));
    expect(open).toBe(1);
    await merge.close();
    expect(open).toBe(0);
  });

  it('is written now and then, however much of it is gone', async () => {
    const { merge, seen } = begin({ trusted: false });
    await merge.take(keys('i'));
    expect(seen.gone).toHaveLength(8);
    expect(seen.relieved).toBeGreaterThanOrEqual(8);
    await merge.close();
  });
});

it('a leaf that was empty and got a record is left like any other for the next one', async () => {
  await table.batchWrite(keys('efghi').map((object) => ({ put: recordOf(pk, object, stamp, false) })));
  const leaves = [leafOf('d', ''), leafOf('f', 'ef'), leafOf('i', 'ghi')];
  await table.put(packItem(leafPartition('u', 'r'), { from: firstKey, leaves }, 1));
  const { seen } = await mergeAll(keys('befghi'));
  expect(seen).toMatchObject({ added: ['b'], unchanged: 5, gone: [] });
  await expectTrue();
});

it('what the listing lacks counts for the leaves as long as it is stored', async () => {
  await mergeAll(keys('abcdefgh'));
  await mergeAll(keys('a'), { trusted: false });
  expect(await leafEnds()).toEqual([['c', 'f', 'h']]);
  await expectTrue();
});

it('there is no tail before anything was listed', async () => {
  const { merge } = begin();
  expect(await merge.atTail()).toBe(false);
  await merge.close();
});

it('the tail is where nothing is stored beyond what was listed', async () => {
  await mergeAll(keys('abc'));
  const { merge } = begin();
  await merge.take(keys('ab'));
  expect(await merge.atTail()).toBe(false);
  await merge.take(keys('cd'));
  expect(await merge.atTail()).toBe(true);
  await merge.close();
  const untrusting = begin({ trusted: false });
  await untrusting.merge.take(keys('b'));
  expect(await untrusting.merge.atTail()).toBe(false);
  await untrusting.merge.take(keys('d'));
  expect(await untrusting.merge.atTail()).toBe(true);
  await untrusting.merge.close();
});

it('nothing beyond the end of the range is read or told of', async () => {
  await table.batchWrite(keys('abcxyz').map((object) => ({ put: recordOf(pk, object, stamp, true) })));
  const { seen } = await mergeAll(keys('ab'), { hi: 'c' });
  expect(seen.gone).toEqual(['c']);
  expect(reads).toEqual(['a', 'b', 'c']);
});

/** FIRST_SEED and SEEDS play others, or one again. */
const seeds = Number(process.env.SEEDS ?? 25);
const first = Number(process.env.FIRST_SEED ?? 1);

it(`random listings, pages and pauses: what is met is the difference, and leaves are true (seeds from ${first})`, async () => {
  for (let seed = first; seed < first + seeds; seed += 1) {
    const random = createRandomSource(seed);
    try {
      for await (const { pk: where, sk } of table.query({ pk })) await table.delete({ pk: where, sk });
      for await (const { pk: where, sk } of table.query({ pk: leafPartition('u', 'r') }))
        await table.delete({ pk: where, sk });
      for (let round = 0; round < 6; round += 1) await randomRound(random);
    } catch (error) {
      throw new Error(`FIRST_SEED=${seed} SEEDS=1 plays it again`, { cause: error });
    }
  }
}, 120_000);

async function randomRound(random: RandomSource): Promise<void> {
  const stored = new Map((await live()).map((record) => [record.sk, record]));
  const density = random.pick([0, 0.02, 0.5, 1]);
  const kept = [...stored.values()].filter(() => !random.chance(density * 0.5));
  const listed = new Map(
    kept.map(({ sk, etag }) => [sk, objectOf(sk, random.chance(density * 0.3) ? `${etag}'` : etag)]),
  );
  for (let count = random.below(1 + Math.ceil(density * 60)); count > 0; count -= 1) {
    const key = String.fromCodePoint(random.pick([97, 65, 0xffee, 0x1f600]) + random.below(9)) + random.below(40);
    if (!listed.has(key)) listed.set(key, objectOf(key, `e${random.below(1000)}`));
  }
  const objects = [...listed.values()].sort((one, other) => compareKeys(one.key, other.key));
  const leaving = random.below(3) === 0;
  const before = new Map([...stored].map(([key, record]) => [key, record.etag]));
  const begun = begin({ leafRecords: random.between(1, 6), trusted: !random.chance(0.1), leaves: () => leaving });
  await feed(begun, objects, random);
  const gone = [...before.keys()].filter((key) => !listed.has(key)).sort(compareKeys);
  expect(begun.seen.gone).toEqual(leaving ? [] : gone);
  expect(begun.seen.added).toEqual(objects.filter(({ key }) => !before.has(key)).map(({ key }) => key));
  expect(begun.seen.unchanged + begun.seen.present.length).toBe(objects.length);
  const now = new Map((await live()).map((record) => [record.sk, record.etag]));
  for (const { key, etag } of objects) expect(now.get(key)).toBe(etag);
  expect(now.size).toBe(objects.length + (leaving ? 0 : gone.length));
  await expectTrue();
}

async function feed(
  begun: ReturnType<typeof begin>,
  objects: readonly ListedObject[],
  random: RandomSource,
): Promise<void> {
  const { merge, write }: { merge: RangeMerge; write: () => Promise<void> } = begun;
  for (let from = 0; from < objects.length; ) {
    const page = objects.slice(from, from + random.between(1, 12));
    from += page.length;
    await merge.take(page);
    if (random.chance(0.5)) await write();
    if (random.chance(0.4)) await merge.settle(page.at(-1)?.key ?? '');
    if (random.chance(0.2)) await merge.atTail();
  }
  await merge.end();
  await write();
  await merge.close();
}
