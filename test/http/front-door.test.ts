import type { APIGatewayProxyEventV2 } from 'aws-lambda';
import { describe, expect, test } from 'vitest';
import { createApi } from './api-fixture.ts';

const secret = 'a'.repeat(48);
const older = 'b'.repeat(48);

/** Behind a distribution, and with keys, so that what is refused before they are asked for shows. */
function behindDoor(options: { allowedNetworks?: string[]; overTls?: boolean } = {}) {
  const asked = { keys: 0, door: 0 };
  const api = createApi({
    apiKeys: {
      configured: true,
      hasOwnManagingKey: true,
      find: async (key) => {
        asked.keys += 1;
        return key === 'good' ? { id: 'good', scope: 'manage' } : undefined;
      },
    },
    deps: {
      ...options,
      frontDoor: {
        accepts: async (sent) => {
          asked.door += 1;
          return sent === secret || sent === older;
        },
      },
    },
  });
  const send = async (
    headers: Record<string, string>,
    method = 'GET',
    fn: 'api' | 'probe' = 'api',
    path = '/connector/s3',
  ) => {
    const event = {
      ...{ version: '2.0', rawPath: path, rawQueryString: '', headers, isBase64Encoded: false },
      requestContext: { requestId: 'r', http: { method, path, sourceIp: '130.176.0.9', userAgent: '', protocol: '' } },
    } as unknown as APIGatewayProxyEventV2;
    const { statusCode, body = '', headers: told } = await api.handlers[fn](event);
    return { status: statusCode, body, headers: told ?? {} };
  };
  return { api, asked, send };
}

const key = { 'x-api-key': 'good' };

describe('a deployment behind a distribution', () => {
  test.each([
    ['no secret', {}],
    ['an empty one', { 'x-stocktake-front-door': '' }],
    ['a wrong one', { 'x-stocktake-front-door': 'c'.repeat(48) }],
    ['a part of it', { 'x-stocktake-front-door': secret.slice(1) }],
    ['it twice', { 'x-stocktake-front-door': `${secret},${secret}` }],
    ['a very long one', { 'x-stocktake-front-door': secret.repeat(1000) }],
    ['it under another name', { 'x-front-door': secret, via: '1.1 abc.cloudfront.net (CloudFront)' }],
  ])(
    'given a request with %s, it is 403 before any key is looked at, on every function, path and method',
    async (_, sent) => {
      const { send, asked } = behindDoor();
      for (const fn of ['api', 'probe'] as const)
        for (const method of ['GET', 'POST', 'OPTIONS', 'HEAD'])
          for (const path of ['/_health', '/connector', '/v1/connectors', '/nowhere'])
            expect([fn, method, path, (await send({ ...key, ...sent }, method, fn, path)).status]).toEqual([
              fn,
              method,
              path,
              403,
            ]);
      expect(asked.keys).toBe(0);
    },
  );

  test('given nothing that could be the secret, nobody is asked whether it is', async () => {
    const { send, asked } = behindDoor();
    await send(key);
    await send({ ...key, 'x-stocktake-front-door': secret.repeat(9) });
    expect(asked.door).toBe(0);
  });

  test.each([secret, older])('given the secret %s, old or new, the request is answered as ever', async (sent) => {
    const { send } = behindDoor();
    expect((await send({ ...key, 'x-stocktake-front-door': sent })).status).toBe(200);
    expect((await send({ 'x-stocktake-front-door': sent })).status).toBe(401);
    expect((await send({ 'x-stocktake-front-door': sent }, 'OPTIONS')).status).toBe(204);
  });

  test('given networks that may call, the address that the distribution saw counts, and only if the secret was right', async () => {
    const { send } = behindDoor({ allowedNetworks: ['203.0.113.0/24'] });
    const through = { ...key, 'x-stocktake-front-door': secret };
    expect((await send({ ...through, 'x-stocktake-viewer': '203.0.113.9' })).status).toBe(200);
    expect((await send({ ...through, 'x-stocktake-viewer': '198.51.100.1' })).status).toBe(403);
    expect((await send(through)).status).toBe(403);
    expect((await send({ ...key, 'x-stocktake-viewer': '203.0.113.9' })).status).toBe(403);
  });

  test('given any answer or line of the log, the secret is in none', async () => {
    const { api, send } = behindDoor();
    const answers = [
      await send({ ...key, 'x-stocktake-front-door': secret }),
      await send({ ...key, 'x-stocktake-front-door': `${secret}x` }),
    ];
    expect(JSON.stringify([answers, api.log.lines])).not.toContain(secret);
  });
});

describe('who comes over TLS', () => {
  const statusAndPolicy = async (overTls: boolean, headers: Record<string, string>, method = 'GET') => {
    const { status, headers: told } = await behindDoor({ overTls }).send(headers, method);
    return [status, told['strict-transport-security']];
  };
  const through = { 'x-stocktake-front-door': secret };

  test.each([
    [200, { ...key, ...through }, 'GET'],
    [204, through, 'OPTIONS'],
    [401, through, 'GET'],
    [403, key, 'GET'],
  ])('given an answer %i, a browser is told to come so for a year', async (status, headers, method) => {
    expect(await statusAndPolicy(true, headers, method)).toEqual([status, 'max-age=31536000']);
  });

  test('given a host that speaks plain HTTP, it is not told', async () => {
    expect(await statusAndPolicy(false, { ...key, ...through })).toEqual([200, undefined]);
  });
});
