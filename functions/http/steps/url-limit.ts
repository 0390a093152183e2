import type { MiddlewareObj } from '@middy/core';
import { Failure } from '#core/model/errors.ts';
import type { HttpEvent } from '../table/http-event.ts';

/** Ours, above the 10,240 bytes that API Gateway allows a request line and its headers together. */
const longestUrl = 16_384;

/** Refuses a URL that is too long to be worth reading. */
export const urlLimit: MiddlewareObj<HttpEvent> = {
  before: ({ event }) => {
    if (event.rawPath.length + (event.rawQueryString?.length ?? 0) <= longestUrl) return;
    throw new Failure('invalid_request', `the URL is longer than ${longestUrl.toLocaleString('en')} characters`);
  },
};
