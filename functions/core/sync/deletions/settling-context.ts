import type { RangeTally } from '../progress/range-tally.ts';
import type { RunContext } from '../worker/run-context.ts';

/** What a run works with once its listing is complete: the sums over all its ranges. */
export type SettlingContext = RunContext & { readonly tally: SettlingTally };

export type SettlingTally = RangeTally & {
  /** Records that this invocation deleted itself. */
  removed: number;
};
