import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { addObject, type Leaf, nothing } from '#core/catalogue/leaf.ts';
import { packItem } from '#core/catalogue/leaf-pack.ts';
import { firstKey } from '#core/catalogue/range-map.ts';
import { readRecord, tombstoneOf } from '#core/catalogue/record.ts';
import { leaseLost } from '#core/lease/lease.ts';
import { Failure } from '#core/model/errors.ts';
import { candidateItem, listCandidates } from '#core/runs/candidates.ts';
import { saveWork } from '#core/sync/progress/range-work.ts';
import { RunCanceled, RunYielded } from '#core/sync/worker/run-unwound.ts';
import { collect } from '#support/collect.ts';
import { assertLeavesTrue } from '#support/leaf-truth.ts';
import { createOneRange, leavesOfRange, type OneRange, objectOf, syncOne } from './one-range.ts';

let world: OneRange;
beforeEach(async () => {
  world = await createOneRange();
});
afterEach(() => world.store.close());

const failure = new Failure('source_error', 'The server broke.');
const thrower = (error: unknown) => (): never => {
  throw error;
};
const broken = thrower(failure);
const lost = { code: 'lease_lost' };
const stored = async (): Promise<string> => (await world.records()).map(({ sk }) => sk).join('');

/** A leaf of these objects, up to the last of them. */
function leafOf(keys: string): Leaf {
  const content = nothing();
  for (const key of keys) addObject(content, objectOf(key));
  return { ...content, to: keys.at(-1) ?? '' };
}

/** Packs of the catalogue: each begins after its first key, and has one leaf of the others. */
async function digests(...packs: readonly string[]): Promise<void> {
  for (const pack of packs) {
    const from = pack.startsWith('^') ? firstKey : pack.slice(0, 1);
    await world.store.put(packItem(leavesOfRange, { from, leaves: [leafOf(pack.slice(1))] }, 1));
  }
}

describe('a stream that is stopped between two pages', () => {
  describe.each([
    ['by what the bucket answers', failure],
    ['because its time is over', new RunYielded()],
    ['because the run was canceled', new RunCanceled()],
  ])('%s', (_why, error) => {
    it('keeps what it did, and lets the range go', async () => {
      const work = await world.begin();
      await expect(syncOne(world.contextOf({ pages: ['abc', 'def', thrower(error)] }), work)).rejects.toBe(error);
      expect(await stored()).toBe('abcdef');
      expect(await world.work()).toMatchObject({ position: 'f', done: false, tally: { counters: { added: 6 } } });
      expect((await world.work())?.claim).toBeUndefined();
      expect(await world.row()).toMatchObject({ objects: 6, bytes: 60 });
    });

    it('keeps how far it listed, where there was nothing to write yet', async () => {
      await world.catalogue('abcdef');
      const work = await world.begin({ objects: 6, bytes: 60 });
      await expect(syncOne(world.contextOf({ pages: ['abc', thrower(error)] }), work)).rejects.toBe(error);
      expect(await world.work()).toMatchObject({ position: 'c', tally: { counters: { unchanged: 3, bytes: 30 } } });
    });
  });

  it('before its first page writes nothing, unless the range was claimed', async () => {
    const work = await world.begin();
    await expect(syncOne(world.contextOf({ pages: [broken] }), work)).rejects.toBe(failure);
    expect(await world.work()).toBeUndefined();
    await saveWork(world.contextOf({ pages: [] }), work, 'claimed');
    expect((await world.work())?.claim).toBeDefined();
    await expect(syncOne(world.contextOf({ pages: [broken, broken] }), work)).rejects.toBe(failure);
    expect(await world.work()).toMatchObject({ version: 2, done: false });
    expect((await world.work())?.claim).toBeUndefined();
  });

  it('reads no further in the store', async () => {
    await world.catalogue('abcdef');
    const work = await world.begin();
    await expect(syncOne(world.contextOf({ pages: ['b', thrower(new TypeError())] }), work)).rejects.toThrow();
    expect([...world.seen.open]).toEqual([]);
  });
});

describe('a stream that is stopped anywhere else', () => {
  it.each([
    ['for another run took its place', leaseLost()],
    ['by a defect', new TypeError('a defect')],
  ])('%s does not say how far it is, but what it added counts', async (_why, error) => {
    const work = await world.begin();
    await saveWork(world.contextOf({ pages: [] }), work, 'claimed');
    await expect(syncOne(world.contextOf({ pages: ['abc', thrower(error)] }), work)).rejects.toBe(error);
    // The page that was written was stored as done before.
    expect(await world.work()).toMatchObject({ position: 'c', version: 3 });
    expect(await world.row()).toMatchObject({ objects: 3 });
  });

  it.each([leaseLost(), new TypeError('a defect')])('stores nothing where nothing was: %s', async (error) => {
    await world.catalogue('abc');
    const work = await world.begin({ objects: 3, bytes: 30 });
    await expect(syncOne(world.contextOf({ pages: ['abc', thrower(error)] }), work)).rejects.toBe(error);
    expect(await world.work()).toBeUndefined();
  });

  it.each([leaseLost(), new TypeError('a defect')])('leaves a claim as it was: %s', async (error) => {
    const work = await world.begin();
    await saveWork(world.contextOf({ pages: [] }), work, 'claimed');
    await expect(syncOne(world.contextOf({ pages: [thrower(error)] }), work)).rejects.toBe(error);
    expect(await world.work()).toMatchObject({ version: 1, claim: { holder: 'me' } });
  });

  it('at the very end does not say that the range is done', async () => {
    const work = await world.begin({ objects: 1 });
    let writes = 0;
    const transact = async (): Promise<void> => {
      writes += 1;
      throw failure;
    };
    await expect(syncOne(world.contextOf({ pages: [''], table: { transact } }), work)).rejects.toBe(failure);
    expect(writes).toBe(1);
  });
});

describe('what hinders a stream from keeping what it did', () => {
  it('is told where another run took its place', async () => {
    await world.catalogue('abc');
    const work = await world.begin({ objects: 3, bytes: 30 });
    const stale = world.contextOf({ pages: ['abc', broken], fence: 1 });
    await expect(syncOne(stale, work)).rejects.toMatchObject(lost);
    expect(world.log.lines).toEqual([]);
  });

  it.each([
    ['a defect', new TypeError('the store broke'), 'TypeError'],
    ['what can be acted on', new Failure('internal', 'the store broke'), 'Failure'],
  ])('is noted otherwise, and what stopped it is told: %s', async (_what, reason, name) => {
    await world.catalogue('abc');
    const work = await world.begin({ objects: 3, bytes: 30 });
    const table = { transact: () => Promise.reject(reason) };
    await expect(syncOne(world.contextOf({ pages: ['abc', broken], table }), work)).rejects.toBe(failure);
    const fields = { run: 'run', reason: name };
    expect(world.log.lines).toEqual([{ level: 'warn', fact: 'work not kept', fields }]);
  });
});

describe('how far a stream is', () => {
  it('is stored after each page that it wrote of, with the claim, and not at the end of a lone range', async () => {
    const claims: unknown[] = [];
    const note = (): never => {
      claims.push(world.work());
      throw failure;
    };
    const work = await world.begin();
    await expect(syncOne(world.contextOf({ pages: ['abc', note] }), work)).rejects.toBe(failure);
    expect(await claims[0]).toMatchObject({ position: 'c', claim: { holder: 'me' } });

    world = await createOneRange();
    const whole = await world.begin();
    expect(await syncOne(world.contextOf({ pages: ['abc'] }), whole)).toBeUndefined();
    expect([await stored(), await world.work()]).toEqual(['abc', undefined]);
  });

  it('is stored after a page that changed nothing as soon as a checkpoint is due, and not before', async () => {
    await world.catalogue('abcdef');
    const work = await world.begin({ objects: 6, bytes: 60 });
    const positions: unknown[] = [];
    const beforePage = (answered: number): void => {
      positions.push(work.position);
      world.time.now += [9_999, 1, 0][answered] ?? 0;
    };
    await syncOne(world.contextOf({ pages: ['ab', 'cd', 'ef'], beforePage }), work);
    expect(positions).toEqual([undefined, undefined, 'd']);
  });

  it('is noted of the run, too', async () => {
    const work = await world.begin();
    const context = world.contextOf({ pages: ['abc', 'd'], holder: 'me' });
    await syncOne(context, work);
    expect(context.progress.begun).toBe(true);
  });

  it('does not change by a page without a key', async () => {
    await world.catalogue('abcdef');
    const work = await world.begin({ objects: 6, bytes: 60 });
    const positions: unknown[] = [];
    const beforePage = (): void => {
      positions.push(work.position);
      world.time.now += 20_000;
    };
    await syncOne(world.contextOf({ pages: ['', 'a', '', 'bcdef'], beforePage }), work);
    expect(positions).toEqual([undefined, undefined, 'a', 'a']);
    expect(work.tally.counters).toMatchObject({ matched: 6, unchanged: 6, bytes: 60 });
  });

  it('is no reason to share the range at a page without a key', async () => {
    const work = await world.begin();
    await syncOne(world.contextOf({ pages: ['', 'a', '', 'b'], wanted: true, shareAfterPages: 3 }), work);
    expect([work.tally.unshared, world.seen.asked.length, await stored()]).toEqual([{ pages: 4, first: 'a' }, 4, 'ab']);
  });
});

describe('what a stream begins with', () => {
  const notes = async (...keys: string[]): Promise<void> => {
    for (const key of keys) await world.store.put(candidateItem('u', 'p', key, 9_999_999_999));
  };
  const candidates = (): Promise<string[]> => collect(listCandidates(world.store, 'u', 'p'));

  it('are the candidates noted before its position alone, where somebody was at the range before', async () => {
    await notes('a', 'c', 'd', 'k', 'p');
    const work = await world.begin({ hi: 'm' });
    Object.assign(work, { begun: true, position: 'c' });
    await syncOne(world.contextOf({ pages: ['d'] }), work);
    expect(await candidates()).toEqual(['a', 'c', 'p']);
  });

  it('are none of its own where nobody was', async () => {
    await notes('d');
    await syncOne(world.contextOf({ pages: ['d'] }), await world.begin());
    expect(world.seen.queries.some((pk) => pk.startsWith('candidate#'))).toBe(false);
  });

  it('are the records of the range, and none that stand beyond its end', async () => {
    await world.catalogue('abxy');
    const work = await world.begin({ hi: 'm', objects: 2, bytes: 20 });
    await syncOne(world.contextOf({ pages: ['ab'] }), work);
    expect([await candidates(), work.tally.stored.objects]).toEqual([[], 2]);
  });

  it.each([{ doubted: true }, { dirty: 1 }])(
    'are no digests from its position on, where they are not believed: %j',
    async (mark) => {
      await world.catalogue('abcdefghi');
      await digests('^ab', 'bcd', 'def', 'fghi');
      const work = await world.begin({ ...mark, objects: 9, bytes: 90 });
      work.position = 'e';
      const { code, message } = failure;
      await expect(syncOne(world.contextOf({ pages: [broken] }), work)).rejects.toMatchObject({ code, message });
      expect(await world.packs()).toEqual([firstKey, 'b']);
      work.position = undefined;
      await expect(syncOne(world.contextOf({ pages: [broken, broken] }), work)).rejects.toBe(failure);
      expect(await world.packs()).toEqual([]);
    },
  );

  it('inside a leaf is what is left of it, tombstones not counted', async () => {
    await world.catalogue('abcd');
    const [, dead] = (await world.records()).map(readRecord);
    if (dead === undefined) throw new Error('there is no record');
    await world.store.put(tombstoneOf(dead, { run: 'x', seq: 1, at: dead.at, quiet: false }, 'deleted'));
    await digests('^acd');
    const work = await world.begin({ objects: 3, bytes: 30 });
    Object.assign(work, { position: 'b' });
    Object.assign(work.tally, { stored: { objects: 1, bytes: 10 } });
    await syncOne(world.contextOf({ pages: ['cd'] }), work);
    expect(work.tally.counters.unchanged).toBe(2);
    await assertLeavesTrue(world.store, 'u');
  });
});

describe('digests', () => {
  /** So many packs of a leaf each, of records that were listed since, in another state. */
  const manyPacks = 100;
  const keys = String.fromCodePoint(...Array.from({ length: manyPacks }, (_, index) => 0x4e00 + index));

  it('are written in transactions of 40 packs and a fence', async () => {
    const leaf = { objects: 1, bytes: 1, sum: 1n };
    let from = firstKey;
    for (const key of keys) {
      await world.store.put(packItem(leavesOfRange, { from, leaves: [{ ...leaf, to: key }] }, 1));
      from = key;
    }
    const work = await world.begin({ objects: manyPacks, bytes: 10 * manyPacks });
    await world.catalogue(keys);
    await syncOne(world.contextOf({ pages: [keys] }), work);
    expect(world.seen.transactions).toEqual([41, 41, 20, 2]);
    await assertLeavesTrue(world.store, 'u');
  });

  it('are not written, nor anything else, where all is as it was', async () => {
    await world.catalogue('abcd');
    await digests('^ab', 'bcd');
    await syncOne(world.contextOf({ pages: ['abcd'] }), await world.begin({ objects: 4, bytes: 40 }));
    expect(world.seen.transactions).toEqual([]);
  });

  it('are refused to a run that another took the place of', async () => {
    await world.catalogue('ab');
    const work = await world.begin({ objects: 2, bytes: 20 });
    await expect(syncOne(world.contextOf({ pages: ['ab'], fence: 1 }), work)).rejects.toMatchObject(lost);
    expect(await world.packs()).toEqual([]);
  });
});
