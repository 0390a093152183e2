import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { nothing } from '#core/catalogue/leaf.ts';
import { type RecordRow, readRecord, recordOf, recordPartition, tombstoneOf } from '#core/catalogue/record.ts';
import type { Table } from '#core/model/ports/table.ts';
import { dropCandidates, listCandidates, listLeaving } from '#core/runs/candidates.ts';
import { createRangeWriter } from '#core/sync/walk/range-writer.ts';
import type { RunContext } from '#core/sync/worker/run-context.ts';
import { collect } from '#support/collect.ts';
import { wholeWrites } from '#support/whole-writes.ts';
import { createOneRange, type OneRange, objectOf } from './one-range.ts';

let world: OneRange;
beforeEach(async () => {
  world = await createOneRange();
});
afterEach(() => world.store.close());

const stamp = { run: 'before', seq: 1, at: '2026-02-01T00:00:00.000Z', quiet: false };
const recordAt = (key: string, run = 'before', fresh = false): RecordRow =>
  readRecord(recordOf(recordPartition('u', 'r'), objectOf(key), { ...stamp, run }, fresh));
const deadAt = (key: string, run: string, reason: 'deleted' | 'out_of_scope'): RecordRow =>
  readRecord(tombstoneOf(recordAt(key), { ...stamp, run }, reason));
const keysOf = (count: number, from = 0x4e00): string[] =>
  Array.from({ length: count }, (_, index) => String.fromCodePoint(from + index));

/** A writer of a run of its own; nothing matches that begins with X, and the prefix is nothing. */
async function begin({ dryRun = false, prefix = '', matched = 1 } = {}) {
  const context = world.contextOf({ pages: [] });
  const config = { ...context.config, prefix };
  const run = { ...context.run, dry_run: dryRun };
  const work = await world.begin();
  work.tally.counters.matched = matched;
  const writer = createRangeWriter({ ...context, run, config } as RunContext, work);
  return { work, writer, progress: context.progress, ...work.tally };
}

const candidates = (): Promise<string[]> => collect(listCandidates(world.store, 'u', 'p'));
const stored = async (): Promise<string> => (await world.records()).map(({ sk }) => sk).join('');

describe('an object that is listed', () => {
  it('is added where no record stands, or a tombstone', async () => {
    const { writer, counters, stored: found, change } = await begin();
    writer.present(objectOf('a'), undefined);
    writer.present(objectOf('b'), deadAt('b', 'before', 'deleted'));
    expect(counters).toMatchObject({ added: 2, modified: 0, unchanged: 0 });
    expect([found, change]).toEqual([
      { objects: 0, bytes: 0 },
      { objects: 2, bytes: 20 },
    ]);
    expect(await writer.flush()).toBe(true);
    expect((await world.records()).map(readRecord)).toMatchObject([
      { sk: 'a', run: 'run', fresh: true },
      { sk: 'b', run: 'run', fresh: true },
    ]);
  });

  it('is modified where its record tells of another state', async () => {
    const { writer, counters, stored: found, change } = await begin();
    writer.present({ ...objectOf('a'), size: 7 }, recordAt('a'));
    expect(counters).toMatchObject({ added: 0, modified: 1, unchanged: 0 });
    expect([found, change]).toEqual([
      { objects: 1, bytes: 10 },
      { objects: 0, bytes: -3 },
    ]);
    await writer.flush();
    expect((await world.records()).map(readRecord)).toMatchObject([{ sk: 'a', size: 7, fresh: false }]);
  });

  it('is unchanged, or what an earlier invocation of this run made it', async () => {
    const { writer, counters, stored: found, change } = await begin();
    writer.present(objectOf('a'), recordAt('a'));
    for (const key of 'bc') writer.present(objectOf(key), recordAt(key, 'run', true));
    for (const key of 'def') writer.present(objectOf(key), recordAt(key, 'run'));
    expect(counters).toMatchObject({ unchanged: 1, added: 2, modified: 3 });
    expect([found, change]).toEqual([
      { objects: 6, bytes: 60 },
      { objects: 0, bytes: 0 },
    ]);
    expect([await writer.flush(), await stored()]).toEqual([false, '']);
  });

  it('is one of a leaf that is as it was', async () => {
    const { writer, counters, stored: found } = await begin();
    writer.unchanged({ ...nothing(), objects: 3, bytes: 5 });
    expect([counters.unchanged, found]).toEqual([3, { objects: 3, bytes: 5 }]);
  });
});

describe('a record that is not listed', () => {
  it('stays, as a candidate for deletion, and the range is not said to be in another state', async () => {
    const { writer, work, counters, stored: found, change } = await begin();
    expect(writer.storedOnly(recordAt('a'))).toBe(true);
    expect([work.tally.candidates, work.tally.candidate_sample]).toEqual([1, ['a']]);
    expect([found, change, counters.out_of_scope]).toEqual([{ objects: 1, bytes: 10 }, { objects: 0, bytes: 0 }, 0]);
    expect(await writer.flush()).toBe(true);
    expect(await candidates()).toEqual(['a']);
    expect(await world.row()).not.toHaveProperty('dirty');
  });

  it('is shown among the first twenty', async () => {
    const { writer, work } = await begin();
    for (const key of keysOf(25)) writer.storedOnly(recordAt(key));
    expect([work.tally.candidates, work.tally.candidate_sample]).toEqual([25, keysOf(20)]);
  });

  it.each([
    ['the filter', 'X', ''],
    ['the prefix', 'a', 'b/'],
  ])('leaves the scope where %s leaves it out, and its range is dirty before', async (_what, key, prefix) => {
    await world.catalogue(key);
    const { writer, counters, change } = await begin({ prefix });
    expect(writer.storedOnly(recordAt(key))).toBe(false);
    expect([counters.out_of_scope, change.objects]).toEqual([1, 0]);
    expect(await writer.flush()).toBe(true);
    expect((await world.records()).map(readRecord)).toMatchObject([{ sk: key, gone: { reason: 'out_of_scope' } }]);
    expect(change).toEqual({ objects: -1, bytes: -10 });
    expect(await world.row()).toMatchObject({ dirty: 2 });
    expect([await candidates(), await writer.flush()]).toEqual([[], false]);
  });

  it('is counted once, where an earlier invocation of this run took it out of scope', async () => {
    const { writer, counters, stored: found } = await begin();
    expect(writer.storedOnly(deadAt('X', 'run', 'out_of_scope'))).toBe(false);
    for (const [run, reason] of [
      ['before', 'out_of_scope'],
      ['run', 'deleted'],
      ['before', 'deleted'],
    ] as const) {
      expect(writer.storedOnly(deadAt('X', run, reason))).toBe(false);
    }
    expect([counters.out_of_scope, found.objects, await writer.flush()]).toEqual([1, 0, false]);
  });
});

describe('a record that is out of a scope in which nothing was listed', () => {
  const leaving = (): Promise<string[]> => collect(listLeaving(world.store, 'u', 'p'));

  it('stays as it is, and is noted for the end of the run', async () => {
    await world.catalogue('X');
    const { writer, work, counters, stored: found, change } = await begin({ matched: 0 });
    expect(writer.storedOnly(recordAt('X'))).toBe(true);
    expect([work.tally.leaving, work.tally.leaving_sample, work.tally.candidates]).toEqual([1, ['X'], 0]);
    expect([found, change, counters.out_of_scope]).toEqual([{ objects: 1, bytes: 10 }, { objects: 0, bytes: 0 }, 0]);
    expect(await writer.flush()).toBe(true);
    expect([await leaving(), await candidates()]).toEqual([['X'], []]);
    expect((await world.records()).map(readRecord)[0]).not.toHaveProperty('gone');
    expect(await world.row()).not.toHaveProperty('dirty');
  });

  it('is shown among the first twenty', async () => {
    const { writer, work } = await begin({ matched: 0, prefix: 'b/' });
    for (const key of keysOf(25)) writer.storedOnly(recordAt(key));
    expect([work.tally.leaving, work.tally.leaving_sample]).toEqual([25, keysOf(20)]);
  });

  it('leaves at once where this range, or another of this worker, had a key in scope', async () => {
    const { writer, work, progress } = await begin({ matched: 0, prefix: 'b/' });
    expect(writer.storedOnly(recordAt('a'))).toBe(true);
    progress.scopeSeen = true;
    expect(writer.storedOnly(recordAt('c'))).toBe(false);
    expect([work.tally.leaving, work.tally.counters.out_of_scope]).toEqual([1, 1]);
    const other = await begin({ matched: 1, prefix: 'b/' });
    expect([other.writer.storedOnly(recordAt('a')), other.progress.scopeSeen]).toEqual([false, true]);
  });

  it('is noted anew by whoever goes on from before it', async () => {
    const { writer } = await begin({ matched: 0, prefix: 'b/' });
    for (const key of 'acd') writer.storedOnly(recordAt(key));
    await writer.flush();
    await dropCandidates(wholeWrites(world.store), 'u', 'p', { after: 'a', through: 'c' });
    expect(await leaving()).toEqual(['a', 'd']);
  });

  it('is only counted by a dry run', async () => {
    const { writer, work } = await begin({ matched: 0, dryRun: true, prefix: 'b/' });
    expect(writer.storedOnly(recordAt('a'))).toBe(true);
    expect([await writer.flush(), work.tally.leaving, await leaving()]).toEqual([false, 1, []]);
  });
});

describe('a dry run', () => {
  it('counts, and writes nothing', async () => {
    await world.catalogue('X');
    const { writer, work, counters } = await begin({ dryRun: true });
    writer.present(objectOf('a'), undefined);
    writer.storedOnly(recordAt('b'));
    writer.storedOnly(recordAt('X'));
    expect(await writer.flush()).toBe(false);
    expect([counters.added, counters.out_of_scope, work.tally.candidates]).toEqual([1, 1, 1]);
    expect([await stored(), await candidates()]).toEqual(['X', []]);
    expect((await world.records()).map(readRecord)[0]).not.toHaveProperty('gone');
  });
});

describe('what is in hand', () => {
  it('is written between two keys once it is a thousand records, in batches of 250, and told of at the end', async () => {
    const sizes: number[] = [];
    const batchWrite: Table['batchWrite'] = (writes) => {
      sizes.push(writes.length);
      return world.store.batchWrite(writes);
    };
    const writer = createRangeWriter(world.contextOf({ pages: [], table: { batchWrite } }), await world.begin());
    const keys = keysOf(1000);
    for (const key of keys.slice(1)) writer.present(objectOf(key), undefined);
    await writer.relieve();
    expect(await stored()).toBe('');
    writer.present(objectOf(keys[0] ?? ''), undefined);
    await writer.relieve();
    expect([sizes, await stored()]).toEqual([[250, 250, 250, 250], keys.join('')]);
    expect([await writer.flush(), await writer.flush()]).toEqual([true, false]);
  });

  it('is written once 250 are to leave the scope', async () => {
    const { writer, change } = await begin({ prefix: 'b/' });
    const keys = keysOf(250);
    for (const key of keys.slice(1)) writer.storedOnly(recordAt(key));
    await writer.relieve();
    expect(change.objects).toBe(0);
    writer.storedOnly(recordAt(keys[0] ?? ''));
    await writer.relieve();
    expect(change.objects).toBe(-250);
  });

  it('is marked in the row of the range before it is written, once, and not for a run that was displaced', async () => {
    const { writer, work } = await begin();
    writer.present(objectOf('a'), undefined);
    await writer.flush();
    expect([work.range.dirty, work.range.version, (await world.row()).version]).toEqual([2, 2, 2]);
    writer.present(objectOf('b'), undefined);
    await writer.flush();
    expect((await world.row()).version).toBe(2);
    const displaced = createRangeWriter(world.contextOf({ pages: [], fence: 1 }), await world.begin());
    displaced.present(objectOf('c'), undefined);
    await expect(displaced.flush()).rejects.toMatchObject({ code: 'lease_lost' });
    expect([await stored(), (await world.row()).version]).toEqual(['ab', 1]);
  });

  it('stays in hand where the store does not take the mark', async () => {
    const broken = new TypeError('the store broke');
    const table = { transact: () => Promise.reject(broken) };
    const writer = createRangeWriter(world.contextOf({ pages: [], table }), await world.begin());
    writer.present(objectOf('a'), undefined);
    await expect(writer.flush()).rejects.toBe(broken);
    expect(await stored()).toBe('');
  });
});
