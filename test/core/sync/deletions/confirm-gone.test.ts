import { beforeEach, describe, expect, it } from 'vitest';
import type { Bucket, HeadResult } from '#core/model/ports/bucket.ts';
import type { ListRequest } from '#core/model/ports/listing.ts';
import { confirmGone } from '#core/sync/deletions/confirm-gone.ts';
import type { SettlingContext } from '#core/sync/deletions/settling-context.ts';
import { RunCanceled } from '#core/sync/worker/run-unwound.ts';
import { type BucketModel, createBucketModel } from '../../../simulation/bucket-model.ts';

const beganAt = Date.parse('2026-03-01T00:00:00Z');

let model: BucketModel;
let now: number;
let heads: string[];
let lists: ListRequest[];
let beats: number;
let forbidden: boolean;
let open: number;
let most: number;
let answer: ((key: string) => HeadResult | undefined) | undefined;

beforeEach(() => {
  now = beganAt - 86_400_000;
  model = createBucketModel('stock', () => now);
  for (const key of ['first', 'last', 'middle']) model.put(key);
  now = beganAt + 1000;
  [heads, lists, beats, open, most, forbidden, answer] = [[], [], 0, 0, 0, false, undefined];
});

function contextOf(change: { controls?: string[]; clockSkew?: number; canceled?: boolean } = {}): SettlingContext {
  const bucket: Pick<Bucket, 'head' | 'list'> = {
    async head(key) {
      heads.push(key);
      open += 1;
      most = Math.max(most, open);
      await new Promise((resolve) => setImmediate(resolve));
      open -= 1;
      return forbidden ? { status: 'forbidden' } : (answer?.(key) ?? model.head(key));
    },
    async list(request) {
      lists.push(request);
      return model.list(request, 2);
    },
  };
  const context = {
    bucket,
    config: { bucket: 'stock' },
    pass: { id: 'p', beganAt },
    progress: { clockSkew: change.clockSkew, halted: false },
    tally: { controls: change.controls ?? ['first', 'last'] },
    held: {
      heartbeat: async () => {
        beats += 1;
        return { canceled: change.canceled ?? false, failure: undefined };
      },
    },
    deps: { clock: { now: () => now } },
    deadline: Number.POSITIVE_INFINITY,
  };
  return context as unknown as SettlingContext;
}

const contradicted = expect.objectContaining({ code: 'listing_contradicted' });
const names = (count: number): string[] => Array.from({ length: count }, (_, index) => `gone-${index}`);

describe('keys that the listing lacked', () => {
  it('are gone where the bucket does not know them; all are asked for, eight at once, then the last listed key', async () => {
    const keys = names(20);
    expect(await confirmGone(contextOf(), keys)).toEqual(new Set(keys));
    expect(heads).toEqual([...keys, 'last']);
    expect(most).toBe(8);
    expect(lists).toEqual([]);
  });

  it('are asked for with a look at the lease for every 64 of them', async () => {
    await confirmGone(contextOf(), names(64));
    expect(beats).toBe(1);
    await confirmGone(contextOf(), names(129));
    expect(beats).toBe(1 + 3);
    await expect(confirmGone(contextOf({ canceled: true }), names(1))).rejects.toThrow(RunCanceled);
  });

  it('contradict the listing where one was there all the time', async () => {
    await expect(confirmGone(contextOf(), ['gone', 'middle'])).rejects.toThrow(contradicted);
    await expect(confirmGone(contextOf(), ['middle'])).rejects.toThrow(
      /"middle" exists, yet the listing did not have it/,
    );
  });

  it.each([
    ['a moment before the run began, as whole seconds and clocks allow', -2000, undefined, 'left'],
    ['longer before it', -3000, undefined, 'contradicts'],
    ['after it', 5000, undefined, 'left'],
    ['before it, by a clock that is behind ours', -60_000, -60_000, 'left'],
    ['after it, by a clock that is ahead of ours', 50_000, 60_000, 'contradicts'],
  ])('that were written %s are told apart', async (_name, offset, clockSkew, outcome) => {
    now = beganAt + offset;
    model.put('middle');
    const confirmed = confirmGone(contextOf({ clockSkew }), ['gone', 'middle']);
    if (outcome === 'left') expect(await confirmed).toEqual(new Set(['gone']));
    else await expect(confirmed).rejects.toThrow(contradicted);
  });
});

describe('where HEAD is forbidden', () => {
  it('a listing with the key as prefix tells, and a longer key does not pass for it', async () => {
    forbidden = true;
    model.put('gone-and-more');
    expect(await confirmGone(contextOf(), ['gone'])).toEqual(new Set(['gone']));
    expect(lists[0]).toEqual({ prefix: 'gone', maxKeys: 1 });
    expect(await confirmGone(contextOf(), ['nothing-like-it'])).toEqual(new Set(['nothing-like-it']));
    await expect(confirmGone(contextOf(), ['middle'])).rejects.toThrow(contradicted);
    now = beganAt + 10;
    model.put('middle');
    expect(await confirmGone(contextOf(), ['middle'])).toEqual(new Set());
  });

  it('that listing must be proved as any other', async () => {
    forbidden = true;
    const context = contextOf();
    const lying = { ...context, config: { bucket: 'another' } } as SettlingContext;
    await expect(confirmGone(lying, ['gone'])).rejects.toMatchObject({ code: 'listing_not_proved' });
  });
});

describe('the controls', () => {
  it('the first is asked for when the last is missing, and one is enough', async () => {
    model.delete('last');
    expect(await confirmGone(contextOf(), ['gone'])).toEqual(new Set(['gone']));
    expect(heads).toEqual(['gone', 'last', 'first']);
  });

  it('contradict a bucket that denies both', async () => {
    answer = () => ({ status: 'missing' });
    await expect(confirmGone(contextOf(), ['gone'])).rejects.toThrow(
      /"last" was listed, yet the server says that it is missing.*nothing was deleted/,
    );
  });

  it('that are one key are asked for once; where nothing was listed there are none', async () => {
    await confirmGone(contextOf({ controls: ['first', 'first'] }), []);
    expect(heads).toEqual(['first']);
    expect(await confirmGone(contextOf({ controls: [] }), ['gone'])).toEqual(new Set(['gone']));
    expect(heads).toEqual(['first', 'gone']);
  });
});
