import { beforeEach, expect, it } from 'vitest';
import { type Api, createApi, datasourceBody } from './api-fixture.ts';
import { connectorBody } from './flexorch/strict-client.ts';

const quotas = {
  datasources: { most: 2, setting: 'maxDatasources' },
  connectors: { most: 1, setting: 'maxConnectors' },
};

let api: Api;
beforeEach(() => {
  api = createApi({ deps: { quotas } });
});

const datasource = (id: string) => ({ body: datasourceBody({ id }, { extensions: [] }) });
const reason = 'there may be 2 datasources, and there are as many; delete some, or raise the setting maxDatasources';

it('given as many datasources as there may be, one more is 409 in each dialect, and what stands can be changed and deleted', async () => {
  for (const id of ['one', 'two']) expect((await api.call('POST', '/datasource/', datasource(id))).status).toBe(200);
  const refused = await api.call('POST', '/datasource/', datasource('three'));
  expect(refused).toMatchObject({ status: 409, json: { error: { code: 'quota_exceeded', reason } } });
  expect(await api.call('PUT', '/datasource/three?replace=true', datasource('three'))).toMatchObject({ status: 409 });
  expect((await api.call('POST', '/v1/connectors', { body: connectorBody() })).status).toBe(201);
  const schedule = await api.call('POST', '/v1/connectors/1/schedules', { body: { cron_expression: '0 * * * *' } });
  expect(schedule).toMatchObject({ status: 409, json: { error: { code: 'QUOTA_EXCEEDED', message: reason } } });
  expect((await api.call('PUT', '/datasource/one', { body: { name: 'renamed' } })).status).toBe(200);
  expect((await api.call('DELETE', '/datasource/two')).status).toBe(200);
  expect((await api.call('POST', '/datasource/', datasource('three'))).status).toBe(200);
});

it('given a create under /v1 that took the last place, the same again is that one and no refusal', async () => {
  const sent = { body: connectorBody() };
  const first = await api.call('POST', '/v1/connectors', sent);
  expect(first.status).toBe(201);
  const again = await api.call('POST', '/v1/connectors', sent);
  expect([again.status, again.json.data.id]).toEqual([201, first.json.data.id]);
  expect(await api.call('POST', '/v1/connectors', { body: { ...connectorBody(), name: 'other' } })).toMatchObject({
    status: 409,
  });
});

it('given the same create under /v1 twice at once for the last place, both are that one', async () => {
  const sent = { body: connectorBody() };
  const answers = await Promise.all([
    api.call('POST', '/v1/connectors', sent),
    api.call('POST', '/v1/connectors', sent),
  ]);
  expect(answers.map(({ status }) => status)).toEqual([201, 201]);
});
