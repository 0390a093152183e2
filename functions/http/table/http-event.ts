import type { APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2 } from 'aws-lambda';
import type { Scope } from '#core/access/api-key.ts';
import { routedMethod } from './match-route.ts';
import type { QueryValues, Reply, Route } from './route.ts';

/** What the steps need to know of the route they are on. */
export type MatchedRoute = Pick<Route, 'method' | 'path' | 'resource'>;

/** What the steps of one request tell each other. */
export type RequestState = {
  readonly requestId: string;
  /** As it was sent; where the event says GET, this may be HEAD. */
  readonly method: string;
  /** Epoch milliseconds. */
  readonly startedAt: number;
  /** What the caller's key allows; set by authentication. */
  scope?: Scope;
  /** Names the caller's key without telling it; undefined where nobody needs one. */
  caller?: string;
  /** The key is one of before: for one release it may do what it could. */
  ofBefore?: true;
  /** Set once the router found it. */
  route?: MatchedRoute;
  params: Readonly<Record<string, string>>;
  query: QueryValues;
  body: unknown;
};

export type HttpEvent = APIGatewayProxyEventV2 & { readonly state: RequestState };

export type HttpResult = APIGatewayProxyStructuredResultV2;

/**
 * Takes an event of API Gateway (payload version 2.0) for the steps. What the gateway made of the path and the query
 * is dropped: it joins repeated query parameters with commas, and the router reads the path itself, so that a request
 * means the same on every host.
 */
export function toHttpEvent(event: APIGatewayProxyEventV2, now: number): HttpEvent {
  const { http } = event.requestContext;
  const method = routedMethod(http.method);
  return {
    ...event,
    version: '2.0',
    pathParameters: undefined,
    queryStringParameters: undefined,
    requestContext: { ...event.requestContext, http: { ...http, method, path: event.rawPath } },
    state: {
      requestId: event.requestContext.requestId,
      method: http.method,
      startedAt: now,
      params: {},
      query: {},
      body: undefined,
    },
  };
}

/** Writes an answer as JSON, or with nothing in it (204). No answer may be kept by a cache: they change with every sync and depend on the key. */
export function toResult(reply: Reply, requestId: string): HttpResult {
  return {
    statusCode: reply.status,
    headers: {
      ...(reply.body === undefined ? {} : { 'content-type': 'application/json; charset=utf-8' }),
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
      'x-request-id': requestId,
      ...reply.headers,
    },
    body: reply.body === undefined ? '' : JSON.stringify(reply.body),
    isBase64Encoded: false,
  };
}
