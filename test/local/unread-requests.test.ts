import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer, type ServerResponse } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type HttpServer, startHttpServer } from '#local/http-server.ts';
import { refuseUnread, requestTimes, serverTimes } from '#local/unread-requests.ts';
import { createRecordingLog } from '#support/recording-log.ts';

const small = { headersMs: 100, wholeMs: 200, betweenMs: 5000, silentMs: 5000, lookMs: 20 };
const host = 'Host: localhost\r\n';
const slowly = expect.stringMatching(
  /^HTTP\/1\.1 408 .*came too slowly: its headers have to arrive within 0\.1 s, the whole within 0\.2 s/s,
);

const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

let server: HttpServer;
let log: ReturnType<typeof createRecordingLog>;
let handled: number;
beforeEach(async () => {
  handled = 0;
  log = createRecordingLog();
  const handle = async () => {
    handled += 1;
    return { statusCode: 200, body: 'done' };
  };
  const handlers = { api: handle, probe: handle };
  server = await startHttpServer({ host: '127.0.0.1', port: 0, handlers, loopbackOnly: true, log, times: small });
  closers.push(() => server.close());
});

/** Whether by an end or by an error. */
function closed(socket: Socket): Promise<void> {
  return new Promise((resolve) => socket.once('close', () => resolve()));
}

/** Sends a text, then one piece after another for as long as the server takes them; gives back all that came. */
async function drip(text: string, piece: string, port = server.port): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  if (text !== '') socket.write(text);
  const more = piece === '' ? undefined : setInterval(() => socket.write(piece), 10);
  socket.on('error', () => undefined);
  let received = '';
  socket.on('data', (bytes) => {
    received += bytes;
  });
  await closed(socket);
  clearInterval(more);
  return received;
}

describe('a request that comes too slowly', () => {
  test.each([
    ['a connection on which nothing comes', '', ''],
    ['a line that does not end', 'GET /conn', 'x'],
    ['headers that do not end', `GET /connector/s3 HTTP/1.1\r\n${host}`, 'x-more: x\r\n'],
    ['a body that drips', `POST /connector HTTP/1.1\r\n${host}Content-Length: 100000\r\n\r\n{`, ' '],
    ['chunks that drip', `POST /connector HTTP/1.1\r\n${host}Transfer-Encoding: chunked\r\n\r\n`, '1\r\n{\r\n'],
    ['a body that stops', `POST /connector HTTP/1.1\r\n${host}Content-Length: 9\r\n\r\n{`, ''],
  ])('given %s, it is 408 in words, the connection is cut and no route is asked', async (_what, text, piece) => {
    expect([await drip(text, piece), handled]).toEqual([slowly, 0]);
  });

  test('given one behind another that was answered, it is 408 behind that answer', async () => {
    const first = `GET /connector/s3 HTTP/1.1\r\n${host}\r\n`;
    const received = await drip(`${first}GET /`, 'x');
    expect(received).toMatch(/^HTTP\/1\.1 200 .*doneHTTP\/1\.1 408 /s);
    expect(handled).toBe(1);
  });

  test('given a body that is too long and was refused, nothing comes behind that answer', async () => {
    const received = await drip(`POST /connector HTTP/1.1\r\n${host}Content-Length: 2000000\r\n\r\n`, 'x');
    expect(received).toMatch(/^HTTP\/1\.1 413 /);
    expect(received).not.toContain('408');
  });

  test('given many of them, others are served meanwhile', async () => {
    const slow = Array.from({ length: 200 }, () => drip(`GET / HTTP/1.1\r\n${host}`, ''));
    const answer = await fetch(`http://127.0.0.1:${server.port}/connector/s3`);
    expect([answer.status, await answer.text()]).toEqual([200, 'done']);
    expect(new Set(await Promise.all(slow)).size).toBe(1);
  });
});

describe('what is no request', () => {
  test.each([
    ['no HTTP', 'nonsense\r\n\r\n', '400', 'no HTTP request'],
    [
      'headers of 70 KB',
      `GET / HTTP/1.1\r\n${host}x: ${'x'.repeat(70_000)}\r\n\r\n`,
      '431',
      'longer than 65,536 bytes',
    ],
    [
      'a length and chunks',
      `POST / HTTP/1.1\r\n${host}Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n`,
      '400',
      'no HTTP',
    ],
  ])('given %s, it is refused in words', async (_what, text, status, reason) => {
    const received = await drip(text, '');
    expect(received).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
    expect(JSON.parse(received.slice(received.indexOf('\r\n\r\n') + 4))).toEqual({
      status: Number(status),
      error: { reason: expect.stringContaining(reason) },
    });
  });
});

test('given a client that reads nothing of its answer, its connection is cut', async () => {
  const times = { ...small, silentMs: 100 };
  let answer: ServerResponse | undefined;
  const plain = createServer(serverTimes(times), (_request, response) => {
    answer = response.end('x'.repeat(64 * 1024 * 1024));
  });
  refuseUnread(plain, times, () => true);
  plain.listen(0, '127.0.0.1');
  await once(plain, 'listening');
  const accepted = once(plain, 'connection') as Promise<[Socket]>;
  const client = connect((plain.address() as AddressInfo).port, '127.0.0.1');
  client.pause();
  closers.push(
    () => plain.close(),
    () => client.destroy(),
  );
  client.write(`GET / HTTP/1.1\r\n${host}\r\n`);
  const [socket] = await accepted;
  await closed(socket);
  expect(answer?.writableFinished).toBe(false);
});

test('given what the README says of these times, they are those', () => {
  const said = readFileSync('README.md', 'utf8').replace(/\s+/g, ' ');
  const { headersMs, wholeMs, silentMs, lookMs } = requestTimes;
  expect(said).toContain(
    `with its headers within ${headersMs / 1000} s and the whole within ${wholeMs / 1000} s, or it is answered 408 and cut; so is a connection on which nothing moves for ${silentMs / 1000} s`,
  );
  expect(lookMs).toBeLessThanOrEqual(1000);
});
