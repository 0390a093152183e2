import { RateLimitExceeded } from '#core/limits/count-request.ts';
import { cocoError } from './coco/errors.ts';
import { flexorchError } from './flexorch/errors.ts';
import type { RequestState } from './table/http-event.ts';
import { RouteWithoutSlash } from './table/match-route.ts';
import type { Reply } from './table/route.ts';

/** In whose words a request is answered. */
export type Dialect = 'coco' | 'flexorch';

type Refused = Pick<RequestState, 'requestId'> &
  Partial<Pick<RequestState, 'route' | 'params'>> & { readonly userAgent?: string | undefined };

/** `flexorch` under /v1, `coco` everywhere else, whether or not there is such a route: a refusal must be understood too. */
export function dialectOf(path: string): Dialect {
  return path === '/v1' || path.startsWith('/v1/') ? 'flexorch' : 'coco';
}

/** The answer to a request that failed, in the words of its path's dialect. */
export function refusal(path: string, error: unknown, { requestId, route, params = {}, userAgent }: Refused): Reply {
  const state = { requestId, route, params, userAgent };
  const reply = dialectOf(path) === 'flexorch' ? flexorchError(error, state) : cocoError(error, state);
  return { ...reply, headers: { ...reply.headers, ...whatNext(error) } };
}

/** What a client does next without reading the answer. */
function whatNext(error: unknown): Record<string, string> {
  if (error instanceof RateLimitExceeded) return { 'retry-after': String(error.retryAfterSeconds) };
  if (error instanceof RouteWithoutSlash) return { location: error.location };
  return {};
}
