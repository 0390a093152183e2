import { beforeEach, describe, expect, it } from 'vitest';
import { Failure } from '#core/model/errors.ts';
import type { Bucket, FirstByte, HeadResult } from '#core/model/ports/bucket.ts';
import type { ListRequest } from '#core/model/ports/listing.ts';
import { confirmGone as confirm, type Findings } from '#core/sync/deletions/confirm-gone.ts';
import type { SettlingContext } from '#core/sync/deletions/settling-context.ts';
import { RunCanceled } from '#core/sync/worker/run-unwound.ts';
import { noQuota } from '#support/no-quota.ts';
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
let firstByte: ((key: string) => FirstByte | undefined) | undefined;
let bytes: string[];

beforeEach(() => {
  now = beganAt - 86_400_000;
  model = createBucketModel('stock', () => now);
  for (const key of ['first', 'last', 'middle']) model.put(key);
  now = beganAt + 1000;
  [heads, lists, beats, open, most, forbidden, answer] = [[], [], 0, 0, 0, false, undefined];
  [bytes, firstByte] = [[], undefined];
});

function contextOf(
  change: { controls?: string[]; clockSkew?: number; canceled?: boolean; removed?: number } = {},
): SettlingContext {
  const bucket: Pick<Bucket, 'head' | 'list' | 'firstByte'> = {
    async head(key) {
      heads.push(key);
      open += 1;
      most = Math.max(most, open);
      await new Promise((resolve) => setImmediate(resolve));
      open -= 1;
      return forbidden ? { status: 'forbidden' } : (answer?.(key) ?? model.head(key));
    },
    async firstByte(key) {
      bytes.push(key);
      return firstByte?.(key) ?? model.firstByte(key);
    },
    async list(request) {
      lists.push(request);
      return model.list(request, 2);
    },
  };
  const context = {
    bucket,
    config: { bucket: 'stock' },
    quota: noQuota,
    pass: { id: 'p', beganAt },
    progress: { clockSkew: change.clockSkew, halted: false, steps: 0, last: { progressedAt: 0, steps: 0 } },
    tally: { controls: change.controls ?? ['first', 'last'], tolerances: [], removed: change.removed ?? 0 },
    held: {
      heartbeat: async () => {
        beats += 1;
        return { canceled: change.canceled ?? false, failure: undefined };
      },
    },
    deps: { clock: { now: () => now } },
    limit: { endsAt: Number.POSITIVE_INFINITY },
  };
  return context as unknown as SettlingContext;
}

/** Asks for these keys, whose records are as the bucket has them. */
function confirmGone(context: SettlingContext, keys: readonly string[]): Promise<Findings> {
  return confirm(
    context,
    keys.map((sk) => ({ sk, size: model.get(sk)?.size ?? 1, etag: model.get(sk)?.etag ?? 'e' })),
  );
}

const contradicted = expect.objectContaining({ code: 'listing_contradicted' });
const found = (gone: readonly string[], change: Partial<Findings> = {}): Findings => ({
  ...{ gone: new Set(gone), contradicted: [], unclear: [], asked: gone.length + 1 },
  ...change,
});
const names = (count: number): string[] => Array.from({ length: count }, (_, index) => `gone-${index}`);

describe('keys that the listing lacked', () => {
  it('are gone where the bucket does not know them; all are asked for, eight at once, then the last listed key', async () => {
    const keys = names(20);
    expect(await confirmGone(contextOf(), keys)).toEqual(found(keys));
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

  it('contradict the listing where one was there all the time, and the others are told all the same', async () => {
    expect(await confirmGone(contextOf(), ['gone', 'middle'])).toEqual(
      found(['gone'], { contradicted: ['middle'], asked: 3 }),
    );
  });

  it('are unclear where what is answered is no S3 answer, which is not so of the control', async () => {
    const strange = new Failure('not_an_s3_answer', 'Not read.');
    answer = (key) => {
      if (key === 'middle') throw strange;
      return undefined;
    };
    expect(await confirmGone(contextOf(), ['gone', 'middle'])).toEqual(
      found(['gone'], { unclear: ['middle'], asked: 3 }),
    );
    answer = () => {
      throw strange;
    };
    await expect(confirmGone(contextOf(), ['middle'])).rejects.toBe(strange);
  });

  it('are not known where the server fails: then nothing is', async () => {
    const failure = new Failure('source_error', 'Broken.');
    answer = (key) => {
      if (key === 'middle') throw failure;
      return undefined;
    };
    await expect(confirmGone(contextOf(), ['gone', 'middle'])).rejects.toBe(failure);
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
    const there = outcome === 'left' ? [] : ['middle'];
    expect(await confirmGone(contextOf({ clockSkew }), ['gone', 'middle'])).toEqual(
      found(['gone'], { contradicted: there, asked: 3 }),
    );
  });
});

describe('where HEAD is forbidden', () => {
  it('a listing with the key as prefix tells, and a longer key does not pass for it', async () => {
    forbidden = true;
    model.put('gone-and-more');
    expect(await confirmGone(contextOf(), ['gone'])).toEqual(found(['gone']));
    expect(lists[0]).toEqual({ prefix: 'gone', maxKeys: 1 });
    expect(await confirmGone(contextOf(), ['nothing-like-it'])).toEqual(found(['nothing-like-it']));
    expect(await confirmGone(contextOf(), ['middle'])).toMatchObject({ contradicted: ['middle'] });
    now = beganAt + 10;
    model.put('middle');
    expect(await confirmGone(contextOf(), ['middle'])).toEqual(found([], { asked: 2 }));
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
    expect(await confirmGone(contextOf(), ['gone'])).toEqual(found(['gone']));
    expect(heads).toEqual(['gone', 'last', 'first']);
  });

  it('contradict a bucket that denies both', async () => {
    answer = () => ({ status: 'missing' });
    await expect(confirmGone(contextOf(), ['gone'])).rejects.toThrow(
      /"last" was listed, yet the server says that it is missing.*nothing was deleted/,
    );
    await expect(confirmGone(contextOf({ removed: 3 }), ['gone'])).rejects.toThrow(contradicted);
    await expect(confirmGone(contextOf({ removed: 3 }), ['gone'])).rejects.toThrow(/3 records were deleted before/);
  });

  it('that are one key are asked for once; where nothing was listed there are none', async () => {
    await confirmGone(contextOf({ controls: ['first', 'first'] }), []);
    expect(heads).toEqual(['first']);
    expect(await confirmGone(contextOf({ controls: [] }), ['gone'])).toEqual(found(['gone'], { asked: 1 }));
    expect(heads).toEqual(['first', 'gone']);
  });
});

describe('a folder that answers for the object whose name it has', () => {
  const ofFolder: HeadResult = { status: 'found', size: 0, etag: '', lastModified: beganAt - 9_000_000 };
  const live: HeadResult = { ...ofFolder, etag: 'e', size: 1 };
  type Answers = { head?: HeadResult; slashed?: HeadResult; byte?: FirstByte; record?: { size: number; etag: string } };

  /** `data` is not listed and `data/x` is. */
  async function askForData({ head = ofFolder, slashed = head, byte = { status: 'missing' }, record }: Answers) {
    answer = (key) => (key === 'data' ? head : key === 'data/' ? slashed : undefined);
    firstByte = (key) => (key === 'data' ? byte : undefined);
    const { gone, contradicted: there } = await confirm(contextOf(), [{ sk: 'data', size: 1, etag: 'e', ...record }]);
    return gone.has('data') ? 'gone' : there.includes('data') ? 'stays' : 'left';
  }

  beforeEach(() => {
    now = beganAt - 86_400_000;
    model.put('data/x');
    now = beganAt + 1000;
  });

  it.each<[string, Answers]>([
    ['no ETag and no byte', {}],
    ['no ETag, and a page about the folder that has none either', { byte: { status: 'found', etag: '' } }],
    ['another size', { head: { ...live, size: 4096 } }],
    ['another ETag', { head: { ...live, etag: 'folder' } }],
    ['a time that moves with what is in it', { head: { ...ofFolder, lastModified: beganAt + 60_000 } }],
  ])('does not keep its record: %s', async (_what, answers) => {
    expect(await askForData(answers)).toBe('gone');
  });

  it.each<[string, Answers]>([
    ['the object as it was recorded', { head: live }],
    ['the object without its ETag, as some servers answer HEAD', { byte: { status: 'found', etag: 'e' } }],
    ['the object, written again in another size', { head: { ...live, size: 7 }, byte: { status: 'found', etag: 'f' } }],
    ['a slash that another thing answers to', { slashed: { ...ofFolder, size: 1 } }],
    ['a slash that something of another time answers to', { slashed: { ...ofFolder, lastModified: 0 } }],
    ['a slash that something with an ETag answers to', { slashed: { ...ofFolder, etag: 'marker' } }],
    ['a slash that nothing answers to', { slashed: { status: 'missing' } }],
    ['a slash that may not be asked for', { slashed: { status: 'forbidden' } }],
    ['a slash that cannot be asked for', { slashed: { status: 'unusable' } }],
    ['an object without bytes', { byte: { status: 'unreadable' } }],
    ['a byte that is refused', { byte: { status: 'refused' } }],
    ['a byte that the server fails at', { byte: { status: 'unclear' } }],
  ])('is not what answers here, and the record stays: %s', async (_what, answers) => {
    expect(await askForData(answers)).toBe('stays');
  });

  it('is one only where keys are listed under it, its own mark left aside', async () => {
    model.delete('data/x');
    expect(await askForData({})).toBe('stays');
    now = beganAt - 86_400_000;
    model.put('data/');
    model.put('data0');
    expect(await askForData({})).toBe('stays');
    expect(lists).toContainEqual({ prefix: 'data/', maxKeys: 2 });
    model.put('data/y');
    expect(await askForData({})).toBe('gone');
  });

  it('shows nothing by a missing ETag where the server gives none to any object', async () => {
    firstByte = () => ({ status: 'found', etag: '' });
    answer = (key) => (key === 'data' || key === 'data/' ? ofFolder : undefined);
    expect(await confirm(contextOf(), [{ sk: 'data', size: 1, etag: 'e' }])).toMatchObject({ contradicted: ['data'] });
    expect(bytes).toEqual(['data', 'last']);
    // Without a control there is nothing to compare with.
    expect(await confirm(contextOf({ controls: [] }), [{ sk: 'data', size: 1, etag: 'e' }])).toMatchObject({
      contradicted: ['data'],
    });
  });

  it('is asked for no further once something speaks against it', async () => {
    await askForData({ head: live });
    expect([lists, bytes, heads]).toEqual([[], [], ['data', 'last']]);
    await askForData({ slashed: { status: 'missing' } });
    expect([lists.length, bytes]).toEqual([1, []]);
  });

  it('cannot have a name that is too long with a slash', async () => {
    const key = 'k'.repeat(1024);
    answer = (asked) => (asked === key ? ofFolder : undefined);
    expect(await confirm(contextOf(), [{ sk: key, size: 1, etag: 'e' }])).toMatchObject({ contradicted: [key] });
    expect(lists).toEqual([]);
  });

  it('is not known where the listing of what is in it is not proved: the record stays', async () => {
    const lying = { ...contextOf(), config: { bucket: 'another' } } as SettlingContext;
    answer = (key) => (key === 'data' ? ofFolder : undefined);
    expect(await confirm(lying, [{ sk: 'data', size: 1, etag: 'e' }])).toMatchObject({ contradicted: ['data'] });
  });
});
