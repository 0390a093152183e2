import type { Route } from './route.ts';

/** A path that no route has, or that none has with this method. `allowed` lists the methods it does have. */
export class RouteMismatch extends Error {
  readonly allowed: readonly string[];

  constructor(method: string, path: string, allowed: readonly string[]) {
    const shown = path.length <= 100 ? path : `${path.slice(0, 99)}…`;
    const also = allowed.length > 0 ? `; this path takes ${allowed.join(', ')}` : '';
    super(`there is no route ${method} ${shown}${also}`);
    this.name = 'RouteMismatch';
    this.allowed = allowed;
  }
}

/** A request that came with a trailing slash to a function that does not serve its route; without it, the other one does. */
export class RouteWithoutSlash extends Error {
  /**
   * Relative to the path that was asked for, so that it holds behind a proxy that serves the API under a path of its own,
   * and can lead to no other host.
   */
  readonly location: string;

  constructor({ path, query }: { readonly path: string; readonly query: string }) {
    super('this route is served without the trailing slash: follow the Location');
    this.name = 'RouteWithoutSlash';
    const last = path.slice(0, -1).split('/').at(-1) ?? '';
    // The path comes decoded, the query as it was sent.
    const sent = query.replace(/[^\x21-\x7e]+/g, (text) => encodeURIComponent(text.toWellFormed()));
    this.location = `../${encodeURIComponent(last.toWellFormed())}${sent === '' ? '' : `?${sent}`}`;
  }
}

/**
 * The routes whose path this is, of any method; a route without parameters hides those with. `path` with or without a
 * trailing slash.
 */
export function routesAt<Each extends Pick<Route, 'path'>>(routes: readonly Each[], path: string): Each[] {
  const plain = path.length > 1 && path.endsWith('/') ? path.slice(0, -1) : path;
  const exact = routes.filter((route) => route.path === plain);
  if (exact.length > 0) return exact;
  const parts = plain.split('/');
  return routes.filter((route) => fits(route.path.split('/'), parts));
}

/** The route that serves a method at a path, if there is one. */
export function routeAt<Each extends Pick<Route, 'path' | 'method'>>(
  routes: readonly Each[],
  method: string,
  path: string,
): Each | undefined {
  const routed = routedMethod(method);
  return routesAt(routes, path).find((route) => route.method === routed);
}

/** HEAD is answered by the route of GET, without the body. */
export function routedMethod(method: string): string {
  return method === 'HEAD' ? 'GET' : method;
}

function fits(pattern: readonly string[], parts: readonly string[]): boolean {
  if (pattern.length !== parts.length) return false;
  return pattern.every((part, index) => (part.startsWith('{') ? parts[index] !== '' : part === parts[index]));
}
