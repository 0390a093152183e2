/** How patiently what DynamoDB pushes back is sent again. */
export type Patience = {
  readonly sleep: (milliseconds: number) => Promise<void>;
  /** A number in [0, 1). */
  readonly random: () => number;
  /** Tries after the first; in batches, rounds in a row in which nothing was taken. */
  readonly retries: number;
};

/**
 * Waits at most 7 s in all, on top of the SDK's own three quick tries: enough for a partition to split or a
 * conflicting transaction to end, and short against a Lambda's deadline.
 */
export const DEFAULT_PATIENCE: Patience = {
  sleep: (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds)),
  random: Math.random,
  retries: 8,
};

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
export async function backOff(patience: Patience, tries: number): Promise<void> {
  const longest = Math.min(LONGEST_DELAY, FIRST_DELAY * 2 ** (tries - 1));
  await patience.sleep(Math.ceil(patience.random() * longest));
}

/** Makes a request, again if it was throttled or in conflict; any other error, and the last one, is thrown as it is. */
export async function persist<T>(patience: Patience, request: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries++) {
    try {
      return await request();
    } catch (error) {
      if (tries > patience.retries || !isPushedBack(error)) throw error;
      await backOff(patience, tries);
    }
  }
}

function isPushedBack(error: unknown): boolean {
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
