import type { MiddlewareObj } from '@middy/core';
import type { HttpEvent } from '../table/http-event.ts';
import { RouteMismatch, routesAt } from '../table/match-route.ts';
import type { Route } from '../table/route.ts';

/**
 * Refuses what no route of the table takes: a path that is not there, or one that takes other methods. The router would
 * read a verb such as `_search` as an id where the method fits that.
 */
export function knownRoute(routes: readonly Route[]): MiddlewareObj<HttpEvent> {
  return {
    before: ({ event }) => {
      const { method } = event.requestContext.http;
      const allowed = routesAt(routes, event.rawPath).map((route) => route.method);
      if (!allowed.some((each) => each === method)) throw new RouteMismatch(method, event.rawPath, allowed);
    },
  };
}
