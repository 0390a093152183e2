import { type CreateRequest, createOnce } from '../idempotency/create-once.ts';
import type { ConnectorRow } from '../registry/connector.ts';
import type { ProcessingInput } from './processing-input.ts';
import { readSubmission, type Submission } from './submission.ts';
import { type SubmitDeps, submitJobs } from './submit-jobs.ts';

/**
 * Takes jobs in, or finds those that the same request made within the last 24 hours: a client sends a request again when
 * it did not hear of the first. To have the same keys processed again, it sends another Idempotency-Key. Throws what
 * submitJobs and createOnce throw.
 */
export async function submitOnce(
  deps: SubmitDeps,
  connector: ConnectorRow,
  input: ProcessingInput,
  request: CreateRequest,
): Promise<Submission> {
  return createOnce(deps, request, {
    read: (id) => readSubmission(deps, id, input, connector.config.prefix ?? ''),
    create: (alongside) => submitJobs(deps, connector, input, alongside),
  });
}
