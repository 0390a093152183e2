/**
 * Everything a request or a run can fail with. The code is stable and part of the API; the message is for a person
 * and says what to change. One table per dialect maps codes to statuses (functions/http): of an API call and of a source,
 * for what only a run can fail with stands in its record and is no answer to a request.
 */
export type FailureCode = ApiFailureCode | SourceFailureCode | RunFailureCode | StoreFailureCode;

/** What is wrong with a request itself, or stands against it. */
export type ApiFailureCode =
  | 'invalid_request'
  | 'unauthorized'
  | 'permission_denied'
  | 'not_found'
  | 'conflict'
  | 'precondition_failed'
  | 'in_use'
  | 'builtin'
  | 'too_large'
  | 'unsupported_media_type'
  | 'secret_required'
  | 'quota_exceeded'
  | 'rate_limit_exceeded';

/** What can go wrong between Stocktake and the S3 server of a datasource. */
export type SourceFailureCode =
  | 'access_denied'
  | 'bucket_not_found'
  | 'credentials_invalid'
  | 'role_refused'
  | 'signature_mismatch'
  | 'clock_skewed'
  | 'wrong_region'
  | 'endpoint_refused'
  | 'endpoint_unreachable'
  | 'source_timeout'
  | 'source_throttled'
  | 'source_error'
  | 'not_an_s3_answer'
  | 'answer_too_large'
  | 'listing_not_proved'
  | 'listing_contradicted'
  | 'requester_pays'
  | 'object_archived'
  | 'object_unlinkable'
  | 'directory_bucket';

/** Why a run ended without completing, beyond what the source answered. No request is answered with one of these. */
export type RunFailureCode =
  | 'scope_changed'
  | 'lease_lost'
  | 'interrupted'
  | 'run_time_limit'
  | 'run_page_limit'
  | 'listing_too_large'
  | 'table_throttled'
  | 'internal';

/** What is wrong with the store: another version of Stocktake wrote it, and reading it on a guess would be worse; or it takes
 *  no more at the moment; or who may call cannot be read, from it or from where the deployment's own key is. */
export type StoreFailureCode = 'other_form' | 'table_busy' | 'keys_unavailable';

/** One thing wrong with one field of the input. */
export type FailureDetail = { readonly path: string; readonly reason: string };

/** An error a user can act on. Whatever else is thrown is a defect of ours and is shown without its text. */
export class Failure extends Error {
  readonly code: FailureCode;
  readonly details: readonly FailureDetail[];

  constructor(code: FailureCode, message: string, options: { details?: FailureDetail[]; cause?: unknown } = {}) {
    super(message, { cause: options.cause });
    this.name = 'Failure';
    this.code = code;
    this.details = options.details ?? [];
  }
}

/**
 * The store behind the Table port did not take a request now, nor when it was sent again: it has not been applied. Nothing is
 * wrong with it: whoever can wait sends it again, and whoever cannot is to be told to come back. `why` is the store's word
 * for it.
 */
export class PushedBack extends Error {
  constructor(why: string) {
    super(`the table pushed the request back (${why})`);
    this.name = 'PushedBack';
  }
}

/** A conditional write of the Table port did not apply; `index` is its place in a transaction (0 for a single write). */
export class ConditionFailed extends Error {
  readonly index: number;

  constructor(index = 0) {
    super(`the condition of write ${index} does not hold`);
    this.name = 'ConditionFailed';
    this.index = index;
  }
}
