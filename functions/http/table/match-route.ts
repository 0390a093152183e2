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

function fits(pattern: readonly string[], parts: readonly string[]): boolean {
  if (pattern.length !== parts.length) return false;
  return pattern.every((part, index) => (part.startsWith('{') ? parts[index] !== '' : part === parts[index]));
}
