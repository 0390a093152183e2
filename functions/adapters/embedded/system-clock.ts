import type { Clock } from '#core/ports.ts';

/** The machine's wall clock. It may jump, both ways: callers compare, they do not measure. */
export const systemClock: Clock = { now: () => Date.now() };
