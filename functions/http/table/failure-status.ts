import type { FailureCode } from '#core/model/errors.ts';

/**
 * The status of each failure. What the caller can mend in a datasource's settings is 400, which FlexOrch's dialect tells
 * as 422. A user's S3 server that is away, broken, too busy or too slow, or a role that AWS does not let us take, is 424: 5xx is for what is wrong on our side, and
 * rings an alarm.
 */
export const failureStatus: Readonly<Record<FailureCode, number>> = {
  invalid_request: 400,
  secret_required: 400,
  unauthorized: 401,
  permission_denied: 403,
  builtin: 403,
  not_found: 404,
  conflict: 409,
  in_use: 409,
  too_large: 413,
  unsupported_media_type: 415,
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
  role_refused: 424,
  answer_too_large: 424,
  endpoint_unreachable: 424,
  source_error: 424,
  source_throttled: 424,
  source_timeout: 424,
  listing_not_proved: 502,
  listing_contradicted: 502,
  scope_changed: 409,
  lease_lost: 409,
  interrupted: 503,
  run_time_limit: 504,
  listing_too_large: 424,
  run_page_limit: 424,
  internal: 500,
};
