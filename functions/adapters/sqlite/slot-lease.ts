import type { Clock } from '#core/model/ports/host.ts';
import type { TimerHandle, Timers } from '../process/timers.ts';

/** A lease is counted in so many looks and not by the clock: a clock that jumps costs or gives one of them. */
const LOOKS = 15;

/**
 * Settles as the work does, or rejects when the work did not say that it is alive for `leaseMs` milliseconds, give or take
 * one look: what never settles would keep its place for ever. What comes of it later is not waited for.
 */
export async function withinLease(
  { clock, timers }: { readonly clock: Clock; readonly timers: Timers },
  leaseMs: number,
  work: (alive: () => void) => Promise<void>,
): Promise<void> {
  const over = Promise.withResolvers<never>();
  let left = LOOKS;
  let timer: TimerHandle | undefined;
  const look = (): void => {
    if (left === 0) over.reject(new Error(`nothing was heard of the work for ${leaseMs / 1000} s`));
    else timer = timers.set(clock.now() + leaseMs / LOOKS, look);
    left -= 1;
  };
  const alive = (): void => {
    left = LOOKS;
  };
  look();
  try {
    // The race listens to its loser, too: a late rejection is not an unhandled one.
    await Promise.race([work(alive), over.promise]);
  } finally {
    if (timer !== undefined) timers.clear(timer);
  }
}
