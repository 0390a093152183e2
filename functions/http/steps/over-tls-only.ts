import type { MiddlewareObj } from '@middy/core';
import type { HttpEvent, HttpResult } from '../table/http-event.ts';

/** A year. Not for names below ours, which may be somebody else's. */
const always = 'max-age=31536000';

/**
 * Has browsers ask over TLS alone from now on (HSTS), where the host speaks nothing else. A server on one machine speaks plain
 * HTTP, where a browser has to pass over this header (RFC 6797, 7.2), so it is not sent.
 */
export function overTlsOnly(overTls: boolean): MiddlewareObj<HttpEvent, HttpResult> {
  const tell = (request: { response?: HttpResult | null | undefined }): void => {
    const { response } = request;
    if (!overTls || !response) return;
    request.response = { ...response, headers: { ...response.headers, 'strict-transport-security': always } };
  };
  return { after: tell, onError: tell };
}
