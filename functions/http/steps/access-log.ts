import type { MiddlewareObj } from '@middy/core';
import type { Clock, Log } from '#core/model/ports/host.ts';
import type { HttpEvent, HttpResult } from '../table/http-event.ts';

/**
 * Tells of each request once it is answered. The route's pattern, not the path: a path can hold what somebody meant
 * for a header.
 */
export function accessLog(deps: { readonly clock: Clock; readonly log: Log }): MiddlewareObj<HttpEvent, HttpResult> {
  const tell = ({ event, response }: { event: HttpEvent; response?: HttpResult | null | undefined }): void => {
    const { requestId, method, route, startedAt } = event.state;
    deps.log.info('request', {
      request_id: requestId,
      method,
      route: route?.path ?? 'none',
      status: response?.statusCode,
      ms: deps.clock.now() - startedAt,
    });
  };
  return { after: tell, onError: tell };
}
