import { ConditionFailed, Failure, type FailureCode, type FailureDetail } from '#core/errors.ts';
import type { RequestState } from '../http-event.ts';
import { RouteMismatch } from '../match-route.ts';
import type { Reply } from '../route.ts';

/**
 * The status of each failure in Coco's dialect. What the caller can mend in a datasource's settings is 400. A user's S3
 * server that is away, broken, too busy or too slow is 424: 5xx is for what is wrong on our side, and rings an alarm.
 */
const statuses: Readonly<Record<FailureCode, number>> = {
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
  run_page_limit: 424,
  internal: 500,
};

/** The answer to a request that failed. Of an error that is no Failure nothing is told: it is a defect of ours. */
export function cocoError(error: unknown, state: Pick<RequestState, 'requestId' | 'route' | 'params'>): Reply {
  if (error instanceof RouteMismatch) return mismatch(error, state.requestId);
  if (error instanceof ConditionFailed) {
    return body(409, 'conflict', 'somebody else changed this at the same moment; read it and try again', state);
  }
  if (!(error instanceof Failure) || error.code === 'internal') {
    return body(500, 'internal', 'something went wrong on our side; the log has more under this request_id', state);
  }
  const absent = error.code === 'not_found' ? missing(state) : undefined;
  if (absent !== undefined) return absent;
  const reply = body(statuses[error.code], error.code, error.message, state, error.details);
  return error.code === 'unauthorized' ? { ...reply, headers: { 'www-authenticate': 'Bearer' } } : reply;
}

/** Coco has forms of its own for what is not there; other routes say which part is missing. */
function missing({ route, params }: Pick<RequestState, 'route' | 'params'>): Reply | undefined {
  const id = route?.resource === undefined ? undefined : params[route.resource];
  if (id === undefined) return undefined;
  const form = route?.method === 'GET' ? { found: false } : { result: 'not_found' };
  return { status: 404, body: { _id: id, ...form } };
}

function mismatch(error: RouteMismatch, requestId: string): Reply {
  if (error.allowed.length === 0) return body(404, 'not_found', error.message, { requestId });
  const reply = body(405, 'method_not_allowed', error.message, { requestId });
  return { ...reply, headers: { allow: error.allowed.join(', ') } };
}

function body(
  status: number,
  code: string,
  reason: string,
  state: Pick<RequestState, 'requestId'>,
  details: readonly FailureDetail[] = [],
): Reply {
  const error = { reason, code, ...(details.length > 0 ? { details } : {}) };
  return { status, body: { status, error, request_id: state.requestId } };
}
