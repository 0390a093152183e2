import type { Failure, FailureCode } from '../model/errors.ts';

/** What may pass by itself. The vault's failure looks like wrong credentials (functions/core/registry/open-bucket.ts). */
const passing: ReadonlySet<FailureCode> = new Set([
  'source_timeout',
  'source_throttled',
  'source_error',
  'endpoint_unreachable',
  'credentials_invalid',
]);

/** Seconds before the source is asked again: about seven minutes in all, then it is given up. */
const delays = [10, 30, 90, 270];
export const longestDelaySeconds = Math.max(...delays);

/** True for a failure of the source that asking again later may mend. */
export function mayPass(failure: Failure): boolean {
  return passing.has(failure.code);
}

/** Seconds to wait after the source was asked in vain for the `tries`-th time; undefined to give up. */
export function nextDelay(tries: number): number | undefined {
  return delays[tries - 1];
}
