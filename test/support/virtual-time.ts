import type { TimerHandle, Timers } from '#adapters/process/timers.ts';
import type { Clock } from '#core/model/ports/host.ts';

export type VirtualTime = {
  readonly clock: Clock;
  readonly timers: Timers;
  /**
   * Moves the clock by `ms`, stopping at each timer on the way: they fire in order of their moment, equal ones in the
   * order they were set, and between two of them all promises settle. `advance(0)` fires what is due already.
   */
  advance(ms: number): Promise<void>;
  /** Sets the clock, as NTP or a restored machine does: nothing fires yet. Back, timers look within a minute, as ours do. */
  set(toMs: number): void;
  /** Resolves once `ms` of virtual time have gone by. */
  sleep(ms: number): Promise<void>;
  /** The moments that timers wait for, in order. */
  waiting(): number[];
};

/** functions/adapters/process/timers.ts: so long after the clock was set back, at most, each timer has looked at it. */
const SYSTEM_TIMERS_LOOK_MS = 60_000;

/** Whoever sets a timer at the present moment each time it fires would hold the clock still for ever. */
const MOST_TIMERS_AT_ONE_MOMENT = 10_000;

/**
 * A clock and timers that move only when told, for what runs on promises and timers alone. Work on threads or sockets
 * (files, HTTP) is not waited for.
 */
export function createVirtualTime(startMs: number): VirtualTime {
  let now = startMs;
  const waiting = new Map<TimerHandle, () => void>();
  /** Timers that look before their moment, as the clock was set back. */
  const early = new Map<TimerHandle, number>();
  const timers: Timers = {
    set(atMs, fn) {
      const handle = { at: atMs };
      waiting.set(handle, fn);
      return handle;
    },
    clear: (handle) => {
      waiting.delete(handle);
      early.delete(handle);
    },
  };
  return {
    clock: { now: () => now },
    timers,
    async advance(ms) {
      const end = now + ms;
      let firedAtThisMoment = 0;
      await settle();
      const earliest = () => earliestOf(waiting, early, end);
      for (let next = earliest(); next !== undefined; next = earliest()) {
        firedAtThisMoment = next.at > now ? 0 : firedAtThisMoment + 1;
        if (firedAtThisMoment > MOST_TIMERS_AT_ONE_MOMENT) throw new Error(`timers never end at ${now}`);
        now = Math.max(now, next.at);
        waiting.delete(next.handle);
        early.delete(next.handle);
        next.fn();
        await settle();
      }
      now = end;
    },
    set(toMs) {
      if (toMs < now) for (const handle of waiting.keys()) early.set(handle, toMs + SYSTEM_TIMERS_LOOK_MS);
      now = toMs;
    },
    sleep: (ms) => new Promise((resolve) => timers.set(now + ms, resolve)),
    waiting: () => [...waiting.keys()].map(({ at }) => at).sort((a, b) => a - b),
  };
}

function earliestOf(
  waiting: ReadonlyMap<TimerHandle, () => void>,
  early: ReadonlyMap<TimerHandle, number>,
  end: number,
) {
  let found: { handle: TimerHandle; fn: () => void; at: number } | undefined;
  for (const [handle, fn] of waiting) {
    const at = Math.min(handle.at, early.get(handle) ?? handle.at);
    if (at <= end && (found === undefined || at < found.at)) found = { handle, fn, at };
  }
  return found;
}

/**
 * The queue of promise reactions is emptied, however long their chains, before the event loop comes to an immediate;
 * and immediates are how our own code lets others have a turn, so none may be left.
 */
async function settle(): Promise<void> {
  do await new Promise((resolve) => setImmediate(resolve));
  while (process.getActiveResourcesInfo().includes('Immediate'));
}
