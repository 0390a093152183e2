import { type ClientRequest, request as httpRequest, type IncomingMessage, type RequestOptions } from 'node:http';
import { request as httpsRequest } from 'node:https';
import type { Socket } from 'node:net';
import type { S3Client } from '@aws-sdk/client-s3';
import { Failure } from '#core/model/errors.ts';
import type { Agents } from '../outbound/endpoint-guard.ts';

type RequestHandler = S3Client['config']['requestHandler'];
type Asked = Parameters<RequestHandler['handle']>[0];
type Response = Awaited<ReturnType<RequestHandler['handle']>>['response'];

/**
 * Sends the SDK's requests, which have no body. The SDK's own handler waits for ever where the server takes the
 * connection for another protocol: Node then closes the request without an answer or an error, and the handler stops
 * listening to its abort signal. Here whatever ends a request ends the wait for it.
 *
 * @param connectTimeoutMs for the connection alone, TLS included: a dead address should not use up the time of a try.
 */
export function createRequestHandler(agents: Agents, connectTimeoutMs: number): RequestHandler {
  return {
    metadata: { handlerProtocol: 'http/1.1' },
    handle: async (asked, { abortSignal }: { abortSignal?: unknown } = {}) => {
      const signal = abortSignal instanceof AbortSignal ? abortSignal : undefined;
      return { response: responseOf(await send(asked, agents, connectTimeoutMs, signal)) };
    },
    updateHttpClientConfig: () => undefined,
    httpHandlerConfigs: () => ({}),
  };
}

function send(
  asked: Asked,
  { httpAgent, httpsAgent }: Agents,
  connectTimeoutMs: number,
  signal: AbortSignal | undefined,
): Promise<IncomingMessage> {
  const { method, headers, port } = asked;
  const host = asked.hostname.startsWith('[') ? asked.hostname.slice(1, -1) : asked.hostname;
  // The signal is Node's to watch for as long as the answer is read.
  const options: RequestOptions = { method, headers, host, port, path: pathOf(asked), signal };
  return new Promise((resolve, reject) => {
    const request =
      asked.protocol === 'https:'
        ? httpsRequest({ ...options, agent: httpsAgent })
        : httpRequest({ ...options, agent: httpAgent });
    limitConnecting(request, connectTimeoutMs);
    limitAnnouncements(request, reject);
    request.on('response', resolve);
    request.on('upgrade', (_answer: IncomingMessage, socket: Socket) => {
      socket.destroy();
      reject(protocolSwitched());
    });
    request.on('error', reject);
    // The one event that comes in every case. After any other it changes nothing.
    request.on('close', () => reject(closedEarly()));
    request.end();
  });
}

/** A server may say 100 or 103 before it answers; a few times, and then there is nothing more to announce. */
const mostAnnouncements = 10;

/** Each costs little, and a server that sends nothing else, as fast as it is read, would have the whole process parse them. */
function limitAnnouncements(request: ClientRequest, reject: (reason: Failure) => void): void {
  let seen = 0;
  request.on('information', () => {
    seen += 1;
    if (seen <= mostAnnouncements) return;
    reject(onlyAnnounces());
    request.destroy();
  });
}

/** In the SDK's words, so that it is told from an answer that takes long. */
function limitConnecting(request: ClientRequest, timeoutMs: number): void {
  const timer = setTimeout(() => {
    request.destroy(Object.assign(new Error('no connection in time'), { name: 'TimeoutError' }));
  }, timeoutMs);
  const stop = (): void => clearTimeout(timer);
  request.on('close', stop);
  request.on('socket', (socket) => {
    if (socket.connecting) socket.once('encrypted' in socket ? 'secureConnect' : 'connect', stop);
    else stop();
  });
}

function responseOf(answer: IncomingMessage): Response {
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(answer.headers)) {
    if (value !== undefined) headers[name] = Array.isArray(value) ? value.join(',') : value;
  }
  return { statusCode: answer.statusCode ?? 0, headers, body: answer };
}

function pathOf({ path, query }: Asked): string {
  const parts = Object.entries(query ?? {}).flatMap(([name, value]) =>
    (Array.isArray(value) ? value : [value]).map((each) =>
      each === null ? encoded(name) : `${encoded(name)}=${encoded(each)}`,
    ),
  );
  return parts.length === 0 ? path : `${path}?${parts.join('&')}`;
}

/** As the signature was made: https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html, UriEncode. */
function encoded(text: string): string {
  return encodeURIComponent(text).replace(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

function protocolSwitched(): Failure {
  return new Failure(
    'not_an_s3_answer',
    'The server answered with status 101: it wants to go on in another protocol, which no S3 server does. Check that ' +
      'the endpoint is an S3 server and not a web page or a proxy.',
  );
}

function onlyAnnounces(): Failure {
  return new Failure(
    'not_an_s3_answer',
    `The server announced its answer more than ${mostAnnouncements} times (status 1xx) and gave none. Check that the endpoint is an S3 server and not a web page or a proxy.`,
  );
}

function closedEarly(): Error {
  return Object.assign(new Error('closed without an answer'), { code: 'ECONNRESET' });
}
