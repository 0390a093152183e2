import { describe, expect, test } from 'vitest';
import { routes } from '#http/routes.ts';
import { createStaticApiKeys } from '#http/table/api-keys.ts';
import type { FunctionName } from '#http/table/deps.ts';
import type { Route } from '#http/table/route.ts';
import { type Api, createApi, datasourceBody, eventOf } from './api-fixture.ts';

const names: readonly FunctionName[] = ['api', 'probe'];
const host = 'https://api.test';

/** Each route with the methods that it answers to. */
const asked = routes.flatMap((route) =>
  (route.method === 'GET' ? ['GET', 'HEAD'] : [route.method]).map((method) => [method, route.path, route] as const),
);

async function send(api: Api, fn: FunctionName, method: string, path: string, headers: Record<string, string> = {}) {
  const { statusCode, headers: answered = {}, body = '' } = await api.handlers[fn](eventOf(method, path, { headers }));
  return { status: statusCode, location: answered.location?.toString(), headers: answered, text: body };
}

function pathOf({ path }: Pick<Route, 'path'>): string {
  return path.replace(/\{\w+\}/g, 'x1');
}

describe('a route, asked for in both forms of its path at both functions', () => {
  test.each(asked)(
    'given %s %s, its own function serves it, the other one leads there',
    async (method, _path, route) => {
      const api = createApi();
      const bare = pathOf(route);
      for (const fn of names) {
        for (const path of [bare, `${bare}/`]) {
          const { status, location, text } = await send(api, fn, method, `${path}?a=b%20c&d`);
          const told = [fn, path, status, location];
          if (fn === route.fn) {
            expect(told).not.toEqual([fn, path, 308, expect.anything()]);
            expect(text).not.toContain('there is no route');
          } else if (path === bare) {
            // The host sends it to its function: to be led to where it already is would never end.
            expect([fn, path, status, location]).toEqual([fn, path, 404, undefined]);
          } else {
            expect([fn, path, status]).toEqual([fn, path, 308]);
            expect(new URL(location ?? '', `${host}${path}`).href).toBe(`${host}${bare}?a=b%20c&d`);
            // Behind a proxy that serves all of it under a path of its own, too.
            expect(new URL(location ?? '', `${host}/behind${path}`).href).toBe(`${host}/behind${bare}?a=b%20c&d`);
          }
        }
      }
    },
  );

  test('given the answer that leads on, it says so in the words of its dialect and no cache keeps it', async () => {
    const api = createApi();
    const coco = await send(api, 'api', 'POST', '/datasource/d/_test/');
    expect(JSON.parse(coco.text)).toEqual({
      status: 308,
      error: { code: 'moved', reason: expect.stringContaining('follow the Location') },
      request_id: 'request-1',
    });
    expect(coco.headers['cache-control']).toBe('no-store');
    const flexorch = await send(api, 'api', 'POST', '/v1/connectors/1/test/');
    expect(JSON.parse(flexorch.text)).toMatchObject({ status: 'error', data: null, error: { code: 'MOVED' } });
    expect(api.log.lines.filter(({ level }) => level === 'error')).toEqual([]);
  });

  test.each([
    ['a line break', 'a\r\nSet-Cookie: b'],
    ['what begins like a host', '\\\\evil.test'],
    ['what begins like a URL', 'https:evil.test'],
    ['text beyond ASCII', 'Übung 日本 🎉'],
    ['a percent sign', '100%'],
    ['what begins a query', 'a?b#c'],
    ['half a surrogate pair', 'a\ud800'],
    ['two dots', '..'],
  ])('given %s in the path, the Location is one line that leads to this host', async (_name, hint) => {
    // Given the path decoded, as API Gateway gives it
    const event = { ...eventOf('GET', '/'), rawPath: `/document/d.YQ/raw_content/${hint}/` };
    const { statusCode, headers = {} } = await createApi().handlers.api(event);
    expect(statusCode).toBe(308);
    expect(headers.location).toMatch(/^\.\.\/[\x21-\x7e]+$/);
    const resolved = new URL(String(headers.location), `${host}/document/d.YQ/raw_content/x/`);
    expect(resolved.origin).toBe(host);
    expect(resolved.search).toBe('');
  });

  test('given a query that no client may send, the Location is one line all the same', async () => {
    const event = { ...eventOf('POST', '/datasource/d/_test/'), rawQueryString: 'a=b\r\nX: y\ud800' };
    const { headers = {} } = await createApi().handlers.api(event);
    expect(headers.location).toMatch(/^\.\.\/_test\?a=b%0D%0AX:%20y[\x21-\x7e]*$/);
  });

  test('given paths that only look like one of the other function, they lead nowhere', async () => {
    const api = createApi();
    for (const path of [
      '//datasource/d/_test/',
      '/datasource/d/_test//',
      '/datasource//_test/',
      '/document/d/raw_content/',
    ])
      expect([path, (await send(api, 'api', 'POST', path)).status]).toEqual([path, 404]);
    const other = await send(api, 'api', 'PATCH', '/datasource/d/_test/');
    expect([other.status, other.headers.allow]).toEqual([405, 'POST']);
  });

  test('given no key, nobody is led anywhere', async () => {
    const api = createApi({ apiKeys: createStaticApiKeys([]) });
    expect(await send(api, 'api', 'POST', '/datasource/d/_test/')).toMatchObject({ status: 401, location: undefined });
  });

  test('given one machine, where each request goes to its function, both forms are served at once', async () => {
    const api = createApi();
    await api.call('POST', '/datasource/', { body: datasourceBody({ id: 'd' }, { extensions: [] }) });
    for (const path of ['/datasource/d/_test', '/datasource/d/_test/']) {
      expect(await api.call('POST', path)).toMatchObject({ status: 200, json: { success: true } });
    }
  });
});

describe('HEAD', () => {
  test('given a route of GET, it is answered as that is, without the body', async () => {
    const api = createApi();
    await api.call('POST', '/datasource/', { body: datasourceBody({ id: 'd' }, { extensions: [] }) });
    await api.call('POST', '/datasource/d/_sync');
    await api.work();
    const { json } = await api.call('GET', '/document/_search?size=1');
    const document = `/document/${json.hits.hits[0]._id}`;
    for (const path of ['/_health', '/connector/s3', '/connector/nowhere', document, `${document}/raw_content/x`]) {
      const get = await api.call('GET', path);
      const head = await api.call('HEAD', path);
      expect([path, head.status, head.headers, head.text]).toEqual([path, get.status, get.headers, '']);
    }
    expect((await api.call('HEAD', `${document}/raw_content/x`)).headers.location).toContain('https://bucket.test/');
    expect(api.log.lines.some(({ fields }) => fields?.method === 'HEAD')).toBe(true);
  });

  test('given a path that takes no GET, it is refused by its own name', async () => {
    const { status, headers } = await createApi().call('HEAD', '/datasource/d/_sync');
    expect([status, headers.allow]).toEqual([405, 'POST']);
  });
});

describe('whoever has no key', () => {
  test.each(asked)(
    'given %s %s in both forms at both functions, nothing is read of the table for them',
    async (method, _path, route) => {
      // Given a table that breaks whatever is asked of it
      const table = new Proxy({} as Api['table'], {
        get: () => {
          throw new Error('the table was asked');
        },
      });
      const api = createApi({ apiKeys: createStaticApiKeys([]), deps: { table } });
      const wanted = route.scope === 'none' ? [200] : [401];
      for (const fn of names) {
        for (const path of [pathOf(route), `${pathOf(route)}/`]) {
          const { status } = await send(api, fn, method, path, { 'x-api-key': 'no-such-key-0123456789' });
          const elsewhere = route.scope === 'none' && fn !== route.fn ? [308, 404] : [];
          expect([...wanted, ...elsewhere]).toContain(status);
        }
      }
    },
  );
});
