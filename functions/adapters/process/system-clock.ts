import type { Clock } from '#core/model/ports/host.ts';

/** The machine's wall clock. It may jump, both ways: callers compare, they do not measure. */
export const systemClock: Clock = { now: () => Date.now() };
