import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { Failure, type FailureCode } from '#core/model/errors.ts';
import type { Log } from '#core/model/ports/host.ts';
import { maxBodyBytes } from '#http/body/json-body.ts';
import type { HttpHandler } from '#http/create-http-handler.ts';
import { refusal } from '#http/dialects.ts';
import { routes } from '#http/routes.ts';
import type { FunctionName } from '#http/table/deps.ts';
import { type HttpResult, toResult } from '#http/table/http-event.ts';
import { routeAt } from '#http/table/match-route.ts';
import { toApiGatewayEvent } from './api-gateway-event.ts';
import { isLoopbackHost, loopbackProblem } from './loopback-guard.ts';
import { dropRest, readRequestBody } from './request-body.ts';
import { type RequestTimes, refuseUnread, requestTimes, serverTimes } from './unread-requests.ts';

export type HttpServerOptions = {
  readonly host: string;
  /** 0 for any that is free. */
  readonly port: number;
  readonly handlers: Readonly<Record<FunctionName, HttpHandler>>;
  /** For a server without keys: listens on loopback and refuses what a web page elsewhere made a browser send. */
  readonly loopbackOnly: boolean;
  readonly log: Log;
  /** Ours by default. */
  readonly times?: RequestTimes;
};

export type HttpServer = {
  readonly port: number;
  /** Takes no more requests, lets those on their way finish for at most ten seconds, then cuts what is left. */
  close(): Promise<void>;
};

const maxHeaderSize = 65_536;
const closeWithinMs = 10_000;

/**
 * Serves the route table over HTTP as API Gateway would: an event for each request, to the handler of the function that
 * serves its route. Rejects if it cannot listen. Throws if a server without keys would be reachable from elsewhere.
 */
export async function startHttpServer(options: HttpServerOptions): Promise<HttpServer> {
  if (options.loopbackOnly && !isLoopbackHost(options.host)) {
    throw new Error(`without API keys the server listens on loopback only, not on ${options.host}`);
  }
  const { times = requestTimes } = options;
  const answers = new WeakMap<Duplex, ServerResponse>();
  const server = createServer({ ...serverTimes(times), maxHeaderSize }, (request, response) => {
    answers.set(request.socket, response);
    serve(options, request, response, () => server.listening).catch((error: unknown) => {
      options.log.warn('connection broke', { error: error instanceof Error ? error.message : typeof error });
      response.destroy();
    });
  });
  refuseUnread(server, times, (socket) => isAnswered(answers.get(socket)));
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port, options.host, resolve);
  });
  const { port } = server.address() as AddressInfo;
  return { port, close: () => closeServer(server) };
}

async function serve(
  { handlers, loopbackOnly, log }: HttpServerOptions,
  request: IncomingMessage,
  response: ServerResponse,
  isOpen: () => boolean,
): Promise<void> {
  const requestId = randomUUID();
  const url = request.url ?? '';
  const path = url.split('?')[0] ?? '';
  const problem = loopbackOnly ? loopbackProblem(request) : undefined;
  const refuse = (code: FailureCode, reason: string): void => {
    const result = toResult(refusal(path, new Failure(code, reason), { requestId }), requestId);
    log.warn('request refused', { request_id: requestId, status: result.statusCode, reason });
    write(response, result);
    // The connection stays until its sender is done, or the sender would see it break and not the answer.
    dropRest(request);
  };
  if (problem !== undefined) return refuse('permission_denied', problem);
  if (!url.startsWith('/')) return refuse('invalid_request', 'the target of a request must begin with a slash');
  const body = await readRequestBody(request, maxBodyBytes);
  if (body === undefined) {
    return refuse('too_large', `the body is larger than ${maxBodyBytes.toLocaleString('en')} bytes`);
  }
  const event = toApiGatewayEvent(request, body, { requestId, now: Date.now() });
  const route = routeAt(routes, event.requestContext.http.method, event.rawPath);
  let result: HttpResult;
  try {
    result = await handlers[route?.fn ?? 'api'](event);
  } catch (error) {
    log.error('handler threw', { request_id: requestId, error: error instanceof Error ? error.name : typeof error });
    result = toResult(refusal(path, error, { requestId }), requestId);
  }
  if (!isOpen()) response.setHeader('connection', 'close');
  write(response, result);
}

/** Whether the request at hand was answered, before the end of its body or not; that of one before it does not count. */
function isAnswered(last: ServerResponse | undefined): boolean {
  if (last === undefined) return false;
  return last.headersSent && !(last.writableFinished && last.req.complete);
}

function write(response: ServerResponse, result: HttpResult): void {
  for (const [name, value] of Object.entries(result.headers ?? {})) response.setHeader(name, String(value));
  if (result.cookies !== undefined) response.setHeader('set-cookie', result.cookies);
  response.statusCode = result.statusCode ?? 200;
  response.end(Buffer.from(result.body ?? '', result.isBase64Encoded ? 'base64' : 'utf8'));
}

async function closeServer(server: Server): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  server.closeIdleConnections();
  const cut = setTimeout(() => server.closeAllConnections(), closeWithinMs);
  await closed;
  clearTimeout(cut);
}
