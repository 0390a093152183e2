import { timeBudget } from '#core/timing/time-budget.ts';

/** The times that a client keeps, milliseconds. */
type ClientTimes = { readonly connectMs: number; readonly attemptMs: number; readonly attempts: number };

/**
 * What every client of the SDK is made with. Left alone most of them wait for an answer for ever: one lost connection would
 * last until the end of the invocation.
 */
export function clientSettings({ connectMs, attemptMs, attempts }: ClientTimes = timeBudget) {
  return {
    maxAttempts: attempts,
    requestHandler: { connectionTimeout: connectMs, requestTimeout: attemptMs, throwOnRequestTimeout: true },
  };
}
