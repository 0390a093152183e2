import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readRecord, tombstoneOf } from '#core/catalogue/record.ts';
import { runItem } from '#core/runs/run-store.ts';
import { RunYielded } from '#core/sync/worker/run-unwound.ts';
import {
  beganAt,
  createSettlingWorld,
  found,
  type Given,
  names,
  recordAt,
  runRow,
  type SettlingWorld,
  stamp,
} from './settling-world.ts';

let world: SettlingWorld;
beforeEach(async () => {
  world = await createSettlingWorld();
});
afterEach(() => world.table.close());

describe('the threshold', () => {
  const limits = { holdAboveObjects: 10, holdAboveShare: 0.15 };

  it.each([
    ['more than both', 11, { unchanged: 62 }, 'held'],
    ['more objects, of a share that is exactly the limit', 15, { unchanged: 85 }, 'completed'],
    ['more objects, of a larger share with one record less', 15, { unchanged: 84 }, 'held'],
    ['more objects, of a smaller share for what was modified', 15, { unchanged: 60, modified: 40 }, 'completed'],
    ['a larger share of no more objects than the limit', 10, { unchanged: 0 }, 'completed'],
    ['one of many where nothing was listed', 1, { listed: 0 }, 'held'],
  ])('%s', async (_name, count, counters, status) => {
    const keys = await world.lost(count);
    const settlement = await world.settled({ candidates: count, counters, settings: limits });
    expect(settlement.status).toBe(status);
    expect(await world.gone()).toEqual(status === 'held' ? [] : keys);
    expect(world.asked).toEqual(status === 'held' ? [] : keys);
    expect(settlement.hold === undefined).toBe(status === 'completed');
  });

  it('shows what would go: how many, their share to a hundredth of a percent, and some of them', async () => {
    const { hold } = await world.settled({ candidates: 20, counters: { unchanged: 40 }, settings: limits });
    expect(hold).toEqual({ candidates: 20, share: 0.3333, sample: ['shown'] });
  });
});

it('nothing is world.asked where nothing is missing, though nothing was listed', async () => {
  await world.missing(names(1), 'now');
  expect(await world.settled({ candidates: 0, counters: { listed: 0 } })).toMatchObject({
    status: 'completed',
    deleted: 0,
  });
  expect([world.asked, world.beats]).toEqual([[], 0]);
});

it.each([
  ['and that it would hold', { listed: 0 }, true],
  ['and that it would not', {}, false],
])('a dry run says how many would go, %s', async (_name, counters, holds) => {
  await world.lost(3);
  const settlement = await world.settled({ candidates: 3, counters, run: { dry_run: true } });
  expect(settlement).toMatchObject({ status: 'completed', deleted: 3 });
  expect(settlement.hold !== undefined).toBe(holds);
  expect([world.asked, await world.gone()]).toEqual([[], []]);
});

describe('an approval', () => {
  const [first, second, third] = names(3);

  it.each([
    ['the run that was held', undefined],
    ['the pass that it was part of', { id: 'pass', began_at: '' }],
  ])('deletes only what %s lacked too, however large a share that is', async (_name, pass) => {
    await world.lost(3);
    await world.table.put(runItem({ ...runRow('held'), ...(pass ? { pass } : {}) }));
    await world.missing([first ?? '', third ?? '', 'other'], pass?.id ?? 'held');
    const given = { candidates: 3, counters: { listed: 0 }, run: { approves: 'held' } };
    expect(await world.settled(given)).toEqual({ status: 'completed', deleted: 2, out: 0, steps: 2 });
    expect(await world.gone()).toEqual([first, third]);
    expect(world.asked).toEqual([first, third]);
  });

  it('goes by what is noted of a run whose own record is gone', async () => {
    await world.lost(3);
    await world.missing([second ?? ''], 'held');
    await world.settled({ candidates: 3, run: { approves: 'held' } });
    expect(await world.gone()).toEqual([second]);
  });

  it('asks for nothing where nothing is missing in both', async () => {
    await world.lost(3);
    await world.settled({ candidates: 3, run: { approves: 'held' } });
    expect([world.asked, await world.gone()]).toEqual([[], []]);
  });
});

describe('as many as can be world.asked for one by one', () => {
  it('are deleted with no second run, but for those that were written since', async () => {
    const keys = await world.lost(20);
    world.answer = (key) => (key === keys[7] ? found(beganAt + 1) : { status: 'missing' });
    const settlement = await world.settled({ candidates: 20 }, 'previous');
    expect(settlement).toMatchObject({ status: 'completed', deleted: 19 });
    expect(settlement).not.toHaveProperty('waiting');
    expect(world.asked).toEqual(keys);
    expect(await world.gone()).toEqual(keys.filter((key) => key !== keys[7]));
  });

  it('count what an earlier invocation of this run deleted, and nobody else', async () => {
    const [mine, live, ...others] = await world.lost(6);
    const tomb = (key: string | undefined, run: string, reason: 'deleted' | 'out_of_scope') =>
      world.table.put(tombstoneOf(readRecord(recordAt(key ?? '')), { ...stamp, run }, reason));
    await tomb(mine, 'now', 'deleted');
    for (const theirs of others.slice(0, 2)) await tomb(theirs, 'before', 'deleted');
    for (const left of others.slice(2)) await tomb(left, 'now', 'out_of_scope');
    expect(await world.settled({ candidates: 6 })).toMatchObject({ deleted: 2, steps: 1 });
    expect(world.asked).toEqual([live]);
  });
});

describe('more than that', () => {
  it('wait for a second run, after a sample was world.asked for', async () => {
    const keys = await world.lost(50);
    expect(await world.settled({ candidates: 50 })).toMatchObject({ status: 'completed', deleted: 0, waiting: 50 });
    expect(world.asked).toEqual([0, 10, 20, 30, 40].map((index) => keys[index]));
    expect(await world.gone()).toEqual([]);
  });

  it('are deleted where the run before lacked them too, and no more than the sample is world.asked for', async () => {
    const keys = await world.lost(54);
    await world.missing(keys.slice(1), 'previous');
    expect(await world.settled({ candidates: 54 }, 'previous')).toMatchObject({ deleted: 53, steps: 53, waiting: 1 });
    expect(world.asked).toEqual([0, 10, 20, 30, 40].map((index) => keys[index]));
    expect(await world.gone()).toEqual(keys.slice(1));
  });

  it('are sampled one by one where the sample may be as large', async () => {
    const keys = await world.lost(21);
    await world.settled({ candidates: 21, settings: { confirmSample: 50 } });
    expect(world.asked).toEqual(keys);
  });

  it.each<[string, Partial<Given>, boolean]>([
    ['on the strength of the sample, at the last moment that it may be fresh', { age: 900_000 }, false],
    ['each asked for, when the absence is older', { age: 900_001 }, true],
    ['each asked for, when the clock was set back since and nobody knows how old it is', { age: -1 }, true],
    ['each asked for, when nothing was listed', { counters: { listed: 0 }, run: { approves: 'previous' } }, true],
    ['each asked for, when the run went on', { run: { checkpoint: { fingerprint: '', expected: 0 } } }, true],
    ['each asked for, when the pass went on', { run: { pass: { id: 'now', began_at: '' } } }, true],
  ])('are deleted %s', async (_name, given, each) => {
    const keys = await world.lost(21);
    await world.missing(keys, 'previous');
    expect(await world.settled({ candidates: 21, ...given }, 'previous')).toMatchObject({ deleted: 21 });
    expect(world.asked).toHaveLength(each ? 5 + 21 : 5);
    expect(await world.gone()).toEqual(keys);
  });

  it('are each asked for where one of the sample was written since', async () => {
    const keys = await world.lost(25);
    await world.missing(keys, 'previous');
    world.answer = (key) => (key === keys[0] || key === keys[3] ? found(beganAt + 1) : { status: 'missing' });
    expect(await world.settled({ candidates: 25 }, 'previous')).toMatchObject({ deleted: 23 });
    expect(world.asked).toHaveLength(5 + 25);
  });

  it('are deleted by a thousand, in one key more a second time', async () => {
    const keys = await world.lost(1001);
    await world.missing(keys, 'previous');
    await world.settled({ candidates: 1001 }, 'previous');
    // Once for the sample, once before each batch.
    expect([world.beats, (await world.gone()).length]).toEqual([1 + 2, 1001]);
  });

  it('yield before a batch when time is over, but not before the first', async () => {
    const keys = await world.lost(1001);
    await world.missing(keys, 'previous');
    const given = { candidates: 1001, yieldAt: beganAt };
    await expect(world.settled(given, 'previous')).rejects.toBeInstanceOf(RunYielded);
    expect(await world.gone()).toHaveLength(1000);
  });
});
