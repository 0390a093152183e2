import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { leafPartition, packItem } from '#core/catalogue/leaf-pack.ts';
import { emptyRange, firstKey, type RangeRow, rangeItem, readRanges } from '#core/catalogue/range-map.ts';
import type { PlainWrite, Table } from '#core/model/ports/table.ts';
import { listWork } from '#core/sync/progress/range-work.ts';
import { splitGrownRanges } from '#core/sync/run/split-grown.ts';
import type { RunContext } from '#core/sync/worker/run-context.ts';
import { RunYielded } from '#core/sync/worker/run-unwound.ts';
import { collect } from '#support/collect.ts';
import { createOneRange, type OneRange } from '../walk/one-range.ts';

let world: OneRange;
beforeEach(async () => {
  world = await createOneRange();
});
afterEach(() => world.store.close());

const lost = { code: 'lease_lost' };
const id = '0123456789ab';
const ranges = (): Promise<RangeRow[]> => readRanges(world.store, 'u');
const keysOf = async (pk: string): Promise<string> =>
  (await collect(world.store.query({ pk }))).map(({ sk }) => sk).join('');
const records = (range: string): Promise<string> => keysOf(`record#u#${range}`);
const leaves = (range: string): Promise<string> => keysOf(leafPartition('u', range));

/** A range that counts so many objects; each pack of its digests, of so many, begins after such a key. */
async function range(row: Partial<RangeRow>, packs: readonly (readonly [string, number])[]): Promise<void> {
  const made = { ...emptyRange('r', firstKey, undefined), ...row };
  await world.store.put(rangeItem('u', made));
  for (const [index, [from, objects]] of packs.entries()) {
    const to = packs[index + 1]?.[0] ?? '\u{10ffff}';
    const leaves = [{ to, objects, bytes: objects, sum: 1n }];
    await world.store.put(packItem(leafPartition('u', made.id), { from, leaves }, 1));
  }
}

const three = [
  [firstKey, 6],
  ['c', 6],
  ['f', 9],
] as const;

/** The run's split of ranges of more than 20 objects, down to at most 15. */
async function split(given: { fence?: number; table?: Partial<Table>; yieldAt?: number } = {}): Promise<void> {
  const context = world.contextOf({ pages: [], rangeObjects: 10, ...given });
  const known = await ranges();
  const board = { ranges: () => known };
  const deps = { ...context.deps, yieldAt: given.yieldAt };
  world.seen.queries.splice(0);
  await splitGrownRanges({ ...context, board, deps, datasource: { id: 'd' } } as unknown as RunContext);
}

/** Notes each batch of writes before it is applied. */
function noting(note: (writes: readonly PlainWrite[]) => Promise<void> | void): Partial<Table> {
  return {
    async batchWrite(writes) {
      await note(writes);
      return world.store.batchWrite(writes);
    },
  };
}

describe('a range of more than twice the size', () => {
  beforeEach(() => world.catalogue('abcdefgh'));

  it('gives what lies beyond a pack to a range of its own', async () => {
    await range({ objects: 21, bytes: 80 }, three);
    await split();
    const [lower, upper] = await ranges();
    expect(lower).toEqual({ ...emptyRange('r', firstKey, 'c'), objects: 16, bytes: 30, version: 4 });
    expect(upper).toEqual({ ...emptyRange(id, 'c', undefined), objects: 5, bytes: 50 });
    expect([await records('r'), await records(id)]).toEqual(['abc', 'defgh']);
    expect([await leaves('r'), await leaves(id)]).toEqual([firstKey, 'cf']);
    const fields = { datasource: 'd', objects: 21, moved: 5 };
    expect(world.log.lines).toEqual([{ level: 'info', fact: 'range split', fields }]);
    expect((await listWork(world.store, 'u', 'p')).get(id)).toMatchObject({ done: true, version: 1 });
  });

  it.each([
    ['where what is beyond is no more than one and a half times the size', 15, 'c'],
    ['farther on, where it is more', 16, 'f'],
  ])('is cut %s', async (_where, beyond, at) => {
    await range({ objects: 6 + beyond, bytes: 80 }, three);
    await split();
    expect((await ranges()).map(({ hi }) => hi)).toEqual([at, undefined]);
  });

  it.each([
    ['it has no more than twice the size', 20, three],
    ['no digest tells of it', 30, []],
    ['all its digests are in one pack', 30, three.slice(0, 1)],
  ])('is none, and stays whole, where %s', async (_why, objects, packs) => {
    await range({ objects, bytes: 80 }, packs);
    await split();
    expect(await ranges()).toEqual([{ ...emptyRange('r', firstKey, undefined), objects, bytes: 80 }]);
    expect(world.log.lines).toEqual([]);
    if (objects === 20) expect(world.seen.queries).toEqual([]);
  });

  it('is split alone: others beside it stay as they are', async () => {
    await range({ objects: 21, bytes: 80, hi: 'm' }, three);
    const beside = { ...emptyRange('beside', 'm', undefined), objects: 20 };
    await range(beside, [
      ['m', 6],
      ['p', 6],
      ['s', 8],
    ]);
    await split();
    expect(await ranges()).toEqual([expect.anything(), expect.objectContaining({ id }), beside]);
  });

  it('says where it will be cut before the first copy, and until when it is to be cleared with the swap', async () => {
    await range({ objects: 21, bytes: 80, hi: 'm' }, three);
    const rows: unknown[] = [];
    await split({ table: noting(async () => void rows.push((await ranges())[0])) });
    expect(rows).toHaveLength(4);
    expect(rows[0]).toMatchObject({ hi: 'm', moving: { id, after: 'c' } });
    expect(rows.at(-1)).toMatchObject({ hi: 'c', trim: 'm' });
    expect(rows.at(-1)).not.toHaveProperty('moving');
  });

  it('that is the last one is to be cleared to the end', async () => {
    await range({ objects: 21, bytes: 80 }, three);
    const trims: unknown[] = [];
    await split({ table: noting(async () => void trims.push((await ranges())[0]?.trim)) });
    expect(trims.at(-1)).toBe('');
  });

  it('stays whole when a document was removed from it while it was copied', async () => {
    await range({ objects: 21, bytes: 80 }, three);
    const edit = async (): Promise<void> => {
      const [row] = await ranges();
      if (row?.edits === 0) await world.store.put(rangeItem('u', { ...row, edits: 1, version: row.version + 1 }));
    };
    await split({ table: noting(edit) });
    expect(await ranges()).toMatchObject([{ id: 'r', moving: { id, after: 'c' }, edits: 1 }]);
    expect(world.log.lines).toEqual([]);
  });

  it.each(['marked', 'swapped'])('is not %s by a run that another took the place of', async (when) => {
    const moving = when === 'marked' ? {} : { moving: { id, after: 'c' } };
    await range({ objects: 21, bytes: 80, ...moving }, three);
    const [row] = await ranges();
    await expect(split({ fence: 1 })).rejects.toMatchObject(lost);
    expect(await ranges()).toEqual([row]);
  });

  it('that the store does not take is told as it is', async () => {
    await range({ objects: 21, bytes: 80 }, three);
    const broken = new TypeError('the store broke');
    await expect(split({ table: { transact: () => Promise.reject(broken) } })).rejects.toBe(broken);
  });
});

describe('a split that was interrupted', () => {
  it('is gone on with, though the range has shrunk since: what was copied is copied anew', async () => {
    await world.catalogue('abcdef');
    await range({ objects: 6, bytes: 60, moving: { id: 'half', after: 'c' } }, three);
    await world.store.put({ pk: 'record#u#half', sk: 'gone since', v: 1 });
    await world.store.put({ pk: leafPartition('u', 'half'), sk: 'gone since', v: 1 });
    await split();
    const [lower, upper] = await ranges();
    // Not marked again: the version counts the swap and that it was cleared.
    expect(lower).toEqual({ ...emptyRange('r', firstKey, 'c'), objects: 3, bytes: 30, version: 3 });
    expect(upper).toMatchObject({ id: 'half', lo: 'c', objects: 3 });
    expect([await records('half'), await leaves('half')]).toEqual(['def', 'cf']);
  });

  it('clears nothing away before a first copy', async () => {
    await world.catalogue('abcdefgh');
    await range({ objects: 21, bytes: 80 }, three);
    await split();
    expect(world.seen.queries).not.toContain(`record#u#${id}`);
  });

  it('is done when what was moved is cleared away', async () => {
    await world.catalogue('abcdef');
    await range({ objects: 3, bytes: 30, hi: 'c', trim: '' }, three);
    await split();
    expect([await records('r'), await leaves('r')]).toEqual(['abc', firstKey]);
    expect(await ranges()).toEqual([{ ...emptyRange('r', firstKey, 'c'), objects: 3, bytes: 30, version: 2 }]);
  });
});

describe('an invocation whose time is over', () => {
  /** More than a batch; the first three stay. */
  const many = String.fromCodePoint(...Array.from({ length: 510 }, (_, index) => 0x4e00 + index));
  const batches: number[] = [];
  const sizes = noting(({ length }) => void batches.push(length));
  beforeEach(() => void batches.splice(0));

  it('copies a batch before it yields', async () => {
    await world.catalogue(`abc${many}`);
    await range({ objects: 21, bytes: 80, moving: { id, after: 'c' } }, three);
    await expect(split({ yieldAt: 0, table: sizes })).rejects.toBeInstanceOf(RunYielded);
    expect(batches).toEqual([500]);
  });

  it('clears a batch away before it yields', async () => {
    await world.catalogue(`abc${many}`);
    await range({ objects: 3, bytes: 30, hi: 'c', trim: '' }, three);
    await expect(split({ yieldAt: 0, table: sizes })).rejects.toBeInstanceOf(RunYielded);
    expect(batches).toEqual([500]);
    await split({ table: sizes });
    expect(batches).toEqual([500, 10, 2]);
  });

  it('does not yield where there is one batch, and writes no empty one', async () => {
    await world.catalogue(many.slice(0, 500));
    await range({ objects: 0, bytes: 0, hi: 'c', trim: '' }, []);
    await split({ yieldAt: 0, table: sizes });
    expect(batches).toEqual([500]);
  });
});
