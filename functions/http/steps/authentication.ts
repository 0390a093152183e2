import type { MiddlewareObj } from '@middy/core';
import { Failure } from '#core/model/errors.ts';
import { type ApiKeys, nameOfKey, type Scope } from '../table/api-keys.ts';
import type { HttpEvent } from '../table/http-event.ts';
import { routeAt } from '../table/match-route.ts';
import type { Route } from '../table/route.ts';

const rank: Readonly<Record<Scope, number>> = { read: 1, write: 2, manage: 3 };

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
      if (!apiKeys.configured) {
        event.state.scope = 'manage';
        return;
      }
      const key = keyOf(event.headers);
      const scope = key === undefined ? undefined : await apiKeys.scopeOf(key);
      if (key === undefined || scope === undefined) throw new Failure('unauthorized', 'invalid login');
      event.state.scope = scope;
      event.state.caller = nameOfKey(key);
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
  return routeAt(routes, event.state.method, event.rawPath)?.scope === 'none';
}

function keyOf(headers: HttpEvent['headers']): string | undefined {
  const bearer = /^Bearer +(\S+) *$/i.exec(headers.authorization ?? '')?.[1];
  const key = headers['x-api-key'] ?? headers['x-api-token'] ?? bearer;
  return key === undefined || key === '' || key.length > longestKey ? undefined : key;
}
