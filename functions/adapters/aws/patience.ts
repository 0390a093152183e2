import { PushedBack } from '#core/model/errors.ts';
import { timeBudget } from '#core/timing/time-budget.ts';

/** How what is pushed back is sent again. */
type Waits = {
  readonly sleep: (milliseconds: number) => Promise<void>;
  /** A number in [0, 1). */
  readonly random: () => number;
};

/** How patiently a service's push-back is borne: by the number of tries. */
export type Patience = Waits & {
  /** Tries after the first; in batches, rounds in a row in which nothing was taken. */
  readonly retries: number;
};

/** How patiently the table's is: for a time, for whoever waits holds a lease that ends at a moment. */
export type TablePatience = Waits & {
  /** Milliseconds, by any clock. */
  readonly now: () => number;
};

const WAITS: Waits = {
  sleep: (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds)),
  random: Math.random,
};

/** Waits at most 7 s in all, on top of the SDK's own three quick tries: short against a Lambda's deadline. */
export const DEFAULT_PATIENCE: Patience = { ...WAITS, retries: 8 };

export const TABLE_PATIENCE: TablePatience = { ...WAITS, now: Date.now };

const FIRST_DELAY = 50;
const LONGEST_DELAY = 2000;

/** https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Programming.Errors.html: what may be sent again. */
const PUSHED_BACK = new Set([
  'ProvisionedThroughputExceededException',
  'RequestLimitExceeded',
  'ThrottlingException',
  'TransactionConflictException',
  'TransactionInProgressException',
]);

/** The same, as reasons in a canceled transaction; `None` marks writes that had no part in it. */
const PUSHED_BACK_REASONS = new Set([
  'None',
  'ProvisionedThroughputExceeded',
  'ThrottlingError',
  'TransactionConflict',
]);

/** Waits before try number `tries` + 1: exponential with full jitter, so that writers who collided spread out. */
export async function backOff(patience: Waits, tries: number): Promise<void> {
  await patience.sleep(delayAfter(patience, tries));
}

/** The same, unless the wait would last until the moment `until`: then false, at once. */
export async function backOffUntil(patience: TablePatience, tries: number, until: number): Promise<boolean> {
  const delay = delayAfter(patience, tries);
  if (patience.now() + delay >= until) return false;
  await patience.sleep(delay);
  // The process may have stood still meanwhile.
  return patience.now() < until;
}

function delayAfter({ random }: Waits, tries: number): number {
  const longest = Math.min(LONGEST_DELAY, FIRST_DELAY * 2 ** (tries - 1));
  return Math.ceil(random() * longest);
}

/** Until when what is sent first now is sent again, by the clock of the patience. */
export function triesUntil(patience: TablePatience): number {
  return patience.now() + timeBudget.tableTryMs;
}

/** Makes a request of the table, again while it is throttled or in conflict. Throws PushedBack if it is so for 10 s; any
 *  other error is thrown as it is. */
export async function persist<T>(patience: TablePatience, request: () => Promise<T>): Promise<T> {
  const until = triesUntil(patience);
  for (let tries = 1; ; tries++) {
    try {
      return await request();
    } catch (error) {
      if (!(error instanceof Error && isPushedBack(error))) throw error;
      if (!(await backOffUntil(patience, tries, until))) throw new PushedBack(error.name);
    }
  }
}

/** True if nothing is wrong with a request but that the table did not take it now. */
export function isPushedBack(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const reasons = cancellationReasons(error);
  return reasons ? reasons.every((reason) => PUSHED_BACK_REASONS.has(reason)) : PUSHED_BACK.has(error.name);
}

/** Why each write of a canceled transaction was refused, in their order; undefined for any other error. */
export function cancellationReasons(error: unknown): string[] | undefined {
  if (!(error instanceof Error) || error.name !== 'TransactionCanceledException') return undefined;
  if (!('CancellationReasons' in error) || !Array.isArray(error.CancellationReasons)) return undefined;
  const reasons: { readonly Code?: string }[] = error.CancellationReasons;
  return reasons.map((reason) => reason.Code ?? 'None');
}
