import { KeysUnavailable } from '#core/access/keys-unavailable.ts';
import { RateLimitExceeded } from '#core/limits/count-request.ts';
import { Failure, PushedBack } from '#core/model/errors.ts';
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
  const told = error instanceof PushedBack ? tableBusy(error) : error;
  const reply = dialectOf(path) === 'flexorch' ? flexorchError(told, state) : cocoError(told, state);
  return { ...reply, headers: { ...reply.headers, ...whatNext(error) } };
}

/** A table that has to grow doubles within half an hour; until then every other request may well be taken. */
const busySeconds = 5;

function tableBusy(cause: PushedBack): Failure {
  const message = `the table takes no more requests at the moment; nothing was done, try again in ${busySeconds} s`;
  return new Failure('table_busy', message, { cause });
}

/** What a client does next without reading the answer. */
function whatNext(error: unknown): Record<string, string> {
  if (error instanceof RateLimitExceeded || error instanceof KeysUnavailable)
    return { 'retry-after': String(error.retryAfterSeconds) };
  if (error instanceof PushedBack) return { 'retry-after': String(busySeconds) };
  if (error instanceof RouteWithoutSlash) return { location: error.location };
  return {};
}
