import type { Server } from 'node:http';
import type { Duplex } from 'node:stream';

/** How long a request may take to arrive, and a connection to be of use, milliseconds. */
export type RequestTimes = {
  /** From the connection, or the first byte on one that stands, to the end of the headers. */
  readonly headersMs: number;
  /** To the end of the body; 30 s is also the integration timeout of HTTP APIs. */
  readonly wholeMs: number;
  /** Between two requests. */
  readonly betweenMs: number;
  /** Without a byte in either direction: longer than any answer takes, it ends those who read none. */
  readonly silentMs: number;
  /** How often it is looked. Node's own 30 s would let a request of ten take forty. */
  readonly lookMs: number;
};

export const requestTimes: RequestTimes = {
  headersMs: 10_000,
  wholeMs: 30_000,
  betweenMs: 5000,
  silentMs: 60_000,
  lookMs: 1000,
};

/** Those of Node's server. */
export function serverTimes({ headersMs, wholeMs, betweenMs, lookMs }: RequestTimes) {
  return {
    headersTimeout: headersMs,
    requestTimeout: wholeMs,
    keepAliveTimeout: betweenMs,
    connectionsCheckingInterval: lookMs,
  };
}

/** Cut at once, a sender that still sends would see its connection break and not the answer. */
const lingerMs = 1000;

type Refusal = { readonly status: string; readonly reason: string };

/**
 * Answers in words what never became a request: 408 for what came too slowly, 431 for headers that are too long, 400 for
 * what is no HTTP; then cuts the connection. Node's own answers have no body.
 *
 * @param isAnswered whether an answer was begun on the connection already, behind which no other may stand.
 */
export function refuseUnread(server: Server, times: RequestTimes, isAnswered: (socket: Duplex) => boolean): void {
  const refused = new WeakSet<Duplex>();
  server.setTimeout(times.silentMs);
  server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
    if (refused.has(socket)) return;
    if (!socket.writable || error.code === 'ECONNRESET' || isAnswered(socket)) {
      socket.destroy();
      return;
    }
    const { status, reason } = refusalOf(error.code, times);
    const body = JSON.stringify({ status: Number(status.slice(0, 3)), error: { reason } });
    const head = `HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Type: application/json; charset=utf-8`;
    refused.add(socket);
    socket.end(`${head}\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`);
    setTimeout(() => socket.destroy(), lingerMs).unref();
  });
}

function refusalOf(code: string | undefined, { headersMs, wholeMs }: RequestTimes): Refusal {
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') {
    const reason = `the request came too slowly: its headers have to arrive within ${headersMs / 1000} s, the whole within ${wholeMs / 1000} s`;
    return { status: '408 Request Timeout', reason };
  }
  if (code === 'HPE_HEADER_OVERFLOW') {
    return { status: '431 Request Header Fields Too Large', reason: 'the headers are longer than 65,536 bytes' };
  }
  return { status: '400 Bad Request', reason: 'this is no HTTP request that can be read' };
}
