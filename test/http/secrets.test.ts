import fc from 'fast-check';
import { expect, test } from 'vitest';
import { routes } from '#http/routes.ts';
import { createApi, datasourceBody, secret } from './api-fixture.ts';
import { connectorBody } from './flexorch/strict-client.ts';

const token = 'FwoGZXIvYXdzSESSIONTOKENvalue';
const config = { secret_access_key: secret, session_token: token };

/** A part of a secret is a leak too: the messages of JSON.parse quote ten characters around a mistake. */
const fragments = [secret, token].flatMap((text) =>
  Array.from({ length: text.length - 5 }, (_each, start) => text.slice(start, start + 6)),
);

/** Bodies that a route may take or refuse, each with the secrets in it somewhere. */
const bodies: readonly unknown[] = [
  datasourceBody({}, config),
  datasourceBody({ name: undefined }, config),
  datasourceBody({}, { ...config, bucket: secret }),
  datasourceBody({}, { ...config, endpoint: `https://${secret}@x` }),
  datasourceBody({}, { ...config, extensions: [{ secret }] }),
  datasourceBody({}, { ...config, secret_access_key: `${secret} ` }),
  datasourceBody({}, { ...config, secretAccessKey: secret }),
  datasourceBody({ sync: { enabled: secret } }, config),
  { name: 'own', config: { ...config, access_key_id: 'AKIAEXAMPLE', bucket: 'bucket', endpoint: 'host.test' } },
  { name: 'own', config: { ...config, access_key_id: [secret] } },
  { url: 'https://hooks.example.com/', events: ['sync.completed'], secret },
  { url: `https://${secret}@hooks.example.com/`, events: ['sync.completed'], secret: `${secret}\n` },
  { url: 'https://hooks.example.com/', events: [secret], secret: [secret] },
  { query: 'x', secret_access_key: secret },
  connectorBody({}, { aws_secret_access_key: secret }),
  connectorBody({ name: 'token' }, { aws_secret_access_key: secret, session_token: token }),
  connectorBody({ type: secret }, { aws_secret_access_key: secret }),
  connectorBody({}, { aws_secret_access_key: secret, region: secret, prefix: 7 }),
  connectorBody({}, { aws_secret_access_key: secret, secretAccessKey: secret }),
  connectorBody({}, { aws_secret_access_key: [secret] }),
  { interval: '6h', connector_id: 1 },
  { cron_expression: 5, prefix: 'a/', secret_access_key: secret },
  `{"aws_secret_access_key":"${secret}"`,
  `{"secret_access_key":"${secret}"`,
  `{"secret_access_key":"${secret}" x}`,
  `{"secret_access_key":'${secret}'}`,
  `{"secret_access_key":${secret}}`,
  `secret_access_key=${secret}`,
  {},
  undefined,
];

const route = fc.constantFrom(...routes);
const calls = fc.array(
  fc.record({
    route,
    body: fc.constantFrom(...bodies),
    datasource: fc.constantFrom('1', '2', 'seeded'),
    number: fc.constantFrom('1', '2'),
    replace: fc.boolean(),
  }),
  { minLength: 1, maxLength: 12 },
);

test('given any requests in any order, good or bad, no answer and no log line has a secret', async () => {
  await fc.assert(
    fc.asyncProperty(calls, async (made) => {
      const api = createApi();
      await api.call('POST', '/datasource', { body: datasourceBody({ id: 'seeded' }, config) });
      const seeded = { access_key_id: 'AKIAEXAMPLE', bucket: 'bucket', endpoint: 'host.test' };
      await api.call('POST', '/connector', { body: { id: '1', name: 'own', config: { ...config, ...seeded } } });
      const texts: string[] = [];
      for (const { route: each, body, datasource, number, replace } of made) {
        const path = each.path
          .replace('{id}', datasource)
          .replace(/\{(doc_id|document|hint)\}/g, 'seeded.YS8xLnBkZg')
          .replace(/\{\w+\}/g, number);
        const query = replace && each.query?.some(({ name }) => name === 'replace') ? '?replace=true' : '';
        texts.push((await api.call(each.method, path + query, { body })).text);
        await api.work();
      }
      for (const path of [
        '/datasource/_search',
        '/connector/_search',
        '/connector/1',
        '/datasource/seeded/_runs',
        '/v1/connectors',
        '/v1/scheduler/schedules',
        '/v1/documents',
        '/v1/webhooks',
      ]) {
        texts.push((await api.call('GET', path)).text);
      }
      for (const text of [...texts, JSON.stringify(api.log.lines), JSON.stringify(api.messages)]) {
        expect(fragments.filter((fragment) => text.includes(fragment))).toEqual([]);
        expect(text).not.toContain('sealed-');
      }
    }),
    { numRuns: 250 },
  );
}, 60_000);
