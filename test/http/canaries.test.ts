import { expect, test } from 'vitest';
import { routes } from '#http/routes.ts';
import { createStaticApiKeys } from '#http/table/api-keys.ts';
import { type Canaries, findCanaries } from '#support/find-secrets.ts';
import { createApi, datasourceBody, secret } from './api-fixture.ts';
import { connectorBody } from './flexorch/strict-client.ts';

const known = 'cAn4ry-known-8fKq2LmZ7vXt0RsWb5Yd';
const canaries: Canaries = {
  known,
  unknown: 'cAn4ry-unknown-3hTgVw9PzNc6JqLs1XbM',
  given: 'cAn4ry/given+Q7wZkLm2VxTgHpB9sRdYfN3jUeC',
  token: 'cAn4ry-token-K2sPq8ZrXmvLwTbYsHdJ9fGc4nV',
  stored: secret,
};
const { unknown = '', given = '', token = '' } = canaries;

/** Fields that take a secret in either dialect or in none, where nobody would put one, and with a mistake in them. */
const secretFields: readonly Record<string, unknown>[] = [
  { secret_access_key: given, session_token: token },
  { secret_access_key: `${given} `, session_token: `${token}\n` },
  { secret_access_key: [given], session_token: { token } },
  { secret_access_key: given, session_token: `****${token}` },
  { aws_secret_access_key: given, aws_session_token: token },
  { secretAccessKey: given, sessionToken: token },
  { secret: given },
  { secret: `${given}\u0000` },
  { authorization: `Bearer ${given}`, password: token },
];

/** Each of the fields in each place of a body that a route could take. */
const bodies: readonly unknown[] = [
  ...secretFields.flatMap((fields) => [
    fields,
    { config: fields },
    datasourceBody({}, fields),
    datasourceBody(fields),
    datasourceBody({ connector: { id: 's3', ...fields } }),
    { name: 'own', config: { access_key_id: 'AKIAEXAMPLE', bucket: 'bucket', endpoint: 'host.test', ...fields } },
    connectorBody({}, fields),
    { url: 'https://hooks.example.com/', events: ['sync.completed'], ...fields },
    { source: { connector_id: 1, keys: ['a'], ...fields } },
    JSON.stringify(fields).slice(0, -2),
    new URLSearchParams(
      Object.entries(fields).map(([name, value]): [string, string] => [name, String(value)]),
    ).toString(),
  ]),
];

/** Ways to send a secret beside the body. */
const envelopes: readonly { readonly query: string; readonly headers: Record<string, string> }[] = [
  { query: '', headers: { 'x-api-key': known } },
  { query: `?secret_access_key=${encodeURIComponent(given)}`, headers: { authorization: `Bearer ${known}` } },
  { query: `?${encodeURIComponent(token)}=1`, headers: { 'x-api-token': known, 'x-amz-security-token': token } },
  { query: '', headers: { 'x-api-key': unknown, cookie: `session=${token}` } },
  {
    query: `?api_key=${unknown}`,
    headers: { authorization: `Basic ${Buffer.from(`a:${unknown}`).toString('base64')}` },
  },
  { query: '', headers: { authorization: `Bearer ${unknown}`, 'idempotency-key': token } },
];

test('given canaries in each part of a request to each route, no answer, log line or message has one', async () => {
  const api = createApi({ apiKeys: createStaticApiKeys([{ key: known, scope: 'manage' }]) });
  const asKnown = { 'x-api-key': known };
  await api.call('POST', '/datasource', { body: datasourceBody({ id: 'seeded' }), headers: asKnown });
  const texts: string[] = [];
  for (const route of routes) {
    const path = route.path
      .replace('{id}', 'seeded')
      .replace(/\{(doc_id|document|hint)\}/g, 'seeded.YS8xLnBkZg')
      .replace(/\{\w+\}/g, '1');
    // The name of a parameter that does not exist is told, so that a typo is found: what is a secret is its value.
    for (const { query, headers } of envelopes) {
      const { text, headers: answered } = await api.call(route.method, path + query, { headers, body: bodies[0] });
      texts.push(`${route.method} ${path}\n${JSON.stringify(answered)}\n${text.replaceAll(token, '(name)')}`);
    }
    for (const body of route.method === 'GET' ? [] : bodies) {
      const { text, headers } = await api.call(route.method, path, { headers: asKnown, body });
      texts.push(`${route.method} ${path} ${JSON.stringify(body)?.length}\n${JSON.stringify(headers)}\n${text}`);
    }
    await api.work();
  }
  // Which answer it is in is looked for where there is one: all of them at once take a hundredth of the time.
  const isClean = findCanaries(texts.join('\n'), canaries).length === 0;
  const leaks = isClean ? [] : texts.filter((text) => findCanaries(text, canaries).length > 0);
  expect(leaks.map((text) => text.slice(0, 1_000))).toEqual([]);
  expect(findCanaries(JSON.stringify([api.log.lines, api.messages, api.jobMessages]), canaries)).toEqual([]);
  expect(texts.length).toBeGreaterThan(1_000);
}, 120_000);
