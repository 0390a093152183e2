import { ConditionFailed, Failure, type FailureDetail } from '#core/model/errors.ts';
import { ConditionNotMet, etagHeader, type Shown } from '../steps/if-match.ts';
import { failureStatus, isAnswerable } from '../table/failure-status.ts';
import type { RequestState } from '../table/http-event.ts';
import { RouteMismatch, RouteWithoutSlash } from '../table/match-route.ts';
import type { Reply } from '../table/route.ts';

/** The answer to a request that failed. Of an error that is no Failure nothing is told: it is a defect of ours. */
export function cocoError(error: unknown, state: Pick<RequestState, 'requestId' | 'route' | 'params'>): Reply {
  if (error instanceof RouteMismatch) return mismatch(error, state.requestId);
  if (error instanceof RouteWithoutSlash) return body(308, 'moved', error.message, state);
  if (error instanceof ConditionFailed) {
    return body(409, 'conflict', 'somebody else changed this at the same moment; read it and try again', state);
  }
  if (!(error instanceof Failure) || !isAnswerable(error)) {
    return body(500, 'internal', 'something went wrong on our side; the log has more under this request_id', state);
  }
  const absent = error.code === 'not_found' ? missing(state) : undefined;
  if (absent !== undefined) return absent;
  const reply = body(failureStatus[error.code], error.code, error.message, state, error.details);
  if (error instanceof ConditionNotMet && error.current !== undefined) return withCurrent(reply, error.current);
  return error.code === 'unauthorized' ? { ...reply, headers: { 'www-authenticate': 'Bearer' } } : reply;
}

/** So that whoever was overtaken can go on without another read. */
function withCurrent(reply: CocoRefusal, { state, tag }: Shown): Reply {
  const { error, ...rest } = reply.body;
  return { ...reply, body: { ...rest, error: { ...error, current: state } }, headers: etagHeader(tag) };
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

type CocoRefusal = Reply & {
  readonly body: { readonly status: number; readonly error: object; readonly request_id: string };
};

function body(
  status: number,
  code: string,
  reason: string,
  state: Pick<RequestState, 'requestId'>,
  details: readonly FailureDetail[] = [],
): CocoRefusal {
  const error = { reason, code, ...(details.length > 0 ? { details } : {}) };
  return { status, body: { status, error, request_id: state.requestId } };
}
