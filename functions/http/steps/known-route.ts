import type { MiddlewareObj } from '@middy/core';
import type { FunctionName } from '../table/deps.ts';
import type { HttpEvent } from '../table/http-event.ts';
import { RouteMismatch, RouteWithoutSlash, routeAt, routesAt } from '../table/match-route.ts';
import type { Route } from '../table/route.ts';

/**
 * Refuses what no route of the table takes: a path that is not there, or one that takes other methods. The router would
 * read a verb such as `_search` as an id where the method fits that.
 *
 * What the other function serves leads there. API Gateway takes no route whose key ends in a slash, so the slash forms
 * of all routes come to the api function, which must not be able to open what the probe function can.
 */
export function knownRoute(routes: readonly Route[], fn: FunctionName): MiddlewareObj<HttpEvent> {
  return {
    before: ({ event }) => {
      const { rawPath: path, rawQueryString: query, state } = event;
      const route = routeAt(routes, state.method, path);
      if (route?.fn === fn) return;
      if (route !== undefined && path.endsWith('/')) throw new RouteWithoutSlash({ path, query });
      // Without a slash the host sends each route to its function: there is none here.
      const allowed = route === undefined ? routesAt(routes, path).map(({ method }) => method) : [];
      throw new RouteMismatch(state.method, path, allowed);
    },
  };
}
