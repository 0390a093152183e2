import type { MiddlewareObj } from '@middy/core';
import { Failure } from '#core/model/errors.ts';
import type { ApiKeys, Scope } from '../table/api-keys.ts';
import type { HttpEvent } from '../table/http-event.ts';
import { routesAt } from '../table/match-route.ts';
import type { Route } from '../table/route.ts';

const rank: Readonly<Record<Scope, number>> = { read: 1, write: 2, admin: 3 };

/** Longer texts are not hashed: no key is that long. */
const longestKey = 512;

/**
 * Says who calls, before anything else is looked at: without a key even an unknown path is 401. Takes the key from
 * X-API-KEY, X-API-TOKEN or `Authorization: Bearer`, the first of them that is there.
 */
export function authentication(apiKeys: ApiKeys, routes: readonly Route[]): MiddlewareObj<HttpEvent> {
  return {
    before: async ({ event }) => {
      if (takesNoKey(event, routes)) return;
      event.state.scope = apiKeys.configured ? await scopeOf(apiKeys, event.headers) : 'admin';
      if (event.state.scope === undefined) throw new Failure('unauthorized', 'invalid login');
    },
  };
}

/** Lets a request pass to a route only with a key that allows it. */
export function authorization(route: Pick<Route, 'scope'>): MiddlewareObj<HttpEvent> {
  return {
    before: ({ event }) => {
      if (route.scope === 'none') return;
      const held = event.state.scope;
      if (held === undefined || rank[held] < rank[route.scope]) {
        throw new Failure('permission_denied', `permission [${route.scope}] not allowed`);
      }
    },
  };
}

function takesNoKey(event: HttpEvent, routes: readonly Route[]): boolean {
  const at = routesAt(routes, event.rawPath).find((route) => route.method === event.requestContext.http.method);
  return at?.scope === 'none';
}

async function scopeOf(apiKeys: ApiKeys, headers: HttpEvent['headers']): Promise<Scope | undefined> {
  const bearer = /^Bearer +(\S+) *$/i.exec(headers.authorization ?? '')?.[1];
  const key = headers['x-api-key'] ?? headers['x-api-token'] ?? bearer;
  if (key === undefined || key === '' || key.length > longestKey) return undefined;
  return apiKeys.scopeOf(key);
}
