import type { IncomingMessage, ServerResponse } from 'node:http';
import { brotliCompressSync, deflateSync } from 'node:zlib';
import { flood, type HostileAnswer, head, repeat, say, stream } from './hostile-server.ts';

const MEBIBYTE = 1024 * 1024;

const tail = '<KeyCount>1</KeyCount><IsTruncated>false</IsTruncated></ListBucketResult>';

/** Where a redirect leads that must lead nowhere: metadata of a cloud. */
const metadata = 'http://169.254.169.254/latest/meta-data/iam/security-credentials/';

/** Ways to be hostile over plain HTTP beyond those that have a run of their own (hostile-server.ts). */
export const moreHostileAnswers: Readonly<Record<string, HostileAnswer>> = {
  'chunk-size-no-number': chunked('zz\r\nxx\r\n'),
  'chunk-size-overflow': chunked('ffffffffffffffff\r\nxx\r\n'),
  'chunk-extension-flood': (request) =>
    flood(request.socket, 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1;', 'x=y;'),
  'trailer-flood': (request) =>
    flood(request.socket, 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n0\r\n', 'x-trailer: yyyyyyyy\r\n'),
  'two-lengths': raw('HTTP/1.1 200 OK\r\ncontent-length: 5\r\ncontent-length: 9\r\n\r\nhello'),
  'negative-length': raw('HTTP/1.1 200 OK\r\ncontent-length: -1\r\n\r\nhello'),
  'length-and-chunks': raw('HTTP/1.1 200 OK\r\ncontent-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n'),
  'body-without-head': raw('<ListBucketResult></ListBucketResult>'),
  'status-999': raw('HTTP/1.1 999 Odd\r\ncontent-length: 0\r\n\r\n'),
  'status-line-flood': (request) => flood(request.socket, 'HTTP/1.1 200 ', 'very '),
  'endless-continues': (request) => flood(request.socket, '', 'HTTP/1.1 100 Continue\r\n\r\n'),
  'head-drip': (request) => drip(request, 'HTTP/1.1 200 OK\r\nx-filler: '),
  'chunk-drip': (request) => drip(request, 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nfff\r\n'),
  'deflate-bomb': (_request, response) => {
    response.writeHead(200, { 'content-encoding': 'deflate' });
    stream(response, repeat(deflateSync(Buffer.alloc(16 * MEBIBYTE, ' ')), 100));
  },
  'brotli-bomb': (_request, response) => {
    response.writeHead(200, { 'content-encoding': 'br' });
    stream(response, repeat(brotliCompressSync(Buffer.alloc(4 * MEBIBYTE, ' ')), 100));
  },
  'redirect-to-itself': (request, response) => redirect(response, 307, `http://${request.headers.host}${request.url}`),
  'redirect-to-metadata': (_request, response) => redirect(response, 302, metadata),
  'redirect-for-good': (_request, response) => redirect(response, 301, metadata),
  'region-merry-go-round': (_request, response, count) => {
    response.writeHead(301, { 'x-amz-bucket-region': `xx-nowhere-${count % 9}` });
    response.end(error('PermanentRedirect', 'elsewhere'));
  },
  'echo-in-message': (request, response) => {
    response.writeHead(403);
    response.end(error('SignatureDoesNotMatch', `you sent ${request.headers.authorization}`));
  },
  'echo-in-key': (request, response) => {
    const echoed = String(request.headers.authorization).replaceAll(/[<>&]/g, '');
    response.end(`${head(request)}${contents(echoed)}${tail}`);
  },
  'echo-in-head': (request, response) => {
    response.writeHead(400, { 'x-amz-request-id': String(request.headers.authorization).slice(0, 200) });
    response.end(error('InvalidRequest', 'see the head'));
  },
  'slow-down-for-ever': (_request, response) => status(response, 503, 'SlowDown'),
  'come-back-tomorrow': (_request, response) => {
    response.writeHead(503, { 'retry-after': '86400' });
    response.end(error('SlowDown', 'tomorrow'));
  },
  'internal-for-ever': (_request, response) => status(response, 500, 'InternalError'),
  denied: (_request, response) => status(response, 403, 'AccessDenied'),
  'unknown-code': (_request, response) => status(response, 418, 'A'.repeat(5000)),
  'web-page': (_request, response) => response.end('<!doctype html><html><body>Welcome</body></html>'),
  empty: (_request, response) => response.end(),
  'entity-bomb': (request, response) => response.end(entityBomb(request)),
  'foreign-entity': (request, response) => {
    const type = '<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/hostname">]>';
    response.end(`<?xml version="1.0"?>${type}${head(request)}${contents('&e;')}${tail}`);
  },
  'deep-nesting': (request, response) => response.end(`${head(request)}${'<a>'.repeat(MEBIBYTE)}`),
  'two-byte-text': (request, response) => response.end(Buffer.from(`\ufeff${head(request)}${tail}`, 'utf16le')),
  'another-bucket': (_request, response) =>
    response.end(`<ListBucketResult><Name>another</Name><Prefix></Prefix>${tail}`),
  'keys-backwards': (request, response) => response.end(`${head(request)}${contents('b')}${contents('a')}${tail}`),
  'same-key-twice': (request, response) => response.end(`${head(request)}${contents('a')}${contents('a')}${tail}`),
  'same-page-for-ever': (request, response) => response.end(`${head(request)}${contents('a')}${truncated('same')}`),
  'no-cursor': (request, response) =>
    response.end(`${head(request)}${contents('a')}<IsTruncated>true</IsTruncated></ListBucketResult>`),
  'keys-without-end': (request, response) => response.end(keysAfter(request)),
  'sizes-beyond-reason': (request, response) => response.end(`${head(request)}${contents('a', '1e99')}${tail}`),
  'cursor-of-a-mebibyte': (request, response) =>
    response.end(`${head(request)}${contents('a')}${truncated('c'.repeat(MEBIBYTE))}`),
};

function raw(text: string): HostileAnswer {
  return (request) => say(request.socket, text);
}

function chunked(text: string): HostileAnswer {
  return raw(`HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n${text}`);
}

function drip({ socket }: IncomingMessage, beginning: string): void {
  say(socket, beginning);
  const timer = setInterval(() => socket.write('y'), 200);
  socket.on('close', () => clearInterval(timer));
}

function redirect(response: ServerResponse, code: number, location: string): void {
  response.writeHead(code, { location });
  response.end();
}

function status(response: ServerResponse, code: number, name: string): void {
  response.writeHead(code);
  response.end(error(name, 'no'));
}

function error(code: string, message: string): string {
  return `<Error><Code>${code}</Code><Message>${message}</Message></Error>`;
}

function contents(key: string, size = '1'): string {
  const time = '<LastModified>2026-01-01T00:00:00.000Z</LastModified>';
  return `<Contents><Key>${key}</Key>${time}<ETag>"e"</ETag><Size>${size}</Size></Contents>`;
}

function truncated(token: string): string {
  const cursor = `<NextContinuationToken>${token}</NextContinuationToken>`;
  return `<KeyCount>1</KeyCount><IsTruncated>true</IsTruncated>${cursor}</ListBucketResult>`;
}

/** Ten entities of ten each, nine deep: a thousand million characters to whoever opens them. */
function entityBomb(request: IncomingMessage): string {
  const levels = Array.from({ length: 9 }, (_, level) => `<!ENTITY l${level + 1} "${`&l${level};`.repeat(10)}">`);
  const type = `<!DOCTYPE x [<!ENTITY l0 "x">${levels.join('')}]>`;
  return `<?xml version="1.0"?>${type}${head(request)}${contents('&l9;')}${tail}`;
}

/** A thousand keys beyond where the question begins, whatever it is: there is no end to them, and nothing wrong with any. */
function keysAfter(request: IncomingMessage): string {
  const asked = new URL(request.url ?? '/', 'http://any').searchParams;
  const after = asked.get('continuation-token') ?? asked.get('start-after') ?? '';
  const from = Number(/^\d{1,12}/.exec(after)?.[0] ?? 0);
  const most = Number(asked.get('max-keys') ?? 1000);
  const keys = Array.from({ length: most }, (_, index) => String(from + index + 1).padStart(12, '0'));
  const cursor = `<NextContinuationToken>${keys.at(-1)}</NextContinuationToken>`;
  const end = `<KeyCount>${most}</KeyCount><IsTruncated>true</IsTruncated>${cursor}</ListBucketResult>`;
  return `${head(request)}${keys.map((key) => contents(key)).join('')}${end}`;
}
