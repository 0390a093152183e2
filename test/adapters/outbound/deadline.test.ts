import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { bounded } from '#adapters/aws/bounded.ts';
import { createStsRoles } from '#adapters/aws/sts-roles.ts';
import { OutOfTime, withinDeadline } from '#adapters/outbound/deadline.ts';
import { guardedAgents } from '#adapters/outbound/endpoint-guard.ts';
import { createAssumableRoles } from '#core/source/assumable-roles.ts';
import { timeBudget } from '#core/timing/time-budget.ts';

const never = <Result>(): Promise<Result> => new Promise(() => undefined);

const unhandled: unknown[] = [];
const note = (reason: unknown): void => void unhandled.push(reason);

beforeEach(() => {
  unhandled.splice(0);
  process.on('unhandledRejection', note);
});
afterEach(() => {
  process.off('unhandledRejection', note);
  vi.useRealTimers();
});

describe('a deadline of our own', () => {
  it('given work that settles in time, it settles as the work does, and no timer stays', async () => {
    const before = process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length;
    expect(await withinDeadline(60_000, async () => 'done')).toBe('done');
    await expect(withinDeadline(60_000, () => Promise.reject(new Error('broken')))).rejects.toThrow('broken');
    expect(process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout')).toHaveLength(before);
  });

  it('given work that never settles and does not hear its signal, it rejects when the time is up', async () => {
    await expect(withinDeadline(5, never)).rejects.toBeInstanceOf(OutOfTime);
  });

  it('given work that is broken off by the signal, it is out of time and not broken', async () => {
    const work = (signal: AbortSignal) =>
      new Promise<never>((_, reject) => {
        signal.addEventListener('abort', () => reject(new Error('aborted')));
      });
    await expect(withinDeadline(5, work)).rejects.toBeInstanceOf(OutOfTime);
  });

  it('given work that has something to give when it is broken off, that is taken', async () => {
    const work = (signal: AbortSignal) =>
      new Promise<string>((resolve) => {
        signal.addEventListener('abort', () => process.nextTick(() => resolve('so far')));
      });
    expect(await withinDeadline(5, work)).toBe('so far');
  });

  it('given work that rejects long after, nobody is told', async () => {
    const work = Promise.withResolvers<never>();
    await expect(withinDeadline(5, () => work.promise)).rejects.toBeInstanceOf(OutOfTime);
    work.reject(new Error('late'));
    await new Promise((resolve) => setImmediate(resolve));
    expect(unhandled).toEqual([]);
  });
});

describe('calls that leave the process', () => {
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  });

  it('given a client of AWS that never settles, the call ends when its time is over and its signal is aborted', async () => {
    let signal: AbortSignal | undefined;
    const call = bounded((options) => {
      signal = options.abortSignal;
      return never();
    });
    const outcome = expect(call).rejects.toBeInstanceOf(OutOfTime);
    await vi.advanceTimersByTimeAsync(timeBudget.callMs - 1);
    expect(signal?.aborted).toBe(false);
    await vi.advanceTimersByTimeAsync(1);
    await outcome;
    expect(signal?.aborted).toBe(true);
  });

  it('given a role that AWS never answers about, taking it fails as unreachable, and the next one asks anew', async () => {
    let asked = 0;
    const send = (): Promise<never> => {
      asked += 1;
      return never();
    };
    const roles = createStsRoles({ send } as never, {
      clock: { now: () => 0 },
      assumable: createAssumableRoles(['*'], 'never mind'),
      principals: 'anybody',
    });
    const role = { roleArn: 'arn:aws:iam::123456789012:role/reader', externalId: 'external', bucket: 'photos' };
    for (const times of [1, 2]) {
      const outcome = expect(roles.take(role)).rejects.toMatchObject({ code: 'endpoint_unreachable' });
      await vi.advanceTimersByTimeAsync(20_000);
      await outcome;
      expect(asked).toBe(times);
    }
  });

  it('given a resolver that never answers, the look-up fails as one that may be tried again', async () => {
    const { httpAgent } = guardedAgents('public', { lookup: never });
    const answered = Promise.withResolvers<NodeJS.ErrnoException | null>();
    const { lookup } = Reflect.get(httpAgent, 'options') as { lookup: (...given: unknown[]) => void };
    lookup('s3.example.com', {}, answered.resolve);
    await vi.advanceTimersByTimeAsync(10_000);
    expect(await answered.promise).toMatchObject({ code: 'EAI_AGAIN' });
  });
});
