import { once } from 'node:events';
import { request as httpRequest } from 'node:http';
import { connect } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createStaticApiKeys } from '#http/table/api-keys.ts';
import { type HttpServer, startHttpServer } from '#local/http-server.ts';
import { type Api, createApi, datasourceBody } from './api-fixture.ts';

let api: Api;
let server: HttpServer;
const servers: HttpServer[] = [];

async function start(over: Partial<Parameters<typeof startHttpServer>[0]> = {}): Promise<HttpServer> {
  const { handlers, log } = api;
  const started = await startHttpServer({ host: '127.0.0.1', port: 0, handlers, loopbackOnly: true, log, ...over });
  servers.push(started);
  return started;
}

beforeEach(async () => {
  api = createApi();
  server = await start();
});

afterEach(async () => {
  await Promise.all(servers.splice(0).map((each) => each.close()));
});

function url(path: string): string {
  return `http://127.0.0.1:${server.port}${path}`;
}

type Raw = { readonly status: number; readonly text: string; readonly headers: NodeJS.Dict<string | string[]> };

/** A request with headers that fetch does not let one set. */
async function raw(path: string, headers: Record<string, string | string[]>, method = 'GET'): Promise<Raw> {
  const sent = httpRequest({ host: '127.0.0.1', port: server.port, path, method, headers, setHost: false });
  sent.end();
  const [response] = await once(sent, 'response');
  let text = '';
  for await (const chunk of response) text += chunk;
  return { status: response.statusCode, text, headers: response.headers };
}

/** Sends bytes as they are and gives back all that came. */
async function bytes(text: string): Promise<string> {
  const socket = connect(server.port, '127.0.0.1');
  socket.end(text);
  let received = '';
  for await (const chunk of socket) received += chunk;
  return received;
}

describe('the local server', () => {
  test('given the founding curl commands, with the content type of curl -d, both are answered', async () => {
    const headers = { 'content-type': 'application/x-www-form-urlencoded' };
    const put = await fetch(url('/connector/s3?replace=true'), { method: 'PUT', headers, body: '{"name": "S3"}' });
    expect([put.status, await put.json()]).toEqual([200, { _id: 's3', result: 'updated' }]);
    const body = JSON.stringify(datasourceBody());
    const post = await fetch(url('/datasource/'), { method: 'POST', headers, body });
    expect([post.status, await post.json()]).toEqual([200, { _id: '1', result: 'created' }]);
    expect(post.headers.get('content-type')).toBe('application/json; charset=utf-8');
  });

  test('given a route of the probe function, it is served by that one', async () => {
    await fetch(url('/datasource/'), { method: 'POST', body: JSON.stringify(datasourceBody()) });
    const tested = await fetch(url('/datasource/1/_test/'), { method: 'POST' });
    expect(await tested.json()).toMatchObject({ success: true });
  });

  test('given HEAD of such a route, it is served by that one too, and the connection serves on', async () => {
    await fetch(url('/datasource/'), { method: 'POST', body: JSON.stringify(datasourceBody()) });
    const { status, headers } = await fetch(url('/datasource/1/_preview?keys=1'), { method: 'HEAD' });
    expect([status, headers.get('content-type')]).toEqual([200, 'application/json; charset=utf-8']);
    expect((await fetch(url('/_health'))).status).toBe(200);
  });

  test('given text beyond ASCII in the body, the query and the path, it arrives whole', async () => {
    const body = JSON.stringify(datasourceBody({ name: 'Übung + 日本 🎉' }));
    await fetch(url('/datasource/'), { method: 'POST', body });
    const query = new URLSearchParams({ filter: 'name:Übung + 日本 🎉' });
    const found = (await (await fetch(url(`/datasource/_search?${query}`))).json()) as { hits: { hits: unknown[] } };
    expect(found.hits.hits).toHaveLength(1);
    expect((await fetch(url('/datasource/%c3%bc'))).status).toBe(400);
    expect((await fetch(url('/datasource/%zz'))).status).toBe(400);
    expect((await fetch(url('/datasource/%31'))).status).toBe(200);
  });

  test('given a body that is not UTF-8, it is 400', async () => {
    const body = Buffer.from([0x7b, 0xff, 0x7d]);
    expect((await fetch(url('/datasource/'), { method: 'POST', body })).status).toBe(400);
  });

  test('given a body of 2 MB, with its length told or not, it is 413 and the connection still serves', async () => {
    const body = 'x'.repeat(2_000_000);
    const told = await fetch(url('/datasource/'), { method: 'POST', body });
    expect([told.status, await told.json()]).toMatchObject([413, { status: 413 }]);
    const stream = new Blob([body]).stream();
    const untold = await fetch(url('/datasource/'), { method: 'POST', body: stream, duplex: 'half' });
    expect(untold.status).toBe(413);
    expect((await fetch(url('/_health'))).status).toBe(200);
  });

  test('given a redirect, it is passed on as it is', async () => {
    await fetch(url('/datasource/'), { method: 'POST', body: JSON.stringify(datasourceBody()) });
    await fetch(url('/datasource/1/_sync'), { method: 'POST' });
    await api.work();
    const search = (await (await fetch(url('/document/_search?size=1'))).json()) as {
      hits: { hits: { _id: string }[] };
    };
    const path = `/document/${search.hits.hits[0]?._id}/raw_content/a%2Fb.pdf`;
    expect((await fetch(url(path), { redirect: 'manual' })).status).toBe(404);
    const answer = await fetch(url(path.replace('a%2F', '')), { redirect: 'manual' });
    expect([answer.status, answer.headers.get('location')]).toEqual([302, expect.stringContaining('bucket.test')]);
  });

  test('given repeated headers, they are joined by commas; cookies stand on their own', async () => {
    let seen: unknown;
    const handlers = {
      ...api.handlers,
      api: async (event: { headers: unknown; cookies?: unknown; rawQueryString: string; rawPath: string }) => {
        seen = [event.headers, event.cookies, event.rawPath, event.rawQueryString];
        return { statusCode: 200, body: Buffer.from('hi').toString('base64'), isBase64Encoded: true, cookies: ['a=1'] };
      },
    };
    server = await start({ handlers: handlers as Api['handlers'] });
    const headers = { host: 'localhost', 'X-One': ['a', 'b'], cookie: 'c=1; d=2' };
    const answer = await raw('/connector/a%20b?q=%20+', headers);
    expect([answer.text, answer.headers['set-cookie']]).toEqual(['hi', ['a=1']]);
    expect(seen).toEqual([
      expect.objectContaining({ host: 'localhost', 'x-one': 'a,b' }),
      ['c=1', 'd=2'],
      '/connector/a b',
      'q=%20+',
    ]);
  });

  test('given a handler that throws, the answer is 500 without its text', async () => {
    const fail = async () => {
      throw new Error('private');
    };
    server = await start({ handlers: { api: fail, probe: fail } });
    const answer = await fetch(url('/connector/s3'));
    expect([answer.status, await answer.text()]).toEqual([500, expect.not.stringContaining('private')]);
  });

  test('given what is no path or no HTTP, it is 400', async () => {
    expect(await bytes('GET http://evil.test/ HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n')).toMatch(
      / 400 /,
    );
    expect(await bytes('OPTIONS * HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n')).toMatch(/ 400 /);
    expect(await bytes('nonsense\r\n\r\n')).toMatch(/ 400 /);
  });

  test('given a URL of 20 KB, it is 400 with the reason', async () => {
    const answer = await fetch(url(`/connector/s3?${'x'.repeat(20_000)}`));
    expect([answer.status, await answer.text()]).toEqual([400, expect.stringContaining('longer than 16,384')]);
  });

  test('given a request on its way, close waits for it and takes no more', async () => {
    let release = (): void => undefined;
    const entered = Promise.withResolvers<void>();
    const slow = () => {
      entered.resolve();
      return new Promise<{ statusCode: number; body: string }>((resolve) => {
        release = () => resolve({ statusCode: 200, body: 'done' });
      });
    };
    server = await start({ handlers: { api: slow, probe: slow } });
    const answer = fetch(url('/connector/s3'));
    await entered.promise;
    const closed = server.close();
    await expect(fetch(url('/_health'))).rejects.toThrow();
    release();
    const last = await answer;
    // Or its connection would be kept, and close would wait for it.
    expect([await last.text(), last.headers.get('connection')]).toEqual(['done', 'close']);
    await closed;
  });
});

describe('the loopback guard', () => {
  const refused = { status: 403, text: expect.stringContaining('"reason":"this server ') };

  test.each(['localhost', 'LOCALHOST:9000', '127.0.0.1', '127.0.0.1:80', '[::1]', '[::1]:9000'])(
    'given the Host %s, it answers',
    async (host) => {
      expect(await raw('/_health', { host })).toMatchObject({ status: 200 });
    },
  );

  test.each([
    'evil.test',
    'localhost.evil.test',
    '127.0.0.1.nip.io',
    'evil.test:9000',
    'localhost:9000@evil.test',
    'localhost,evil.test',
    '10.0.0.1',
    '0.0.0.0',
    '2130706433',
    '[::]',
    '',
  ])('given the Host "%s", it refuses', async (host) => {
    expect(await raw('/connector/s3', { host })).toMatchObject(refused);
  });

  test('given no Host or two, it refuses', async () => {
    expect(await bytes('GET /connector/s3 HTTP/1.0\r\n\r\n')).toMatch(/ 403 /);
    const two = 'GET /connector/s3 HTTP/1.1\r\nHost: localhost\r\nHost: evil.test\r\nConnection: close\r\n\r\n';
    expect(await bytes(two)).toMatch(/ 40[03] /);
  });

  test.each([
    ['localhost:9000', 'http://localhost:9000'],
    ['127.0.0.1', 'http://127.0.0.1'],
    ['[::1]:8080', 'http://[::1]:8080'],
    ['LocalHost:9000', 'http://localhost:9000'],
  ])('given the Host %s and a page of its own, %s, it answers and shares nothing', async (host, origin) => {
    const answer = await raw('/_health', { host, origin, 'sec-fetch-site': 'same-origin' });
    expect(answer.status).toBe(200);
    expect(answer.headers['access-control-allow-origin']).toBeUndefined();
  });

  test.each([
    'https://evil.test',
    'null',
    'http://localhost.evil.test',
    'file://',
    '',
    'chrome-extension://x',
    // Pages of other programs on this machine.
    'http://localhost:3000',
    'http://127.0.0.1',
    'http://[::1]',
    'https://localhost',
  ])('given the Origin "%s", it refuses and changes nothing', async (origin) => {
    const headers = { host: 'localhost', origin, 'content-type': 'text/plain' };
    const answer = await raw('/connector/s3?replace=true', headers, 'PUT');
    expect(answer).toMatchObject(refused);
    expect(answer.headers['access-control-allow-origin']).toBeUndefined();
  });

  test('given two Origins, one of them its own, it refuses', async () => {
    const origin = ['http://localhost', 'http://localhost:3000'];
    expect(await raw('/connector/s3', { host: 'localhost', origin })).toMatchObject(refused);
  });

  test.each(['cross-site', 'same-site', 'anything'])(
    'given an image on a page elsewhere, which has no Origin but Sec-Fetch-Site: %s, it refuses',
    async (site) => {
      expect(await raw('/connector/s3', { host: 'localhost', 'sec-fetch-site': site })).toMatchObject(refused);
    },
  );

  test('given an address that somebody typed into a browser, it answers', async () => {
    expect((await raw('/_health', { host: 'localhost', 'sec-fetch-site': 'none' })).status).toBe(200);
  });

  test('given the preflight of a foreign page, it refuses; its own page gets no leave either', async () => {
    const asking = { host: 'localhost', 'access-control-request-method': 'PUT' };
    for (const origin of ['https://evil.test', 'http://localhost:3000']) {
      expect(await raw('/connector/s3', { ...asking, origin }, 'OPTIONS')).toMatchObject(refused);
    }
    const answer = await raw('/connector/s3', { ...asking, origin: 'http://localhost' }, 'OPTIONS');
    expect([answer.status, answer.headers['access-control-allow-origin']]).toEqual([204, undefined]);
  });

  test('given keys, any name and origin may come, with a key', async () => {
    const key = 'a-key-of-some-length';
    api = createApi({ apiKeys: createStaticApiKeys([{ key, scope: 'read' }]) });
    server = await start({ loopbackOnly: false });
    const headers = { host: 'stocktake.test', origin: 'https://app.test' };
    expect((await raw('/connector/s3', headers)).status).toBe(401);
    expect((await raw('/connector/s3', { ...headers, 'x-api-key': key })).status).toBe(200);
  });

  test('given no keys and an address that others reach, it does not start', async () => {
    for (const host of ['0.0.0.0', '::', '192.0.2.1', 'example.test']) {
      await expect(start({ host })).rejects.toThrow('on loopback only');
    }
  });
});
