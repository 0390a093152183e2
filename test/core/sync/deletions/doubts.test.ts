import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Failure } from '#core/model/errors.ts';
import type { HeadResult } from '#core/model/ports/bucket.ts';
import { listContradicted, rememberContradicted } from '#core/runs/contradicted-keys.ts';
import { wholeWrites } from '#support/whole-writes.ts';
import { beganAt, createSettlingWorld, found, type Given, type SettlingWorld } from './settling-world.ts';

let world: SettlingWorld;
beforeEach(async () => {
  world = await createSettlingWorld();
});
afterEach(() => world.table.close());

const remembered = (): Promise<string[]> => listContradicted(world.table, 'u');
const remember = (keys: readonly string[]): Promise<void> =>
  rememberContradicted(wholeWrites(world.table), 'u', keys, beganAt);
const careful = { careful: true };
const unreadable = new Failure('not_an_s3_answer', 'Not read.');

/** These keys are on the server, as they were before the run. */
function exist(keys: readonly string[]): void {
  const live = new Set(keys);
  world.answer = (key): HeadResult => (live.has(key) ? found(0) : { status: 'missing' });
}

describe('keys that contradict the listing', () => {
  it('stay, are named and remembered, and do not stop the others', async () => {
    const keys = await world.lost(5);
    const [first = '', second = '', ...others] = keys;
    exist([first, second]);
    const settlement = await world.settled({ candidates: 5 });
    expect(settlement).toMatchObject({ status: 'completed', deleted: 3, contradicted: 2 });
    expect(settlement.warnings).toEqual([
      expect.stringMatching(/^the listing lacks keys that the server has; .* "gone-10000", "gone-10001"$/),
    ]);
    expect([await world.gone(), await remembered()]).toEqual([others, [first, second]]);
  });

  it.each([
    ['one alone, beside the control', 1, 1, 'completed'],
    ['half of those asked for, with the control', 3, 2, 'completed'],
    ['more than half', 4, 3, 'listing_contradicted'],
    ['all', 9, 9, 'listing_contradicted'],
  ])('are odd, or the listing is: %s', async (_what, count, live, end) => {
    const keys = await world.lost(count);
    exist(keys.slice(0, live));
    const settling = world.settled({ candidates: count });
    if (end === 'completed') expect(await settling).toMatchObject({ status: end, deleted: count - live });
    else await expect(settling).rejects.toMatchObject({ code: end });
    expect(await world.gone()).toEqual(end === 'completed' ? keys.slice(live) : []);
    expect(await remembered()).toEqual(keys.slice(0, live));
  });

  it('are said to be too many in words that name one, shortened, and their number', async () => {
    const long = 'a'.repeat(300);
    const keys = [long, 'b', 'c'];
    await world.catalogue(keys);
    await world.missing(keys, 'now');
    exist(keys);
    await expect(world.settled({ candidates: 3 })).rejects.toThrow(
      `the object "${'a'.repeat(100)}…" exists, yet the listing did not have it, and so do 2 others. The listing of this server cannot be relied on now; nothing was deleted`,
    );
  });

  it('are named, twenty of them at most, as texts that are safe to show', async () => {
    const keys = Array.from({ length: 25 }, (_, index) => `k\n${100 + index}`);
    await world.catalogue(keys);
    await world.missing(keys, 'now');
    await world.lost(30);
    exist(keys);
    const { warnings } = await world.settled({ candidates: 55, settings: { confirmLimit: 100 } });
    expect(warnings?.[0]).toMatch(/"k\\n100", .*"k\\n119" and 5 more$/);
    expect(warnings?.[0]).not.toContain('"k\\n120"');
  });

  it('are left alone by an approval, which asks for each', async () => {
    const [live = '', ...others] = await world.lost(4);
    await world.missing([live, ...others], 'held');
    exist([live]);
    const settlement = await world.settled({ candidates: 4, run: { approves: 'held' } });
    expect(settlement).toMatchObject({ status: 'completed', deleted: 3, contradicted: 1 });
    expect(await world.gone()).toEqual(others);
  });
});

it('keys of which the server does not tell stay, are named and remembered, however many they are', async () => {
  const [gone = '', ...unclear] = await world.lost(4);
  world.answer = (key) => {
    if (key === gone) return { status: 'missing' };
    throw unreadable;
  };
  const settlement = await world.settled({ candidates: 4 });
  expect(settlement).toMatchObject({ status: 'completed', deleted: 1, contradicted: 3 });
  expect(settlement.warnings).toEqual([
    expect.stringMatching(/of which the server does not say whether they exist; .*"gone-10001", /),
  ]);
  expect([await world.gone(), await remembered()]).toEqual([[gone], unclear]);
});

describe('keys that an earlier run found contradicted', () => {
  const limits = { holdAboveObjects: 3, holdAboveShare: 0.15 };

  it('are asked for first, and once', async () => {
    const keys = await world.lost(6);
    const [, , live = ''] = keys;
    await remember([live, 'listed-again']);
    exist([live]);
    expect(await world.settled({ candidates: 6 }, careful)).toMatchObject({ deleted: 5, contradicted: 1 });
    expect(world.asked).toEqual([live, ...keys.filter((key) => key !== live)]);
    expect(await remembered()).toEqual([live]);
  });

  it('are no candidates where they are there still: they neither hold the run nor are shown', async () => {
    const keys = await world.lost(6);
    await remember(keys.slice(0, 3));
    exist(keys.slice(0, 3));
    const given: Given = { candidates: 6, counters: { unchanged: 6 }, settings: limits };
    expect(await world.settled(given, careful)).toMatchObject({ status: 'completed', deleted: 3, contradicted: 3 });
    await world.table.batchWrite(keys.map((sk) => ({ delete: { pk: 'candidate#u#now', sk } })));
    const more = await world.lost(8);
    exist(keys.slice(0, 3));
    const tally = { candidate_sample: more };
    const held = await world.settled({ ...given, candidates: 8, tally }, careful);
    expect(held).toMatchObject({ status: 'held', hold: { candidates: 5, share: 0.3571, sample: more.slice(3) } });
    expect(await remembered()).toEqual(keys.slice(0, 3));
  });

  it('are candidates like others once they are gone, and count for the hold', async () => {
    const keys = await world.lost(6);
    await remember(keys);
    const given = { candidates: 6, counters: { unchanged: 6 }, settings: limits };
    expect(await world.settled(given, careful)).toMatchObject({ status: 'held', hold: { candidates: 6 } });
    expect([await world.gone(), await remembered()]).toEqual([[], []]);
  });

  it('do not fail the run once more for being more than half', async () => {
    const keys = await world.lost(4);
    await remember(keys);
    exist(keys);
    expect(await world.settled({ candidates: 4 }, careful)).toMatchObject({ status: 'completed', contradicted: 4 });
    expect(world.asked).toEqual(keys);
  });

  it('do not let an empty listing pass', async () => {
    const keys = await world.lost(2);
    await remember(keys);
    exist(keys);
    expect(await world.settled({ candidates: 2, counters: { listed: 0 } }, careful)).toMatchObject({ status: 'held' });
  });

  it('are not looked for where the last ten runs had none, nor forgotten by a dry run', async () => {
    const keys = await world.lost(2);
    await remember(keys.slice(0, 1));
    expect(await world.settled({ candidates: 2, run: { dry_run: true } }, careful)).toMatchObject({ deleted: 2 });
    expect(await remembered()).toEqual(keys.slice(0, 1));
    await world.settled({ candidates: 2 });
    expect(world.asked).toEqual(keys);
  });

  it('are left out of the sample and of what waits', async () => {
    const keys = await world.lost(50);
    await remember(keys.slice(0, 10));
    exist(keys.slice(0, 10));
    const settlement = await world.settled({ candidates: 50 }, careful);
    expect(settlement).toMatchObject({ status: 'completed', deleted: 0, waiting: 40, contradicted: 10 });
    expect(world.asked).toEqual([...keys.slice(0, 10), ...[10, 18, 26, 34, 42].map((index) => keys[index])]);
  });
});

describe('a sample is not enough', () => {
  it.each<[string, Partial<Given>, object]>([
    ['when one of the last ten runs had a contradicted key', {}, careful],
    ['when a row could not be read', { counters: { failed: 1 } }, {}],
    ['when the server was forgiven something', { tally: { tolerances: ['no-key-count'] } }, {}],
    ['when the listing was unordered', { tally: { tolerances: ['unordered'] } }, {}],
  ])('%s', async (_when, given, past) => {
    const keys = await world.lost(25);
    await world.missing(keys, 'previous');
    const settling = world.settled({ candidates: 25, ...given }, { previous: 'previous', ...past });
    expect(await settling).toMatchObject({ deleted: 25 });
    expect(world.asked).toHaveLength(5 + 25);
  });

  it.each<[string, HeadResult | Failure, number]>([
    ['is contradicted', found(0), 1],
    ['is unclear', unreadable, 1],
    ['was written since', found(beganAt + 1), 0],
  ])('when a sampled key %s: the twenty others of its kind stay', async (_what, sight, warned) => {
    const keys = await world.lost(200);
    await world.missing(keys, 'previous');
    const live = new Set(keys.slice(70, 91));
    world.answer = (key) => {
      if (!live.has(key)) return { status: 'missing' };
      if (sight instanceof Failure) throw sight;
      return sight;
    };
    const settlement = await world.settled({ candidates: 200 }, 'previous');
    expect(settlement).toMatchObject({ status: 'completed', deleted: 179 });
    expect([settlement.warnings?.length ?? 0, settlement.contradicted ?? 0]).toEqual([warned, 21 * warned]);
    expect(await world.gone()).toEqual(keys.filter((key) => !live.has(key)));
  });

  it.each([
    ['an object that has the name of its folder', 'z/b', 'z/b/c/live'],
    ['an object that has the name of a folder above', 'z', 'z/b/c/live'],
    ['an object of the same name in another form', 'pass\u00e9', 'passe\u0301'],
    ['an object of the same name in the other form', 'passe\u0301', 'pass\u00e9'],
  ])('when a candidate may be hidden by %s, though no sampled key is', async (_by, hider, live) => {
    const keys = await world.lost(50);
    await world.catalogue([hider, live]);
    await world.missing([live], 'now');
    await world.missing([...keys, live], 'previous');
    exist([live]);
    // The sample is of the first and of the 26th key, and this one is the last of 51.
    const settings = { confirmSample: 2 };
    const settlement = await world.settled({ candidates: 51, settings }, 'previous');
    expect(settlement).toMatchObject({ status: 'completed', deleted: 50, contradicted: 1 });
    expect(await world.gone()).toEqual(keys);
    expect(world.asked.slice(0, 2)).toEqual([keys[0], keys[25]]);
  });

  it('for nothing else: a mark of a folder, or a name that only begins alike, hides nothing', async () => {
    const keys = ['d/1', 'd/2', 'd/3', 'd/4', 'd/5', 'd/6'];
    await world.catalogue([...keys, 'd/', 'd-', 'd0', '/']);
    await world.missing(keys, 'now');
    await world.missing(keys, 'previous');
    const settings = { confirmLimit: 1, confirmSample: 2 };
    expect(await world.settled({ candidates: 6, settings }, 'previous')).toMatchObject({ deleted: 6 });
    expect(world.asked).toEqual(['d/1', 'd/4']);
  });
});

describe('among many that are each asked for', () => {
  it('more than a thousand contradicted keys fail the run, a thousand do not', async () => {
    const keys = await world.lost(2500);
    await world.missing(keys, 'previous');
    const settings = { confirmSample: 2500 };
    exist(keys.slice(0, 1001));
    const settling = world.settled({ candidates: 2500, settings }, { previous: 'previous', ...careful });
    await expect(settling).rejects.toThrow(/"gone-10000" exists, .* and so do 1000 others.*nothing was deleted/);
    expect([await world.gone(), (await remembered()).length]).toEqual([[], 1000]);
    await world.table.batchWrite(keys.map((sk) => ({ delete: { pk: 'contradicted#u', sk } })));
    exist(keys.slice(0, 1000));
    expect(await world.settled({ candidates: 2500, settings }, { previous: 'previous', ...careful })).toMatchObject({
      ...{ status: 'completed', deleted: 1500, contradicted: 1000 },
    });
  });

  it('those before it are gone by their own denial where the run fails late, and that is said', async () => {
    const keys = await world.lost(300);
    await world.missing(keys, 'previous');
    // The sample meets one of two, which is not more than half with its control; all that come behind are there.
    exist(keys.slice(100));
    const settings = { confirmSample: 2 };
    const settling = world.settled({ candidates: 300, settings }, 'previous');
    await expect(settling).rejects.toThrow(/100 records were deleted before, each of a key that the server denied/);
    expect(await world.gone()).toEqual(keys.slice(0, 100));
  });
});
