import { describe, expect, test } from 'vitest';
import { routes } from '#http/routes.ts';
import { createStaticApiKeys } from '#http/table/api-keys.ts';
import { type Api, createApi } from './api-fixture.ts';

const origin = 'https://app.example.com';
const key = 'a-key-of-some-length';
const apiKeys = createStaticApiKeys([{ key, scope: 'manage' }]);
const withOrigins = (...corsOrigins: string[]) => createApi({ apiKeys, deps: { corsOrigins } });
const preflight = (asking: string, method = 'PUT', headers = 'content-type,x-api-key') => ({
  headers: { origin: asking, 'access-control-request-method': method, 'access-control-request-headers': headers },
});
const corsOf = ({ headers }: { headers: Readonly<Record<string, string>> }) =>
  Object.fromEntries(Object.entries(headers).filter(([name]) => name.startsWith('access-control-')));

/** What a browser does for a page: https://fetch.spec.whatwg.org/#cors-preflight-fetch and #cors-check. */
async function browse(api: Api, method: string, path: string, sent: Record<string, string>) {
  const names = Object.keys(sent).sort();
  const asked = await api.call('OPTIONS', path, preflight(origin, method, names.join(',')));
  const told = corsOf(asked);
  const listed = (name: string) => (told[name] ?? '').split(',');
  const passes =
    asked.status >= 200 &&
    asked.status < 300 &&
    ['*', origin].includes(told['access-control-allow-origin'] ?? '') &&
    listed('access-control-allow-methods').includes(method) &&
    names.every((name) => listed('access-control-allow-headers').includes(name));
  if (!passes) return 'refused by the browser before it asks';
  const answer = await api.call(method, path, { headers: { ...sent, origin } });
  const { 'access-control-allow-origin': allowed, 'access-control-expose-headers': exposed } = corsOf(answer);
  if (!['*', origin].includes(allowed ?? '')) return 'kept from the page by the browser';
  return { status: answer.status, exposed: exposed?.split(',') };
}

describe('a page of a configured origin', () => {
  test.each(routes.map(({ method, path }) => [method, path.replace(/\{\w+\}/g, 'x1')]))(
    'given %s %s, a browser asks first without the key, then with it, and lets the page read the answer',
    async (method, path) => {
      const api = withOrigins(origin);
      const sent = { 'x-api-key': key, 'content-type': 'application/json', 'idempotency-key': 'a' };
      for (const form of [path, `${path}/`]) {
        const seen = await browse(api, method, form, sent);
        expect([form, seen]).toEqual([
          form,
          { status: expect.any(Number), exposed: expect.arrayContaining(['x-request-id', 'retry-after']) },
        ]);
        expect([form, seen]).not.toEqual([form, { status: 401, exposed: expect.anything() }]);
      }
    },
  );

  test('given a wrong key, the page may read that it is refused', async () => {
    expect(await browse(withOrigins(origin), 'GET', '/connector/s3', { 'x-api-key': 'no-key-of-ours' })).toMatchObject({
      status: 401,
    });
  });

  test('given its preflight, the answer is 204 with these headers and nothing more', async () => {
    const answer = await withOrigins('https://other.example.com', origin).call(
      'OPTIONS',
      '/v1/connectors',
      preflight(origin),
    );
    expect([answer.status, answer.text]).toEqual([204, '']);
    expect(corsOf(answer)).toEqual({
      'access-control-allow-origin': origin,
      'access-control-allow-methods': 'POST,GET,PUT,DELETE,PATCH',
      'access-control-allow-headers':
        'authorization,content-type,x-api-key,x-api-token,x-document-redirect,idempotency-key,if-match',
      'access-control-expose-headers': 'x-request-id,retry-after,etag',
      'access-control-max-age': '3600',
    });
  });

  test.each([
    ['*', '*'],
    ['https://*', origin],
    ['HTTPS://App.Example.Com', origin],
  ])('given %s as the setting, it is told %s', async (setting, told) => {
    const answer = await withOrigins(setting).call('OPTIONS', '/connector/s3', preflight(origin));
    expect(corsOf(answer)['access-control-allow-origin']).toBe(told);
  });
});

describe('any other page', () => {
  test.each([
    ['another origin', 'https://evil.test'],
    ['one that begins like it', `${origin}.evil.test`],
    ['one that ends like it', 'https://evil-app.example.com'],
    ['its origin without TLS', 'http://app.example.com'],
    ['its origin with another port', `${origin}:8443`],
    ['a sandbox or a file', 'null'],
    ['an empty origin', ''],
    ['two origins', `${origin}, https://evil.test`],
    ['a star', '*'],
  ])('given %s, its preflight is 204 without leave, and so is the answer', async (_name, asking) => {
    for (const settings of [[origin], []]) {
      const api = withOrigins(...settings);
      const asked = await api.call('OPTIONS', '/connector/s3', preflight(asking));
      expect([asked.status, corsOf(asked)]).toEqual([204, {}]);
      const answer = await api.call('GET', '/connector/s3', { headers: { origin: asking, 'x-api-key': key } });
      expect([answer.status, corsOf(answer)]).toEqual([200, {}]);
    }
  });

  test('given https://* as the setting, a page without TLS is not answered', async () => {
    expect(corsOf(await withOrigins('https://*').call('OPTIONS', '/', preflight('http://app.example.com')))).toEqual(
      {},
    );
  });
});

describe('OPTIONS', () => {
  test('given any path, with a key or without, it is 204 and tells nobody what there is', async () => {
    const api = withOrigins(origin);
    const callers: Record<string, string>[] = [{}, { 'x-api-key': key }, { origin }];
    const answers = [];
    for (const path of ['/', '/connector/s3', '/nothing/here', '/v1', '/v1/jobs/1', '/datasource/d/_test/']) {
      for (const headers of callers) {
        const { status, text } = await api.call('OPTIONS', path, { headers });
        answers.push([status, text]);
      }
    }
    expect(answers).toEqual(answers.map(() => [204, '']));
  });

  test('given what is no preflight, it is not told what a page may send', async () => {
    const answer = await withOrigins(origin).call('OPTIONS', '/connector/s3', { headers: { origin } });
    expect(Object.keys(corsOf(answer)).sort()).toEqual([
      'access-control-allow-origin',
      'access-control-expose-headers',
    ]);
  });

  test('given one, it is in the log as any other request', async () => {
    const api = withOrigins(origin);
    await api.call('OPTIONS', '/connector/s3', preflight(origin));
    expect(api.log.lines).toEqual([
      { level: 'info', fact: 'request', fields: expect.objectContaining({ method: 'OPTIONS', status: 204 }) },
    ]);
  });
});
