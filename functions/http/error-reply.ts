import type { MiddlewareObj } from '@middy/core';
import { KeysUnavailable } from '#core/access/keys-unavailable.ts';
import { ConditionFailed, Failure } from '#core/model/errors.ts';
import type { Log } from '#core/model/ports/host.ts';
import { refusal } from './dialects.ts';
import { failureStatus, isAnswerable } from './table/failure-status.ts';
import { type HttpEvent, type HttpResult, toResult } from './table/http-event.ts';
import { RouteMismatch, RouteWithoutSlash } from './table/match-route.ts';

/** Answers a request that failed, in the words of its path's dialect, and logs what nobody but us can mend. */
export function errorReply(deps: { readonly log: Log }): MiddlewareObj<HttpEvent, HttpResult> {
  return {
    onError: (request) => {
      const { rawPath, state, headers } = request.event;
      const answer = refusal(rawPath, request.error, { ...state, userAgent: headers['user-agent'] });
      if (!isExpected(request.error)) {
        const fields = { request_id: state.requestId, route: state.route?.path, ...describe(request.error) };
        deps.log.error('request failed', fields);
      }
      request.response = toResult(answer, state.requestId);
    },
  };
}

function isExpected(error: unknown): boolean {
  return (
    (error instanceof Failure && isAnswerable(error) && failureStatus[error.code] < 500) ||
    error instanceof ConditionFailed ||
    error instanceof RouteMismatch ||
    error instanceof RouteWithoutSlash
  );
}

/** An error of an SDK is told by its name and AWS's request id only: its text can carry what was sent. */
function describe(error: unknown): Record<string, unknown> {
  if (!(error instanceof Error)) return { error: typeof error };
  if (error instanceof KeysUnavailable) return { error: error.name, code: error.code, why: error.why };
  const metadata: unknown = Reflect.get(error, '$metadata');
  if (typeof metadata === 'object' && metadata !== null) {
    return { error: error.name, aws_request_id: Reflect.get(metadata, 'requestId') };
  }
  const frames = (error.stack ?? '').split('\n').filter((line) => /^\s+at /.test(line));
  return { error: error.name, message: error.message, at: frames[0]?.trim() };
}
