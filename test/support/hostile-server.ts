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
  | 'single-byte-chunks';

/** A server that answers every request in one hostile way, for the bucket it is asked for. */
export type HostileServer = {
  /** `127.0.0.1:port` */
  readonly endpoint: string;
  readonly requests: number;
  close(): Promise<void>;
};

const MEBIBYTE = 1024 * 1024;

/** Starts a server on 127.0.0.1. What it sends without end stops with its connection. */
export async function startHostileServer(hostility: Hostility): Promise<HostileServer> {
  let requests = 0;
  const http = createServer((request, response) => {
    requests += 1;
    response.on('error', () => response.destroy());
    answers[hostility](request, response, requests);
  });
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  return {
    endpoint: `127.0.0.1:${(http.address() as AddressInfo).port}`,
    get requests() {
      return requests;
    },
    close: () =>
      new Promise((resolve) => {
        http.close(() => resolve());
        http.closeAllConnections();
      }),
  };
}

const answers: Readonly<
  Record<Hostility, (request: IncomingMessage, response: ServerResponse, count: number) => void>
> = {
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
};

const tail = '<IsTruncated>false</IsTruncated></ListBucketResult>';

function head(request: IncomingMessage): string {
  const bucket = new URL(request.url ?? '/', 'http://any').pathname.split('/')[1] ?? '';
  return `<ListBucketResult><Name>${bucket}</Name><Prefix></Prefix>`;
}

function* repeat<T>(piece: T, times: number): Generator<T> {
  for (let time = 0; time < times; time++) yield piece;
}

/** Writes the pieces as fast as they are taken. */
function stream(response: ServerResponse, pieces: Iterable<string | Buffer>): void {
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
function flood(socket: Socket, beginning: string, rest: string): void {
  const piece = rest.repeat(Math.ceil((64 * 1024) / rest.length));
  const send = (): void => {
    while (!socket.destroyed && socket.write(piece));
  };
  socket.on('drain', send).on('error', () => socket.destroy());
  socket.write(beginning);
  send();
}
