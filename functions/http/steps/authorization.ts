import type { MiddlewareObj } from '@middy/core';
import type { Scope } from '#core/access/api-key.ts';
import { Failure } from '#core/model/errors.ts';
import type { Clock, Log } from '#core/model/ports/host.ts';
import type { HttpEvent } from '../table/http-event.ts';
import type { Route } from '../table/route.ts';

const rank: Readonly<Record<Scope, number>> = { read: 1, write: 2, manage: 3 };

/** A key of before is warned about once in so long on each route: its client may ask many times a second. */
const warnEveryMs = 60_000;

/** Lets a request pass to a route only with a key that allows it. */
export function authorization(
  deps: { readonly clock: Clock; readonly log: Log },
  route: Pick<Route, 'method' | 'path' | 'scope' | 'scopeBefore'>,
): MiddlewareObj<HttpEvent> {
  const warn = warnings(deps, route);
  return {
    before: ({ event }) => {
      const { scope: held, caller, ofBefore } = event.state;
      if (route.scope === 'none' || allows(held, route.scope)) return;
      if (ofBefore && route.scopeBefore !== undefined && allows(held, route.scopeBefore)) return warn(caller, held);
      throw new Failure('permission_denied', `permission [${route.scope}] not allowed`);
    },
  };
}

function allows(held: Scope | undefined, needed: Scope): boolean {
  return held !== undefined && rank[held] >= rank[needed];
}

/** Remembers as many moments as there are keys in the settings: others are never of before. */
function warnings(
  { clock, log }: { readonly clock: Clock; readonly log: Log },
  { method, path, scope }: Pick<Route, 'method' | 'path' | 'scope'>,
): (caller: string | undefined, held: Scope | undefined) => void {
  const warned = new Map<string, number>();
  return (caller = '', held) => {
    const now = clock.now();
    const last = warned.get(caller);
    if (last !== undefined && now >= last && now - last < warnEveryMs) return;
    warned.set(caller, now);
    const reason = `the next release refuses this to keys of scope ${held}: give its client a key of scope ${scope}`;
    log.warn('key lacks a scope', { key: caller, route: `${method} ${path}`, scope: held, needs: scope, reason });
  };
}
