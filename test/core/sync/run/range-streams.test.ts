import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { emptyRange, firstKey } from '#core/catalogue/range-map.ts';
import { Failure } from '#core/model/errors.ts';
import { type RangeWork, workOn } from '#core/sync/progress/range-work.ts';
import { syncRanges } from '#core/sync/run/range-streams.ts';
import type { RunContext } from '#core/sync/worker/run-context.ts';
import { RunCanceled, RunYielded } from '#core/sync/worker/run-unwound.ts';
import { createOneRange, type OneRange } from '../walk/one-range.ts';

let world: OneRange;
beforeEach(async () => {
  world = await createOneRange();
});
afterEach(() => world.store.close());

type Given = {
  /** Ranges that can be claimed, one after the other; throws to fail. */
  readonly claims?: readonly (RangeWork | undefined | (() => never))[];
  /** How many ranges wait each time that is looked at, the last from then on. */
  readonly waiting?: readonly number[];
  readonly done?: number;
  readonly shared?: boolean;
  readonly workers?: number;
  readonly holder?: string;
  readonly canceled?: boolean;
  /** What the bucket does when it is asked. */
  readonly asked?: (board: RunContext['board']) => never | undefined;
};

/** Two streams over a board that answers as it is told. */
function streams(given: Given) {
  const seen = { refreshed: 0, claims: 0, beats: 0, messages: [] as unknown[], idle: [] as number[] };
  const { claims = [], waiting = [0], done = 1 } = given;
  let looks = 0;
  const board = {
    ...{ shared: given.shared ?? false, expected: 0, done, total: 1, offsetOf: () => 0, tallies: () => [] },
    get waiting() {
      looks += 1;
      return waiting[Math.min(looks, waiting.length) - 1] ?? 0;
    },
    idle: 0,
    tell: () => {},
    finished: () => {},
    async claim() {
      const next = claims[seen.claims];
      seen.claims += 1;
      return typeof next === 'function' ? next() : next;
    },
    async refresh() {
      seen.refreshed += 1;
    },
    offered: () => new Promise<void>(() => {}),
  };
  const context = world.contextOf({ pages: [''], holder: given.holder ?? 'me' });
  const heartbeat = async () => {
    seen.beats += 1;
    return { canceled: given.canceled ?? false, failure: undefined };
  };
  const list = async (request: Parameters<typeof context.bucket.list>[0]) => {
    seen.idle.push(board.idle);
    given.asked?.(board as unknown as RunContext['board']);
    return context.bucket.list({ ...request, continuation: undefined });
  };
  const settings = { ...context.deps.settings, streams: 2, workers: given.workers ?? 3 };
  const queue = { send: async (message: unknown) => void seen.messages.push(message) };
  const run = { ...context.run, datasource: 'd', uid: 'u' };
  const deps = { ...context.deps, settings, queue };
  const whole = { ...context, board, deps, run, bucket: { list }, held: { ...context.held, heartbeat } };
  return { seen, done: syncRanges(whole as unknown as RunContext) };
}

/** Work on a range of which the bucket lists nothing. */
const work = (id = 'r'): RangeWork => workOn(emptyRange(id, firstKey, undefined), undefined, 0);

describe('when no range can be claimed any more', () => {
  it.each([
    [1, true],
    [0, false],
  ])('the run is told whether all are done: %d of 1', async (done, all) => {
    expect(await streams({ done }).done).toBe(all);
  });

  it('it is asked whether the run is over, where others are still at some', async () => {
    await expect(streams({ done: 0, canceled: true }).done).rejects.toBeInstanceOf(RunCanceled);
    expect(await streams({ done: 1, canceled: true }).done).toBe(true);
  });

  it('others are looked at only where several workers share several ranges', async () => {
    for (const [given, refreshed] of [
      [{ shared: true, workers: 3 }, 1],
      [{ shared: true, workers: 1 }, 0],
      [{ shared: false, workers: 3 }, 0],
    ] as const) {
      const { seen, done } = streams(given);
      await done;
      expect(seen.refreshed).toBe(refreshed);
    }
  });

  it('those that wait since are claimed, unless the run is over', async () => {
    const again = streams({ waiting: [1, 0] });
    expect(await again.done).toBe(true);
    expect([again.seen.claims, again.seen.beats]).toEqual([2, 1]);
    await expect(streams({ waiting: [1, 0], canceled: true }).done).rejects.toBeInstanceOf(RunCanceled);
  });
});

describe('workers', () => {
  const calls = async (given: Given): Promise<number> => {
    await world.begin();
    const { seen, done } = streams({ claims: [work()], ...given });
    await done;
    return seen.messages.length;
  };

  it.each([
    ['none where nothing waits', [0], 0],
    ['one for as many as it has streams', [2, 2, 0], 1],
    ['a second for one more', [3, 3, 3, 0], 2],
    ['no more than there may be', [9, 9, 9, 0], 2],
  ])('are called: %s', async (_what, waiting, count) => {
    expect(await calls({ waiting })).toBe(count);
  });

  it('are called by whoever holds the run alone', async () => {
    expect(await calls({ waiting: [9, 0], holder: 'another' })).toBe(0);
  });

  it('are told which run, and its fence', async () => {
    await world.begin();
    const { seen, done } = streams({ claims: [work()], waiting: [1, 1, 0] });
    await done;
    expect(seen.messages).toEqual([{ type: 'ranges', datasource: 'd', uid: 'u', run: 'run', fence: 2 }]);
  });

  it('that could be called count as idle, with the streams that have nothing to do', async () => {
    for (const [holder, idle] of [
      ['me', 1 + 2 * 2],
      ['another', 1],
    ] as const) {
      await world.begin();
      const { seen, done } = streams({ claims: [work()], holder });
      await done;
      expect(seen.idle[0]).toBe(idle);
    }
  });

  it('that were called are idle no more', async () => {
    await world.begin();
    const second = work('other');
    const { seen, done } = streams({ claims: [work(), undefined, second], waiting: [2, 2, 0] });
    await done;
    expect(seen.messages).toHaveLength(1);
    expect(seen.idle).toEqual([1 + 2 * 2, 1 + 1 * 2]);
  });
});

describe('what breaks a stream off', () => {
  const failure = new Failure('source_error', 'The server broke.');

  it('is told, and what only stopped the others is not', async () => {
    await world.begin();
    const errors: unknown[] = [new RunYielded(), failure];
    const asked = (): never => {
      throw errors.shift();
    };
    await expect(streams({ claims: [work(), work()], asked }).done).rejects.toBe(failure);
  });

  it('is told where it is that the time is over', async () => {
    await world.begin();
    const yielded = new RunYielded();
    const asked = (): never => {
      throw yielded;
    };
    await expect(streams({ claims: [work()], asked }).done).rejects.toBe(yielded);
  });

  it('is told where no range could be claimed, once the streams that run have ended', async () => {
    await world.begin();
    const broken = new TypeError('the store broke');
    const first = work();
    const claim = (): never => {
      throw broken;
    };
    await expect(streams({ claims: [first, claim] }).done).rejects.toBe(broken);
    expect(first.done).toBe(false);
    expect([...world.seen.open]).toEqual([]);
  });

  it('keeps further ranges from being begun', async () => {
    await world.begin();
    const asked = (): never => {
      throw failure;
    };
    const { seen, done } = streams({ claims: [work(), undefined, work()], asked });
    await expect(done).rejects.toBe(failure);
    expect(seen.claims).toBe(2);
  });
});
