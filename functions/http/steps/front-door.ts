import type { MiddlewareObj } from '@middy/core';
import { Failure } from '#core/model/errors.ts';
import type { FrontDoor } from '../table/front-door.ts';
import type { HttpEvent } from '../table/http-event.ts';

/** What the distribution adds to each request, in the place of what its caller wrote there; a test holds infra/aws to these names. */
export const frontDoorHeaders = { secret: 'x-stocktake-front-door', viewer: 'x-stocktake-viewer' } as const;

/** Longer texts are not compared: no secret of ours is. */
const longestSecret = 128;

/**
 * Answers only what came through the distribution, where there is one: the gateway behind it has a public address of its own,
 * which no web ACL guards. The first look at a request, which costs nothing. From here on the address of the caller is the one
 * that the distribution saw, for the gateway sees the distribution's; whoever could not send the secret could write anything
 * into that header, and is not believed.
 */
export function frontDoor(door: FrontDoor | undefined): MiddlewareObj<HttpEvent> {
  return {
    before: async ({ event }) => {
      if (door === undefined) return;
      const {
        [frontDoorHeaders.secret]: secret = '',
        [frontDoorHeaders.viewer]: viewer = '',
        ...headers
      } = event.headers;
      // Nothing behind this step may repeat the secret.
      event.headers = headers;
      if (secret === '' || secret.length > longestSecret || !(await door.accepts(secret))) {
        throw new Failure(
          'permission_denied',
          'this API answers at its own address alone, which whoever runs it can tell',
        );
      }
      event.requestContext.http.sourceIp = viewer;
    },
  };
}
