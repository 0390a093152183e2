import type { Clock } from '#core/model/ports/host.ts';

/** A timer that was set; compared by identity. */
export type TimerHandle = { readonly at: number };

/**
 * Calls back once at a moment, so that tests can drive time. A moment in the past is due at once, never synchronously.
 * Where the clock was set back meanwhile the call comes early: whoever is called looks at the clock.
 */
export type Timers = {
  /** `atMs`: epoch milliseconds, by the same clock as the component that asks. */
  set(atMs: number, fn: () => void): TimerHandle;
  /** Clearing one that fired or was cleared does nothing. */
  clear(handle: TimerHandle): void;
};

/**
 * setTimeout takes at most 2^31-1 ms (24.8 days) and counts by a clock that stands still while the machine sleeps.
 * Waking up each minute to look at the wall clock keeps far moments, and is at most a minute late after a sleep or a
 * change of the clock.
 */
const LONGEST_WAIT_MS = 60_000;

/**
 * Timers on setTimeout. They keep the process alive: whoever sets them has work to wait for and clears them when it
 * stops.
 */
export function createSystemTimers(clock: Clock): Timers {
  const waiting = new Map<TimerHandle, NodeJS.Timeout>();
  const arm = (handle: TimerHandle, fn: () => void): void => {
    const armedAt = clock.now();
    const wait = Math.min(Math.max(handle.at - armedAt, 0), LONGEST_WAIT_MS);
    waiting.set(
      handle,
      setTimeout(() => {
        const now = clock.now();
        // setTimeout may fire a millisecond early by the wall clock. By one that was set back the moment may never come.
        if (now < handle.at && now >= armedAt) return arm(handle, fn);
        waiting.delete(handle);
        fn();
      }, wait),
    );
  };
  return {
    set(atMs, fn) {
      const handle = { at: atMs };
      arm(handle, fn);
      return handle;
    },
    clear(handle) {
      clearTimeout(waiting.get(handle));
      waiting.delete(handle);
    },
  };
}
