/** The port Clock, which stands on the floor of this room. */
type Clock = { now(): number; noteAhead?(at: number): void };

/** Clocks of two machines hardly differ by as much, and what a clock set back by less wrote is over soon. */
const toleranceMs = 300_000;

/**
 * True for a stored moment that lies further ahead than a clock which is right can have written: the one that wrote it
 * was ahead, and has been put right since (a machine that was restored, NTP after the start).
 *
 * @param reachMs how far ahead of its own now a writer may set it. All in milliseconds, epoch or length.
 */
export function liesAhead(at: number, now: number, reachMs = 0): boolean {
  return at > now + reachMs + toleranceMs;
}

/** The same by a clock, which is told: it warns whoever watches over it. */
export function wasAhead(clock: Clock, at: number, reachMs = 0): boolean {
  const ahead = liesAhead(at, clock.now(), reachMs);
  if (ahead) clock.noteAhead?.(at);
  return ahead;
}
