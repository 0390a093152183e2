import type { MiddlewareObj } from '@middy/core';
import type { Clock, Log } from '#core/model/ports/host.ts';
import type { HttpEvent, HttpResult } from '../table/http-event.ts';

/** What a caller without the right to ask is answered with. */
const refusals: ReadonlyMap<number | undefined, string> = new Map([
  [401, 'unauthorized'],
  [403, 'permission_denied'],
]);

/**
 * Tells of each request once it is answered. The route's pattern, not the path: a path can hold what somebody meant
 * for a header. A refused try has a line that can be counted by, with the address of the connection and, where there is
 * one, the name of the key: the audit tells of changes alone.
 */
export function accessLog(deps: { readonly clock: Clock; readonly log: Log }): MiddlewareObj<HttpEvent, HttpResult> {
  const tell = ({ event, response }: { event: HttpEvent; response?: HttpResult | null | undefined }): void => {
    const { requestId, method, route, startedAt, caller } = event.state;
    const refused = refusals.get(response?.statusCode);
    deps.log.info('request', {
      request_id: requestId,
      method,
      route: route?.path ?? 'none',
      status: response?.statusCode,
      ms: deps.clock.now() - startedAt,
      ...(refused === undefined ? {} : { refused, address: event.requestContext.http.sourceIp, key: caller ?? 'none' }),
    });
  };
  return { after: tell, onError: tell };
}
