import type { MiddlewareObj } from '@middy/core';
import { Failure } from '#core/model/errors.ts';
import type { ApiKeys } from '../table/api-keys.ts';
import type { HttpEvent } from '../table/http-event.ts';
import { routeAt } from '../table/match-route.ts';
import type { Route } from '../table/route.ts';

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
      const text = keyOf(event.headers);
      const key = text === undefined ? undefined : await apiKeys.find(text);
      if (key === undefined) throw new Failure('unauthorized', 'invalid login');
      event.state.scope = key.scope;
      event.state.caller = key.id;
      if (key.ofBefore) event.state.ofBefore = true;
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
