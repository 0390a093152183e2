import type { Clock, Log } from '#core/model/ports/host.ts';

/** What a clock that was ahead has left behind turns up over hours, with each schedule and message. One line tells it. */
const QUIET_MS = 86_400_000;

/** A clock that warns once when moments turn up that it, being right now, cannot have written. */
export function createWatchedClock(clock: Clock, log: Log): Clock {
  let warnedAt = Number.NEGATIVE_INFINITY;
  return {
    now: () => clock.now(),
    noteAhead(at) {
      const now = clock.now();
      // A last warning that lies ahead was given by the clock before it was put right once more.
      if (now >= warnedAt && now - warnedAt < QUIET_MS) return;
      warnedAt = now;
      log.warn('the clock was ahead and has been put right', {
        ahead_s: Math.round((at - now) / 1000),
        reason: 'times that it wrote and that nothing can wait for are taken as past; see that the clock stays right',
      });
    },
  };
}
