import { withinDeadline } from '../outbound/deadline.ts';

/** The SDK's three tries of 5 s with the waits between them, and less than a write may still be under way
 *  (functions/core/runs/sync-deps.ts, requestTimeoutMs). */
const CALL_MS = 20_000;

/** Makes one call to AWS. Rejects with OutOfTime after 20 s, whatever the SDK does: most of its clients wait for ever. */
export function bounded<Answer>(
  call: (options: { readonly abortSignal: AbortSignal }) => Promise<Answer>,
): Promise<Answer> {
  return withinDeadline(CALL_MS, (abortSignal) => call({ abortSignal }));
}
