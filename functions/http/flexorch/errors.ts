import { ConditionFailed, Failure, type FailureDetail } from '#core/model/errors.ts';
import { ConditionNotMet, etagHeader } from '../steps/if-match.ts';
import { type AnswerableCode, failureStatus, isAnswerable } from '../table/failure-status.ts';
import type { RequestState } from '../table/http-event.ts';
import { RouteMismatch, RouteWithoutSlash } from '../table/match-route.ts';
import type { Reply } from '../table/route.ts';
import { envelope } from './envelope.ts';
import { inFlexOrchWords } from './field-words.ts';
import { type ResourceKind, ResourceNotFound } from './not-found.ts';

/** What this dialect names differently from the core. The others go in capitals. */
const codes: Partial<Readonly<Record<AnswerableCode, string>>> = {
  unauthorized: 'INVALID_API_KEY',
  permission_denied: 'FORBIDDEN',
  too_large: 'FILE_TOO_LARGE',
  unsupported_media_type: 'UNSUPPORTED_FILE',
};

type State = Pick<RequestState, 'route' | 'params'> & { readonly userAgent?: string | undefined };

/** The answer to a request that failed. What is wrong on our side is told without detail. */
export function flexorchError(error: unknown, state: State): Reply {
  if (error instanceof RouteMismatch) return mismatch(error);
  if (error instanceof RouteWithoutSlash) return body(308, 'MOVED', error.message);
  if (error instanceof ConditionFailed) {
    return body(409, 'CONFLICT', 'somebody else changed this at the same moment; read it and try again');
  }
  if (!(error instanceof Failure) || !isAnswerable(error)) {
    return body(500, 'INTERNAL_ERROR', 'something went wrong on our side; try again');
  }
  const status = statusOf(error.code);
  const details = error.details.map(({ path, reason }) => ({ path: inFlexOrchWords(path), reason }));
  const current = error instanceof ConditionNotMet ? error.current : undefined;
  const more = current === undefined ? {} : { current: current.state };
  const reply = body(status, codeOf(error, status, state), inFlexOrchWords(error.message), details, more);
  // So that whoever was overtaken can go on without another read.
  if (current !== undefined) return { ...reply, headers: etagHeader(current.tag) };
  return status === 401 ? { ...reply, headers: { 'www-authenticate': 'Bearer' } } : reply;
}

/** What a caller can mend in what was sent is 422 here. */
function statusOf(code: AnswerableCode): number {
  const status = failureStatus[code];
  return status === 400 ? 422 : status;
}

function codeOf(
  error: Failure & { readonly code: AnswerableCode },
  status: number,
  { route, params, userAgent }: State,
): string {
  if (status === 422) return 'VALIDATION_ERROR';
  if (error.code !== 'not_found') return codes[error.code] ?? error.code.toUpperCase();
  if (error instanceof ResourceNotFound) return notFoundCode(error.kind, userAgent);
  // What was there when the request came was deleted while it was served.
  const kind = route?.resource;
  return kind !== undefined && params[kind] !== undefined ? notFoundCode(kind, userAgent) : 'NOT_FOUND';
}

/** FlexOrch's MCP client shows its user a text of its own for each code, and knows of what is missing only two. */
function notFoundCode(kind: ResourceKind | string, userAgent = ''): string {
  if (kind !== 'document' && userAgent.startsWith('flexorch-mcp/')) return 'NOT_FOUND';
  return `${kind.toUpperCase()}_NOT_FOUND`;
}

function mismatch(error: RouteMismatch): Reply {
  if (error.allowed.length === 0) return body(404, 'NOT_FOUND', error.message);
  return { ...body(405, 'METHOD_NOT_ALLOWED', error.message), headers: { allow: error.allowed.join(', ') } };
}

function body(
  status: number,
  code: string,
  message: string,
  details: readonly FailureDetail[] = [],
  more: object = {},
): Reply {
  const error = { code, message, ...(details.length > 0 ? { details } : {}), ...more };
  return { status, body: envelope('error', null, error) };
}
