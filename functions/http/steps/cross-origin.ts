import type { MiddlewareObj } from '@middy/core';
import type { HttpEvent, HttpResult } from '../table/http-event.ts';

/** What pages of other origins may send, and read of an answer besides its body. */
export type CrossOriginRules = {
  readonly allowMethods: readonly string[];
  readonly allowHeaders: readonly string[];
  readonly exposeHeaders: readonly string[];
  /** Seconds that a browser may remember the answer to its preflight. */
  readonly maxAge: number;
};

/**
 * Lets pages of these origins read the answers, in the forms that API Gateway takes: `*`, `https://*`, `http://*`, or one
 * origin. The gateway of a deployment says the same and puts its own headers in the place of these
 * (https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-cors.html).
 */
export function crossOrigin(origins: readonly string[], rules: CrossOriginRules): MiddlewareObj<HttpEvent, HttpResult> {
  const tell = (request: { readonly event: HttpEvent; response?: HttpResult | null | undefined }): void => {
    const { event, response } = request;
    const allowed = allowedOrigin(origins, event.headers.origin);
    if (allowed === undefined || !response) return;
    const isPreflight =
      event.state.method === 'OPTIONS' && event.headers['access-control-request-method'] !== undefined;
    const headers = {
      ...response.headers,
      'access-control-allow-origin': allowed,
      'access-control-expose-headers': rules.exposeHeaders.join(','),
      ...(isPreflight ? preflightHeaders(rules) : {}),
    };
    request.response = { ...response, headers };
  };
  return { after: tell, onError: tell };
}

function allowedOrigin(origins: readonly string[], origin: string | undefined): string | undefined {
  if (origin === undefined) return undefined;
  if (origins.includes('*')) return '*';
  const asked = origin.toLowerCase();
  const fits = (each: string): boolean =>
    each.endsWith('://*') ? asked.startsWith(each.slice(0, -1)) : each.toLowerCase() === asked;
  return origins.some(fits) ? origin : undefined;
}

function preflightHeaders({ allowMethods, allowHeaders, maxAge }: CrossOriginRules): Record<string, string> {
  return {
    'access-control-allow-methods': allowMethods.join(','),
    'access-control-allow-headers': allowHeaders.join(','),
    'access-control-max-age': String(maxAge),
  };
}
