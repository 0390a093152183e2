import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openSqliteTable } from '#adapters/sqlite/sqlite-table.ts';
import { type Content, type Leaf, nothing } from '#core/catalogue/leaf.ts';
import { leafPartition, packItem } from '#core/catalogue/leaf-pack.ts';
import { firstKey } from '#core/catalogue/range-map.ts';
import type { PlainWrite } from '#core/model/ports/table.ts';
import { type LeafLedger, type LedgerOptions, openLeafLedger, type Segment } from '#core/sync/merge/leaf-ledger.ts';

const pk = leafPartition('u', 'r');

let table: ReturnType<typeof openSqliteTable>;
beforeEach(() => {
  table = openSqliteTable(':memory:');
});
afterEach(() => table.close());

/** Told apart by what it counts: no test here reads records. */
const contentOf = (objects: number): Content => ({ objects, bytes: 10 * objects, sum: BigInt(objects) });
const leafOf = (to: string, objects = 1): Leaf => ({ to, ...contentOf(objects) });

async function stored(packs: Readonly<Record<string, readonly Leaf[]>>): Promise<void> {
  const puts = Object.entries(packs).map(([from, leaves]) => ({ put: packItem(pk, { from, leaves }, 1) }));
  await table.batchWrite(puts);
}

function open(options: Partial<LedgerOptions> & { readonly hi?: string } = {}): LeafLedger {
  const { hi, ...rest } = options;
  const range = { id: 'r', lo: firstKey, ...(hi === undefined ? {} : { hi }) };
  const read = async (): Promise<Content> => {
    throw new Error('records were read');
  };
  const usual = { table, uid: 'u', range, fence: 2, position: firstKey, trusted: true, verified: () => false };
  return openLeafLedger({ ...usual, contentOf: read, leafRecords: 1, ...rest });
}

async function segmentsOf(ledger: LeafLedger): Promise<Segment[]> {
  const segments: Segment[] = [];
  for (let one = await ledger.next(); one !== undefined; one = await ledger.next()) segments.push(one);
  return segments;
}

/** From where to where, and how many records are known there. */
async function placesOf(ledger: LeafLedger): Promise<unknown[][]> {
  return (await segmentsOf(ledger)).map(({ from, to, content }) => [from, to, content?.objects]);
}

/** Where each write is, and the ends of the leaves it puts there. */
function shown(writes: readonly PlainWrite[]): unknown[][] {
  return writes.map((write) =>
    'delete' in write
      ? [write.delete.sk, 'deleted']
      : [write.put.sk, (write.put.leaves as [string][]).map(([to]) => to)],
  );
}

const numbered = (count: number): string[] => Array.from({ length: count }, (_, index) => String(1000 + index));

describe('the segments of a range', () => {
  it('are all of it where no leaf is stored', async () => {
    expect(await placesOf(open())).toEqual([[firstKey, undefined, undefined]]);
  });

  it('are the leaves, and what lies between packs and behind the last, which no digest tells of', async () => {
    await stored({ [firstKey]: [leafOf('c', 3), leafOf('f', 2)], h: [leafOf('k', 4)] });
    expect(await placesOf(open())).toEqual([
      [firstKey, 'c', 3],
      ['c', 'f', 2],
      ['f', 'h', undefined],
      ['h', 'k', 4],
      ['k', undefined, undefined],
    ]);
  });

  it('end at the end of the range, with no empty one before it', async () => {
    await stored({ [firstKey]: [leafOf('c')], c: [leafOf('f')] });
    expect(await placesOf(open({ hi: 'f' }))).toEqual([
      [firstKey, 'c', 1],
      ['c', 'f', 1],
    ]);
  });

  it('begin before the first pack where that begins later', async () => {
    await stored({ c: [leafOf('f')] });
    expect(await placesOf(open({ hi: 'f' }))).toEqual([
      [firstKey, 'c', undefined],
      ['c', 'f', 1],
    ]);
  });

  it('begin with a leaf where the merge begins at the end of the one before, and no record is read for it', async () => {
    await stored({ [firstKey]: [leafOf('c', 3), leafOf('f', 2)] });
    const offsets: number[] = [];
    const verified = (offset: number): boolean => offsets.push(offset) < 0;
    const segments = await placesOf(open({ position: 'c', hi: 'f', verified }));
    expect([segments, offsets]).toEqual([[['c', 'f', 2]], [3]]);
  });

  it('begin inside a leaf with what is left of it when the records before are taken out', async () => {
    await stored({ [firstKey]: [leafOf('c', 3), leafOf('f', 5)] });
    const asked: string[][] = [];
    const ledger = open({
      position: 'd',
      hi: 'f',
      contentOf: async (after, through) => {
        asked.push([after, through]);
        return contentOf(2);
      },
    });
    expect(await segmentsOf(ledger)).toEqual([{ from: 'd', to: 'f', content: contentOf(3) }]);
    expect([asked, ledger.open]).toEqual([[['c', 'd']], contentOf(2)]);
  });

  it('of packs that overlap go on from where the one before ended, and the digest of more than that is not believed', async () => {
    await stored({ [firstKey]: [leafOf('f')], d: [leafOf('i')] });
    expect(await placesOf(open({ hi: 'i' }))).toEqual([
      [firstKey, 'f', 1],
      ['f', 'i', undefined],
    ]);
  });

  it('of packs that overlap are none where all was handed out already', async () => {
    await stored({ [firstKey]: [leafOf('f')], d: [leafOf('e'), leafOf('f')], f: [leafOf('i', 7)] });
    expect(await placesOf(open({ hi: 'i' }))).toEqual([
      [firstKey, 'f', 1],
      ['f', 'i', 7],
    ]);
  });

  it('of packs that overlap are those leaves that end beyond what was handed out', async () => {
    await stored({ [firstKey]: [leafOf('f')], d: [leafOf('e'), leafOf('f'), leafOf('i', 7)] });
    expect(await placesOf(open({ hi: 'i' }))).toEqual([
      [firstKey, 'f', 1],
      ['f', 'i', 7],
    ]);
  });
});

describe('what is taken down', () => {
  it('is nothing before the first segment', () => {
    const ledger = open();
    ledger.finish(undefined);
    ledger.keep(contentOf(1), 'a');
    expect(ledger.takeWrites()).toEqual([]);
  });

  it('is a leaf only where there are records, and the last ends at the last record', async () => {
    const ledger = open();
    await segmentsOf(ledger);
    ledger.close('a');
    ledger.keep(contentOf(2), 'b');
    Object.assign(ledger.open, contentOf(1));
    ledger.finish('c');
    expect(ledger.takeWrites()).toEqual([
      { put: packItem(pk, { from: firstKey, leaves: [leafOf('b', 2), leafOf('c')] }, 2) },
    ]);
    expect(ledger.takeWrites()).toEqual([]);
  });

  it('is no leaf without an end', async () => {
    const ledger = open();
    await segmentsOf(ledger);
    Object.assign(ledger.open, contentOf(1));
    ledger.finish(undefined);
    expect(ledger.takeWrites()).toEqual([]);
  });

  it('is written when two packs are full, the first of them, and not before', async () => {
    const ledger = open();
    await segmentsOf(ledger);
    const [last, ...before] = numbered(128).reverse();
    for (const to of before.reverse()) ledger.keep(contentOf(1), to);
    expect(ledger.takeWrites()).toEqual([]);
    ledger.keep(contentOf(1), last ?? '');
    expect(shown(ledger.takeWrites())).toEqual([[firstKey, numbered(64)]]);
    ledger.finish(undefined);
    expect(shown(ledger.takeWrites())).toEqual([['1063', numbered(128).slice(64)]]);
  });

  it.each([
    [96, [96]],
    [97, [64, 33]],
  ])('of %i leaves stands in packs of %j', async (count, sizes) => {
    const ledger = open();
    await segmentsOf(ledger);
    for (const to of numbered(count)) ledger.keep(contentOf(1), to);
    ledger.finish(undefined);
    const packs = shown(ledger.takeWrites());
    expect(packs.map(([, leaves]) => (leaves as string[]).length)).toEqual(sizes);
    expect(packs.map(([from]) => from)).toEqual([firstKey, '1063'].slice(0, sizes.length));
  });

  it('leaves the pack behind alone when all of a long one was written before its end', async () => {
    await stored({ [firstKey]: [leafOf('1127', 128)], 1127: [leafOf('2000')] });
    const ledger = open({ leafRecords: 2 });
    await ledger.next();
    for (const to of numbered(128)) ledger.keep(contentOf(1), to);
    await ledger.next();
    ledger.keep(contentOf(1), '2000');
    await segmentsOf(ledger);
    ledger.finish(undefined);
    expect(shown(ledger.takeWrites()).map(([from]) => from)).toEqual([firstKey]);
  });

  it.each([
    ['nothing where all is as it was', leafOf('c', 3), []],
    ['the leaf where it ends elsewhere', leafOf('b', 3), [[firstKey, ['b']]]],
    ['the leaf where it counts more', leafOf('c', 4), [[firstKey, ['c']]]],
    ['that there is none any more', undefined, [[firstKey, 'deleted']]],
  ])('writes %s', async (_name, leaf, writes) => {
    await stored({ [firstKey]: [leafOf('c', 3)] });
    const ledger = open({ hi: 'c', leafRecords: 9 });
    await segmentsOf(ledger);
    if (leaf !== undefined) ledger.keep({ objects: leaf.objects, bytes: leaf.bytes, sum: leaf.sum }, leaf.to);
    ledger.finish(undefined);
    expect(shown(ledger.takeWrites())).toEqual(writes);
  });

  it('writes a pack to which a leaf was added, and one that lost one', async () => {
    await stored({ [firstKey]: [leafOf('b'), leafOf('c')], c: [leafOf('f')] });
    const ledger = open();
    await ledger.next();
    ledger.keep(contentOf(1), 'b');
    await ledger.next();
    await ledger.next();
    ledger.keep(contentOf(1), 'f');
    await ledger.next();
    ledger.keep(contentOf(1), 'g');
    ledger.finish(undefined);
    expect(shown(ledger.takeWrites())).toEqual([
      [firstKey, ['b']],
      ['c', ['f', 'g']],
    ]);
  });

  it('starts each leaf with nothing in it', async () => {
    const ledger = open();
    await segmentsOf(ledger);
    ledger.keep(contentOf(1), 'a');
    expect(ledger.open).toEqual(nothing());
  });
});
