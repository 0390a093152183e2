/** One batch's leave to be under way. */
export type Flight = {
  /** To be called once. `unused`: nothing was sent. */
  land(how: 'taken' | 'pushed back' | 'unused'): void;
};

export type FlightLimit = {
  /** Resolves when one more batch may be under way, in the order of asking; undefined when that is not so before the moment
   *  `until`, as far as it is noticed: when one lands. */
  enter(until: number): Promise<Flight | undefined>;
  /** How many may be under way now. */
  readonly allowed: number;
};

/** Fewer than the SDK has sockets to one host (50), so that reads and checkpoints find one. */
const most = 32;

/**
 * How many batches one process has under way: one more for each round of them that is taken whole, half as many when one is
 * pushed back, never less than one. What was sent before the last halving says nothing of the limit since. Every writer of
 * the process shares it, for they share the table, which pushes back less the less is thrown at it.
 */
export function createFlightLimit(now: () => number): FlightLimit {
  let allowed = 4;
  let underWay = 0;
  let halvings = 0;
  let waiting: { readonly until: number; readonly resolve: (may: boolean) => void }[] = [];
  const admit = (): void => {
    const late = waiting.filter(({ until }) => until <= now());
    if (late.length > 0) waiting = waiting.filter(({ until }) => until > now());
    for (const { resolve } of late) resolve(false);
    while (underWay < Math.floor(allowed) && waiting.length > 0) {
      underWay += 1;
      waiting.shift()?.resolve(true);
    }
  };
  const land = (since: number, how: Parameters<Flight['land']>[0]): void => {
    underWay -= 1;
    if (how === 'taken') allowed = Math.min(most, allowed + 1 / allowed);
    if (how === 'pushed back' && since === halvings) {
      halvings += 1;
      allowed = Math.max(1, allowed / 2);
    }
    admit();
  };
  return {
    async enter(until) {
      const may = await new Promise<boolean>((resolve) => {
        waiting.push({ until, resolve });
        admit();
      });
      if (!may) return undefined;
      const since = halvings;
      return { land: (how) => land(since, how) };
    },
    get allowed() {
      return Math.floor(allowed);
    },
  };
}
