import { createHmac } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { type AddressInfo, createServer as createTcpServer } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Lookup } from '#adapters/outbound/endpoint-guard.ts';
import { createHttpWebhookSender } from '#adapters/webhooks/http-webhook-sender.ts';
import { createWebhookAddresses } from '#adapters/webhooks/webhook-addresses.ts';
import { signatureHeaders } from '#core/webhooks/sign.ts';

const vectors: { refuse: string[]; accept: string[] } = JSON.parse(
  readFileSync(new URL('../../vectors/endpoints.json', import.meta.url), 'utf8'),
);

type Received = { method?: string; path?: string; headers: IncomingMessage['headers']; body: string };

let server: Server;
let port: number;
let received: Received[];
let connections: number;
let answer: (response: ServerResponse) => void;

beforeEach(async () => {
  received = [];
  connections = 0;
  answer = (response) => response.writeHead(204).end();
  server = createServer(async (request, response) => {
    const parts: Buffer[] = [];
    for await (const part of request) parts.push(part as Buffer);
    const { method = '', url = '', headers } = request;
    received.push({ method, path: url, headers, body: Buffer.concat(parts).toString('utf8') });
    answer(response);
  });
  server.on('connection', () => {
    connections += 1;
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  port = (server.address() as AddressInfo).port;
});

afterEach(() => {
  server.closeAllConnections();
  server.close();
});

const body = '{"event":"sync.completed","name":"Zoë 🗂"}';
const request = (url: string) => ({ url, headers: { 'content-type': 'application/json' }, body });
const local = (path = '/hook') => `http://127.0.0.1:${port}${path}`;
const open = { allowPrivateEndpoints: true } as const;
const closed = { allowPrivateEndpoints: false } as const;

function resolvingTo(...addresses: string[]): Lookup {
  return async () => addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 }));
}

describe('a request to a receiver', () => {
  it('given a receiver, it gets the body byte for byte, and both signatures verify over what it got', async () => {
    const now = Date.parse('2026-03-01T10:00:00.900Z');
    const headers = signatureHeaders('sécret-of-mine', body, now);
    const sent = await createHttpWebhookSender(open).send({ ...request(local('/hook?a=b')), headers });
    expect(sent).toEqual({ status: 204 });
    const [got] = received;
    expect(got).toMatchObject({ method: 'POST', path: '/hook?a=b', body });
    const hmac = (text: string) => createHmac('sha256', 'sécret-of-mine').update(text).digest('hex');
    expect(got?.headers['x-flexorch-signature']).toBe(hmac(got?.body ?? ''));
    expect(got?.headers['x-stocktake-timestamp']).toBe(String(Date.parse('2026-03-01T10:00:00Z') / 1000));
    const stamped = `${got?.headers['x-stocktake-timestamp']}.${got?.body}`;
    expect(got?.headers['x-stocktake-signature']).toBe(hmac(stamped));
  });

  it.each([200, 302, 410, 500])('given an answer %i, it is told as it is and nothing is followed', async (status) => {
    answer = (response) => response.writeHead(status, { location: local('/other') }).end('text');
    expect(await createHttpWebhookSender(open).send(request(local()))).toEqual({ status });
    expect(received.map(({ path }) => path)).toEqual(['/hook']);
  });

  it('given requests one after another, each has a connection of its own', async () => {
    const sender = createHttpWebhookSender(open);
    await sender.send(request(local()));
    await sender.send(request(local()));
    expect(connections).toBe(2);
  });
});

describe('a receiver that does not behave', () => {
  const quick = { ...open, timeoutMs: 200 };

  it('given no answer, the time ends the request', async () => {
    answer = () => undefined;
    expect(await createHttpWebhookSender(quick).send(request(local()))).toEqual({ problem: 'timeout' });
  });

  it('given a name whose look-up never ends, the time ends it too', async () => {
    const lookup: Lookup = () => new Promise(() => undefined);
    const sender = createHttpWebhookSender({ ...quick, lookup });
    expect(await sender.send(request('http://nowhere.test/'))).toEqual({ problem: 'timeout' });
  });

  it('given a status and then a body that drips for ever, the status counts and the time ends it', async () => {
    let drip: NodeJS.Timeout | undefined;
    answer = (response) => {
      response.writeHead(200);
      drip = setInterval(() => response.write('.'), 20);
    };
    const began = Date.now();
    expect(await createHttpWebhookSender(quick).send(request(local()))).toEqual({ status: 200 });
    expect(Date.now() - began).toBeLessThan(2000);
    clearInterval(drip);
  });

  it('given a body without end, it is not read on', async () => {
    let written = 0;
    answer = (response) => {
      response.writeHead(200);
      const pour = (): void => {
        while (!response.destroyed && written < 500_000_000) {
          written += 65_536;
          if (!response.write(Buffer.alloc(65_536))) return void response.once('drain', pour);
        }
      };
      pour();
    };
    expect(await createHttpWebhookSender(open).send(request(local()))).toEqual({ status: 200 });
    expect(written).toBeLessThan(100_000_000);
  });

  it.each([
    ['a closed connection', ''],
    ['what is not HTTP', 'SSH-2.0-OpenSSH_9.6\r\n'],
    ['another protocol', 'HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n'],
    ['endless headers', `HTTP/1.1 200 OK\r\nX: ${'a'.repeat(100_000)}`],
  ])('given %s, it is no answer', async (_what, text) => {
    const tcp = createTcpServer((socket) => {
      socket.on('error', () => undefined);
      socket.once('data', () => socket.end(text));
    });
    await new Promise<void>((resolve) => tcp.listen(0, '127.0.0.1', resolve));
    const { port: tcpPort } = tcp.address() as AddressInfo;
    const sent = await createHttpWebhookSender(open).send(request(`http://127.0.0.1:${tcpPort}/`));
    expect(sent).toEqual({ problem: 'no_answer' });
    tcp.close();
  });

  it('given nobody at the port, a name that is none, or plain HTTP where TLS is spoken, it says which', async () => {
    const sender = createHttpWebhookSender(open);
    expect(await sender.send(request('http://127.0.0.1:1/'))).toEqual({ problem: 'unreachable' });
    expect(await sender.send(request(`https://127.0.0.1:${port}/`))).toEqual({ problem: 'tls_failed' });
    const lookup: Lookup = async () => {
      throw Object.assign(new Error('not found'), { code: 'ENOTFOUND' });
    };
    const nameless = createHttpWebhookSender({ ...open, lookup });
    expect(await nameless.send(request('http://nowhere.test/'))).toEqual({ problem: 'unreachable' });
  });
});

describe('addresses', () => {
  const spellings = ['127.0.0.1', '127.1', '2130706433', '0x7f.1', '0177.0.0.1', '[::1]', '[::ffff:127.0.0.1]'];

  it.each(spellings)('given %s and public receivers only, it is refused without a connection', async (host) => {
    const lookup = resolvingTo('127.0.0.1');
    for (const scheme of ['http', 'https']) {
      const url = `${scheme}://${host}:${port}/`;
      expect(createWebhookAddresses(closed).refusal(url)).toEqual(expect.stringContaining('public address'));
      const sent = await createHttpWebhookSender({ ...closed, lookup }).send(request(url));
      expect(sent).toEqual({ problem: 'address_refused' });
    }
    expect(connections).toBe(0);
  });

  it.each(vectors.refuse.filter((text) => text !== ''))('given https://%s, nothing is dialled', async (endpoint) => {
    const lookup: Lookup = resolvingTo('127.0.0.1');
    const sent = await createHttpWebhookSender({ ...closed, lookup }).send(request(`https://${endpoint}`));
    expect(sent).toEqual({ problem: 'address_refused' });
    expect(connections).toBe(0);
  });

  it.each(vectors.accept)('given https://%s, it may be stored', (endpoint) => {
    expect(createWebhookAddresses(closed).refusal(`https://${endpoint}/hook`)).toBeUndefined();
  });

  it.each([['127.0.0.1'], ['10.0.0.7'], ['169.254.169.254'], ['93.184.216.34', '127.0.0.1'], ['::1']])(
    'given a public name that resolves to %s, it is refused when it is dialled',
    async (...addresses) => {
      const sender = createHttpWebhookSender({ ...closed, lookup: resolvingTo(...addresses) });
      const url = `https://rebound.example.com:${port}/`;
      expect(createWebhookAddresses(closed).refusal(url)).toBeUndefined();
      expect(await sender.send(request(url))).toEqual({ problem: 'address_refused' });
      expect(connections).toBe(0);
    },
  );

  it('given the metadata service of a cloud, it is refused even where private addresses are allowed', async () => {
    const sender = createHttpWebhookSender({ ...open, lookup: resolvingTo('169.254.169.254') });
    expect(await sender.send(request('http://169.254.169.254/'))).toEqual({ problem: 'address_refused' });
    expect(await sender.send(request('http://metadata.test/'))).toEqual({ problem: 'address_refused' });
  });

  it('given a redirect to a private address, nothing goes there', async () => {
    answer = (response) => response.writeHead(307, { location: local('/inside') }).end();
    const sender = createHttpWebhookSender({ allowPrivateEndpoints: [`127.0.0.1:${port}`] });
    expect(await sender.send(request(local()))).toEqual({ status: 307 });
    expect(received.map(({ path }) => path)).toEqual(['/hook']);
  });

  it('given an address that is allowed by name, http is allowed there and nowhere else', async () => {
    const options = { allowPrivateEndpoints: [`127.0.0.1:${port}`] };
    expect(await createHttpWebhookSender(options).send(request(local()))).toEqual({ status: 204 });
    expect(createWebhookAddresses(options).refusal('http://hooks.example.com/')).toEqual(expect.any(String));
    expect(createWebhookAddresses(options).refusal('http://127.0.0.1:1/')).toEqual(expect.any(String));
    expect(createWebhookAddresses(options).refusal('https://hooks.example.com/')).toBeUndefined();
  });
});
