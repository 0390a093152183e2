import type { MiddlewareObj } from '@middy/core';
import { countRequest } from '#core/limits/count-request.ts';
import type { Clock } from '#core/model/ports/host.ts';
import type { Table } from '#core/model/ports/table.ts';
import type { HttpEvent } from '../table/http-event.ts';
import type { Route } from '../table/route.ts';

/**
 * Counts a request to a costly route for the key that it came with, and refuses it beyond the limit. Counted here and
 * not by the gateway, whose limits are one for all callers and hang on the spelling of the path. The last step before the
 * route: what is refused for itself costs nobody anything. Where nobody needs a key there is nobody to count for, and
 * only this machine can ask.
 */
export function costlyLimit(
  deps: { readonly table: Table; readonly clock: Clock },
  route: Pick<Route, 'costly'>,
): MiddlewareObj<HttpEvent> {
  return {
    before: async ({ event }) => {
      const { caller, requestId } = event.state;
      if (route.costly && caller !== undefined) await countRequest(deps, { caller, request: requestId });
    },
  };
}
