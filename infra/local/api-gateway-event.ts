import { isUtf8 } from 'node:buffer';
import type { IncomingMessage } from 'node:http';
import type { APIGatewayProxyEventV2 } from 'aws-lambda';

/** When and as what a request came in. `now` in epoch milliseconds. */
export type Arrival = { readonly requestId: string; readonly now: number };

/**
 * The event that API Gateway (HTTP API, payload version 2.0) would make of a request: the path decoded, as the gateway
 * gives it for HTTP APIs, the query string raw, repeated headers joined by commas, a body that is no text as base64. A
 * path that cannot be decoded stays as it came, and the route says so.
 * https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html
 */
export function toApiGatewayEvent(request: IncomingMessage, body: Buffer, arrival: Arrival): APIGatewayProxyEventV2 {
  const { path, query } = splitUrl(request.url ?? '/');
  const { cookie, ...headers } = request.headersDistinct;
  const joined = Object.entries(headers).map(([name, values]) => [name, values?.join(',')]);
  const text = isUtf8(body);
  return {
    version: '2.0',
    routeKey: '$default',
    rawPath: path,
    rawQueryString: query,
    ...(cookie === undefined ? {} : { cookies: cookie.flatMap((line) => line.split(/; */)) }),
    headers: Object.fromEntries(joined),
    requestContext: contextOf(request, path, arrival),
    ...(body.length === 0 ? {} : { body: body.toString(text ? 'utf8' : 'base64') }),
    isBase64Encoded: !text,
  };
}

function contextOf(request: IncomingMessage, path: string, arrival: Arrival): APIGatewayProxyEventV2['requestContext'] {
  const host = request.headers.host ?? '';
  return {
    accountId: 'local',
    apiId: 'local',
    domainName: host,
    domainPrefix: host.split(/[.:]/)[0] ?? '',
    http: {
      method: request.method ?? 'GET',
      path,
      protocol: `HTTP/${request.httpVersion}`,
      sourceIp: request.socket.remoteAddress ?? '',
      userAgent: request.headers['user-agent'] ?? '',
    },
    requestId: arrival.requestId,
    routeKey: '$default',
    stage: '$default',
    time: new Date(arrival.now).toISOString(),
    timeEpoch: arrival.now,
  };
}

function splitUrl(url: string): { path: string; query: string } {
  const at = url.indexOf('?');
  const raw = at < 0 ? url : url.slice(0, at);
  const query = at < 0 ? '' : url.slice(at + 1);
  try {
    return { path: decodeURIComponent(raw), query };
  } catch {
    return { path: raw, query };
  }
}
