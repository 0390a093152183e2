import type { CreateRequest } from '#core/idempotency/create-once.ts';
import { readIdempotencyKey } from '../steps/idempotency-key.ts';
import type { RequestContext } from '../table/route.ts';

/** What createOnce compares a request by. `route` is its method and path. Throws Failure `invalid_request`. */
export function createRequest(
  { body, header }: Pick<RequestContext<unknown>, 'body' | 'header'>,
  route: string,
): CreateRequest {
  const key = readIdempotencyKey(header);
  return key === undefined ? { route, body } : { route, body, key };
}

/** A request by method and path, with the ids in it: what a delete that is sent again is known by. */
export function requestTo({ param }: Pick<RequestContext<unknown>, 'param'>, route: string): string {
  return route.replace(/\{([a-z]+)\}/g, (_all, name: string) => param(name));
}
