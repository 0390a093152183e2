import type { ApiFailureCode, Failure, FailureCode, SourceFailureCode, StoreFailureCode } from '#core/model/errors.ts';

/** What a request can be answered with. */
export type AnswerableCode = ApiFailureCode | SourceFailureCode | StoreFailureCode;

/**
 * The status of each failure. What the caller can mend in a datasource's settings is 400, which FlexOrch's dialect tells
 * as 422. A user's S3 server that is away, broken, too busy, too slow or lies about what it holds, or a role that AWS
 * does not let us take, is 424: 5xx is for what is wrong on our side, and rings an alarm. That holds of a table that another
 * version wrote, which whoever deploys must mend: the caller may come again then.
 */
export const failureStatus: Readonly<Record<AnswerableCode, number>> = {
  invalid_request: 400,
  secret_required: 400,
  unauthorized: 401,
  permission_denied: 403,
  builtin: 403,
  not_found: 404,
  conflict: 409,
  in_use: 409,
  quota_exceeded: 409,
  precondition_failed: 412,
  too_large: 413,
  unsupported_media_type: 415,
  rate_limit_exceeded: 429,
  access_denied: 400,
  bucket_not_found: 400,
  credentials_invalid: 400,
  signature_mismatch: 400,
  clock_skewed: 400,
  wrong_region: 400,
  endpoint_refused: 400,
  not_an_s3_answer: 400,
  requester_pays: 400,
  directory_bucket: 400,
  object_archived: 409,
  object_unlinkable: 409,
  role_refused: 424,
  answer_too_large: 424,
  endpoint_unreachable: 424,
  listing_contradicted: 424,
  listing_not_proved: 424,
  source_error: 424,
  source_throttled: 424,
  source_timeout: 424,
  other_form: 503,
  table_busy: 503,
  keys_unavailable: 503,
};

/** False for what only a run fails with: that such a code came to a request is a defect of ours. */
export function isAnswerable(failure: Failure): failure is Failure & { readonly code: AnswerableCode } {
  const code: FailureCode = failure.code;
  return Object.hasOwn(failureStatus, code);
}
