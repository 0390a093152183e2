import type { CreateRequest } from '#core/idempotency/create-once.ts';
import { Failure } from '#core/model/errors.ts';
import type { RequestContext } from '../table/route.ts';

/** What createOnce compares a request by. `route` is its method and path. Throws Failure `invalid_request`. */
export function createRequest(
  { body, header }: Pick<RequestContext<unknown>, 'body' | 'header'>,
  route: string,
): CreateRequest {
  const key = header('idempotency-key');
  if (key === undefined) return { route, body };
  if (/^[\x21-\x7e]{1,255}$/.test(key)) return { route, body, key };
  const reason = 'must be 1–255 printable ASCII characters without spaces';
  throw new Failure('invalid_request', `the Idempotency-Key ${reason}`, {
    details: [{ path: 'Idempotency-Key', reason }],
  });
}

/** A request by method and path, with the ids in it: what a delete that is sent again is known by. */
export function requestTo({ param }: Pick<RequestContext<unknown>, 'param'>, route: string): string {
  return route.replace(/\{([a-z]+)\}/g, (_all, name: string) => param(name));
}
