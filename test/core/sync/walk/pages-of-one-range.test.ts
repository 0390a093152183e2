import { describe, expect, it } from 'vitest';
import { emptyRange, firstKey } from '#core/catalogue/range-map.ts';
import type { ListingPage } from '#core/model/ports/listing.ts';
import { newTally } from '#core/sync/progress/range-tally.ts';
import type { RangeWork } from '#core/sync/progress/range-work.ts';
import { listedPages, type RangePage } from '#core/sync/walk/listed-pages.ts';
import { openListing } from '#core/sync/walk/open-listing.ts';
import type { RunContext } from '#core/sync/worker/run-context.ts';
import { RunYielded } from '#core/sync/worker/run-unwound.ts';
import { collect } from '#support/collect.ts';
import { noQuota } from '#support/no-quota.ts';

const now = Date.parse('2026-03-01T00:00:00Z');

type Given = {
  readonly prefix?: string;
  readonly lo?: string;
  readonly hi?: string;
  /** The keys of each page. */
  readonly pages?: readonly (readonly string[])[];
  readonly serverTime?: number;
  /** Pages that the range had before. */
  readonly before?: number;
  readonly steps?: number;
  /** The time of the invocation is over. */
  readonly timeIsOver?: boolean;
  readonly clockSkew?: number;
};

/** One range of a bucket that answers these pages, as its stream lists it. */
function listing(given: Given) {
  const { prefix = '', lo = firstKey, hi, pages = [], before = 0, steps = 0, serverTime } = given;
  let asked = 0;
  const list = async (): Promise<ListingPage> => {
    const keys = pages[asked] ?? [];
    asked += 1;
    const more = asked < pages.length;
    return {
      ...{ version: 2, root: 'ListBucketResult', wellFormed: true, bucket: 'stock', prefix, keyCount: keys.length },
      ...{ truncated: more, ...(more ? { nextToken: `T${asked}` } : {}), ...(serverTime ? { serverTime } : {}) },
      objects: keys.map((key) => ({ key, size: 1, etag: 'e', lastModified: '', storageClass: 'STANDARD' })),
    };
  };
  const tally = newTally(0);
  tally.counters.pages = before;
  const progress = { steps, clockSkew: given.clockSkew, halted: false, last: { progressedAt: 0, steps: 0 } };
  const context = {
    ...{ bucket: { list }, config: { bucket: 'stock', prefix }, datasource: { sync: {} }, progress, run: {} },
    held: { heartbeat: async () => ({ canceled: false, failure: undefined }) },
    deps: {
      clock: { now: () => now },
      settings: { rangePageLimit: 10 },
      ...(given.timeIsOver ? { yieldAt: now } : {}),
    },
    limit: { endsAt: Number.POSITIVE_INFINITY },
    quota: noQuota,
  } as unknown as RunContext;
  const work = { range: emptyRange('r', lo, hi), position: undefined, tally } as unknown as RangeWork;
  return { pages: listedPages(context, work, openListing(context, work)), progress, tally, asked: () => asked };
}

async function all(given: Given): Promise<{ pages: RangePage[] } & Omit<ReturnType<typeof listing>, 'pages'>> {
  const { pages, ...rest } = listing(given);
  return { ...rest, pages: await collect(pages) };
}

describe('an invocation whose time is over', () => {
  it('lists a page first, and yields before the next', async () => {
    const { pages, progress, asked } = listing({ pages: [['a'], ['b']], timeIsOver: true });
    const iterator = pages[Symbol.asyncIterator]();
    expect((await iterator.next()).value.lastKey).toBe('a');
    await expect(iterator.next()).rejects.toBeInstanceOf(RunYielded);
    expect([progress.steps, asked()]).toEqual([1, 1]);
  });

  it('yields at once where it did something before, also before a range beside the prefix', async () => {
    for (const prefix of ['', 'z/']) {
      const { pages, asked } = listing({ prefix, hi: 'b', pages: [['a']], steps: 1, timeIsOver: true });
      await expect(collect(pages)).rejects.toBeInstanceOf(RunYielded);
      expect(asked()).toBe(0);
    }
  });
});

describe('a range beside the prefix', () => {
  it.each([
    ['that ends before it', { prefix: 'm/', hi: 'm.' }],
    ['that begins behind it', { prefix: 'm/', lo: 'm0' }],
  ])('%s is not listed, and counts as a step', async (_where, where) => {
    const { pages, progress, asked } = await all({ ...where, pages: [[]], timeIsOver: true });
    expect([pages, progress.steps, asked()]).toEqual([[], 1, 0]);
  });

  it.each([
    ['ends with it', { prefix: 'm/', hi: 'm/' }],
    ['begins with it', { prefix: 'm/', lo: 'm/' }],
    ['begins within it', { prefix: 'm/', lo: 'm/k' }],
    ['begins before it', { prefix: 'm/', lo: 'l', hi: 'n' }],
    ['is all there is', { prefix: '' }],
    ['begins anywhere, without a prefix', { prefix: '', lo: 'k', hi: 'm' }],
  ])('is not one that %s', async (_where, where) => {
    expect((await all({ ...where, pages: [[]] })).asked()).toBe(1);
  });
});

describe('the keys of a page', () => {
  it('beyond the end of the range are left to the next one, and end the listing there', async () => {
    const { pages, tally, asked } = await all({ hi: 'c', pages: [['a', 'b'], ['c', 'd', 'e'], ['f']] });
    expect(pages.map(({ rows: objects }) => objects.map(({ key }) => key))).toEqual([['a', 'b'], ['c']]);
    expect(pages.map(({ lastKey, complete }) => [lastKey, complete])).toEqual([
      ['b', false],
      ['c', true],
    ]);
    expect([tally.counters.listed, tally.counters.pages, asked()]).toEqual([3, 2, 2]);
  });

  it('may all lie beyond it', async () => {
    const { pages } = await all({ hi: 'c', pages: [['d', 'e'], ['f']] });
    expect(pages).toEqual([{ rows: [], lastKey: 'c', complete: true }]);
  });

  it('tell the controls: the first of all and the last of all, whatever pages without keys lie between', async () => {
    const { tally } = await all({ pages: [[], ['a', 'b'], [], ['c', 'd'], []] });
    expect(tally.controls).toEqual(['a', 'd']);
    expect((await all({ pages: [['only']] })).tally.controls).toEqual(['only', 'only']);
    expect((await all({ pages: [[]] })).tally.controls).toEqual([]);
  });
});

describe('the clock of the bucket', () => {
  it.each([
    ['is told by its first page', { serverTime: now + 5000 }, 5000],
    ['stays unknown where no page tells', {}, undefined],
    ['stays what an earlier page told', { serverTime: now + 5000, clockSkew: -70 }, -70],
  ])('%s', async (_what, given, skew) => {
    expect((await all({ pages: [['a']], ...given })).progress.clockSkew).toBe(skew);
  });
});

it('a range of more pages than the limit fails the run, with the number of them', async () => {
  expect((await all({ pages: [['a']], before: 9 })).tally.counters.pages).toBe(10);
  const { pages, asked } = listing({ pages: [['a']], before: 10 });
  await expect(collect(pages)).rejects.toMatchObject({
    ...{ code: 'run_page_limit', message: expect.stringContaining('for 10 pages without an end') },
  });
  expect(asked()).toBe(0);
});
