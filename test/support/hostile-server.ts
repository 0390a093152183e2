import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { gzipSync } from 'node:zlib';

/** What a server can do to whoever lists it. */
export type Hostility =
  | 'huge-body'
  | 'endless-tokens'
  | 'too-many-keys'
  | 'slow-drip'
  | 'gzip-bomb'
  | 'huge-element'
  | 'many-elements'
  | 'endless-headers'
  | 'endless-early-hints'
  | 'single-byte-chunks'
  | 'websocket-upgrade'
  | 'h2c-upgrade'
  | 'bare-101'
  | 'early-101'
  | 'silence'
  | 'half-closed'
  | 'silence-after-headers'
  | 'silence-in-headers'
  | 'silence-in-body'
  | 'half-closed-in-body'
  | 'silence-in-chunk'
  | 'reset-in-body'
  | 'reset-at-once';

/** A server that answers every request in one hostile way, for the bucket it is asked for. */
export type HostileServer = {
  /** `127.0.0.1:port` */
  readonly endpoint: string;
  readonly requests: number;
  /** Connections that are open, also those that HTTP does not know of any more. */
  readonly connections: number;
  /** Resolves once the other side has closed all of them. */
  abandoned(): Promise<void>;
  close(): Promise<void>;
};

const MEBIBYTE = 1024 * 1024;

/** Answers one request; `count` is its number at this server. */
export type HostileAnswer = (request: IncomingMessage, response: ServerResponse, count: number) => void;

/** Starts a server on 127.0.0.1. What it sends without end stops with its connection. */
export async function startHostileServer(hostility: Hostility | HostileAnswer): Promise<HostileServer> {
  let requests = 0;
  const answer = typeof hostility === 'string' ? hostileAnswers[hostility] : hostility;
  const http = createServer((request, response) => {
    requests += 1;
    response.on('error', () => response.destroy());
    answer(request, response, requests);
  });
  const sockets = new Set<Socket>();
  http.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  return {
    endpoint: `127.0.0.1:${(http.address() as AddressInfo).port}`,
    get requests() {
      return requests;
    },
    get connections() {
      return sockets.size;
    },
    async abandoned() {
      await Promise.all([...sockets].map((socket) => new Promise((resolve) => socket.on('close', resolve))));
    },
    close: () =>
      new Promise((resolve) => {
        http.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  };
}

export const hostileAnswers: Readonly<Record<Hostility, HostileAnswer>> = {
  'huge-body': (request, response) =>
    stream(response, [
      `${head(request)}<Contents><Key>`,
      ...repeat('a'.repeat(MEBIBYTE), 500),
      `</Key></Contents>${tail}`,
    ]),
  'endless-tokens': (request, response, count) =>
    response.end(
      `${head(request)}<KeyCount>0</KeyCount><IsTruncated>true</IsTruncated>` +
        `<NextContinuationToken>token-${count}</NextContinuationToken></ListBucketResult>`,
    ),
  // All of them, and still under 16 MiB: only their number gives them away.
  'too-many-keys': (request, response) => {
    const keys = Array.from(
      { length: 300_000 },
      (_, index) => `<Contents><Key>${String(index).padStart(6, '0')}</Key></Contents>`,
    );
    response.end(`${head(request)}${keys.join('')}<KeyCount>300000</KeyCount>${tail}`);
  },
  'slow-drip': (request, response) => {
    const body = `${head(request)}<KeyCount>0</KeyCount>${tail}`;
    let sent = 0;
    const timer = setInterval(() => void response.write(body[sent++] ?? ' '), 200);
    response.on('close', () => clearInterval(timer));
  },
  'gzip-bomb': (_request, response) => {
    // Members of a gzip file may follow one another: together some 10 MiB that unpack to 10 GiB.
    const member = gzipSync(Buffer.alloc(64 * MEBIBYTE, ' '));
    response.writeHead(200, { 'content-encoding': 'gzip' });
    stream(response, repeat(member, 160));
  },
  'huge-element': (request, response) =>
    response.end(
      `${head(request)}<KeyCount>1</KeyCount><Contents><Key>${'a'.repeat(15 * MEBIBYTE)}</Key></Contents>${tail}`,
    ),
  'many-elements': (request, response) =>
    response.end(`${head(request)}<KeyCount>0</KeyCount>${'<x/>'.repeat(3.5 * MEBIBYTE)}${tail}`),
  'endless-headers': (request) => flood(request.socket, 'HTTP/1.1 200 OK\r\n', `x-filler: ${'y'.repeat(100)}\r\n`),
  'endless-early-hints': (request) => flood(request.socket, '', 'HTTP/1.1 103 Early Hints\r\n\r\n'),
  'single-byte-chunks': (request) =>
    flood(request.socket, 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n', '1\r\n \r\n'),
  // The ways in which a socket can end, or stay, without an event that tells of it.
  'websocket-upgrade': (request) =>
    say(request.socket, `${switching}connection: upgrade\r\nupgrade: websocket\r\n\r\n`),
  'h2c-upgrade': (request) => say(request.socket, `${switching}connection: Upgrade\r\nupgrade: h2c\r\n\r\n`),
  'bare-101': (request) => say(request.socket, `${switching}\r\n`),
  // What follows is honest, but nobody speaks HTTP there any more.
  'early-101': (request) =>
    say(
      request.socket,
      `${switching}connection: upgrade\r\nupgrade: x\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n`,
    ),
  silence: () => undefined,
  'half-closed': (request) => request.socket.end(),
  'silence-after-headers': (request) => say(request.socket, `${announcing}\r\n`),
  'silence-in-headers': (request) => say(request.socket, announcing),
  'silence-in-body': (request) => say(request.socket, `${announcing}\r\n${head(request)}`),
  'half-closed-in-body': (request) => request.socket.end(`${announcing}\r\n${head(request)}`),
  'silence-in-chunk': (request) =>
    say(request.socket, `HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nfff\r\n${head(request)}`),
  'reset-in-body': (request) =>
    request.socket.write(`${announcing}\r\n${head(request)}`, () => request.socket.resetAndDestroy()),
  'reset-at-once': (request) => request.socket.resetAndDestroy(),
};

const switching = 'HTTP/1.1 101 Switching Protocols\r\n';

/** An answer of 1,000 bytes is to follow. */
const announcing = 'HTTP/1.1 200 OK\r\ncontent-type: application/xml\r\ncontent-length: 1000\r\n';

/** Past what Node would write by itself, and then nothing more. */
export function say(socket: Socket, text: string): void {
  socket.on('error', () => socket.destroy());
  socket.write(text);
}

const tail = '<IsTruncated>false</IsTruncated></ListBucketResult>';

export function head(request: IncomingMessage): string {
  const bucket = new URL(request.url ?? '/', 'http://any').pathname.split('/')[1] ?? '';
  return `<ListBucketResult><Name>${bucket}</Name><Prefix></Prefix>`;
}

export function* repeat<T>(piece: T, times: number): Generator<T> {
  for (let time = 0; time < times; time++) yield piece;
}

/** Writes the pieces as fast as they are taken. */
export function stream(response: ServerResponse, pieces: Iterable<string | Buffer>): void {
  const rest = pieces[Symbol.iterator]();
  const send = (): void => {
    while (!response.destroyed) {
      const next = rest.next();
      if (next.done) return void response.end();
      if (!response.write(next.value)) return;
    }
  };
  response.on('drain', send);
  send();
}

/** Past what Node would write by itself: the beginning once, the rest over and over. */
export function flood(socket: Socket, beginning: string, rest: string): void {
  const piece = rest.repeat(Math.ceil((64 * 1024) / rest.length));
  const send = (): void => {
    while (!socket.destroyed && socket.write(piece));
  };
  socket.on('drain', send).on('error', () => socket.destroy());
  socket.write(beginning);
  send();
}
