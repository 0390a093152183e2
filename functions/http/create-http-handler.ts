import middy from '@middy/core';
import httpRouter, { type Route as RouterEntry } from '@middy/http-router';
import type { APIGatewayProxyEventV2, Context } from 'aws-lambda';
import type { Actor } from '#core/model/actor.ts';
import { jsonBody } from './body/json-body.ts';
import { errorReply } from './error-reply.ts';
import { crossOriginRules, routes, routesOf } from './routes.ts';
import { accessLog } from './steps/access-log.ts';
import { withinAnswerLimit } from './steps/answer-limit.ts';
import { authentication } from './steps/authentication.ts';
import { authorization } from './steps/authorization.ts';
import { costlyLimit } from './steps/costly-limit.ts';
import { crossOrigin } from './steps/cross-origin.ts';
import { frontDoor } from './steps/front-door.ts';
import { knownRoute } from './steps/known-route.ts';
import { overTlsOnly } from './steps/over-tls-only.ts';
import { pathParameters } from './steps/path-parameters.ts';
import { queryParameters } from './steps/query-parameters.ts';
import { sourceAddress } from './steps/source-address.ts';
import { urlLimit } from './steps/url-limit.ts';
import type { DepsOf, EveryDeps, FunctionName } from './table/deps.ts';
import { type HttpEvent, type HttpResult, toHttpEvent, toResult } from './table/http-event.ts';
import { RouteMismatch } from './table/match-route.ts';
import type { RequestContext, RouteOf } from './table/route.ts';

/** Answers an event of API Gateway (HTTP API, payload version 2.0). Never rejects. */
export type HttpHandler = (event: APIGatewayProxyEventV2, lambdaContext?: Context) => Promise<HttpResult>;

/** Builds the handler of one function: the routes of the table that it serves, behind the steps every request takes. */
export function createHttpHandler<F extends FunctionName>(deps: DepsOf[F] & EveryDeps, fn: F): HttpHandler {
  const entries: RouterEntry<HttpEvent, HttpResult>[] = routesOf(fn).map((route) => ({
    method: route.method,
    path: route.path,
    handler: handlerOf(deps, route),
  }));
  // Only a route of the other function comes here: the host sent the request to the wrong one.
  const notFoundResponse = ({ method, path }: { method: string; path: string }): never => {
    throw new RouteMismatch(method, path, []);
  };
  const pages = crossOrigin(deps.corsOrigins ?? [], crossOriginRules);
  const door = frontDoor(deps.frontDoor);
  const transport = overTlsOnly(deps.overTls ?? false);
  const handler = middy<HttpEvent, HttpResult>()
    .use(transport)
    .use(pages)
    .use(accessLog(deps))
    .use(errorReply(deps))
    .use(door)
    .use(sourceAddress(deps.allowedNetworks ?? []))
    .use(authentication(deps.apiKeys, routes))
    .use(urlLimit)
    .use(knownRoute(routes, fn))
    .handler(httpRouter<HttpEvent, HttpResult>({ routes: entries, notFoundResponse }));
  // A browser sends no key with the question whether a page may ask. It learns nothing else: any path is answered so.
  const preflight = middy<HttpEvent, HttpResult>()
    .use(transport)
    .use(pages)
    .use(accessLog(deps))
    .use(errorReply(deps))
    .use(door)
    .handler(async ({ state }) => toResult({ status: 204, body: undefined }, state.requestId));
  return async (event, lambdaContext = {} as Context) => {
    const asked = toHttpEvent(event, deps.clock.now());
    if (asked.state.method === 'OPTIONS') return preflight(asked, lambdaContext);
    const answer = await handler(asked, lambdaContext);
    return asked.state.method === 'HEAD' ? { ...answer, body: '' } : answer;
  };
}

function handlerOf<F extends FunctionName>(deps: DepsOf[F] & EveryDeps, route: RouteOf<F>) {
  return middy<HttpEvent, HttpResult>()
    .before(({ event }) => {
      event.state.route = route;
    })
    .use(authorization(deps, route))
    .use(pathParameters)
    .use(queryParameters(route))
    .use(jsonBody(route))
    .use(costlyLimit(deps, route))
    .handler(async (event) => {
      const reply = await route.handle(contextOf(deps, event));
      return withinAnswerLimit(toResult(reply, event.state.requestId));
    });
}

function contextOf<Deps>(deps: Deps, event: HttpEvent): RequestContext<Deps> {
  const { params, query, body } = event.state;
  const actor = actorOf(event);
  return {
    deps: { ...deps, actor },
    actor,
    scope: event.state.scope ?? 'read',
    query,
    body,
    header: (name) => event.headers[name],
    param: (name) => {
      const value = params[name];
      if (value === undefined) throw new Error(`the path of this route has no parameter ${name}`);
      return value;
    },
  };
}

function actorOf({ state, requestContext }: HttpEvent): Actor {
  const address = requestContext.http.sourceIp;
  return state.caller === undefined ? { kind: 'anyone', address } : { kind: 'key', id: state.caller, address };
}
