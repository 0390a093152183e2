import { timeBudget } from '#core/timing/time-budget.ts';
import { withinDeadline } from '../outbound/deadline.ts';

/** Makes one call to AWS. Rejects with OutOfTime after 18 s, whatever the SDK does: it can lose sight of a connection. */
export function bounded<Answer>(
  call: (options: { readonly abortSignal: AbortSignal }) => Promise<Answer>,
): Promise<Answer> {
  return withinDeadline(timeBudget.callMs, (abortSignal) => call({ abortSignal }));
}
