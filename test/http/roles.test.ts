import { describe, expect, test } from 'vitest';
import { Failure } from '#core/model/errors.ts';
import { noRoles } from '#support/fake-roles.ts';
import { createApi, datasourceBody, readers, secret } from './api-fixture.ts';
import { connectorBody } from './flexorch/strict-client.ts';

const role_arn = `${readers}photos`;
const noKeys = { access_key_id: undefined, secret_access_key: undefined };
const asRole = { ...noKeys, endpoint: undefined, region: 'eu-west-1', role_arn };
const v1NoKeys = { aws_access_key_id: undefined, aws_secret_access_key: undefined };
const v1Role = { ...v1NoKeys, role_arn };
const refusal = new Failure('role_refused', 'the trust policy lacks us');

describe('a datasource with a role', () => {
  test('given one, it is shown with an external id, comes back as it went, and is tested and synced as the role', async () => {
    const api = createApi();
    expect((await api.call('POST', '/datasource/', { body: datasourceBody({ id: 'photos' }, asRole) })).status).toBe(
      200,
    );
    const { json } = await api.call('GET', '/datasource/photos');
    const { external_id: externalId } = json._source.connector.config;
    expect(json._source.connector.config).toMatchObject({ role_arn, region: 'eu-west-1', external_id: /^id\d+$/ });
    const echo = await api.call('PUT', '/datasource/photos?replace=true', { body: json._source });
    expect([echo.status, echo.json]).toEqual([200, { _id: 'photos', result: 'updated' }]);
    expect((await api.call('GET', '/datasource/photos')).json._source.connector).toEqual(json._source.connector);

    expect((await api.call('POST', '/datasource/photos/_test')).json).toMatchObject({ success: true });
    await api.call('POST', '/datasource/photos/_sync');
    await api.work();
    expect((await api.call('GET', '/datasource/photos')).json._source.last_run).toMatchObject({ status: 'completed' });
    expect(new Set(api.taken.map((role) => JSON.stringify(role)))).toEqual(
      new Set([JSON.stringify({ roleArn: role_arn, externalId, bucket: 'your-bucket' })]),
    );
  });

  test('given a role that AWS refuses, _test says why with 200, _preview with 424, and the run fails with it', async () => {
    const api = createApi();
    await api.call('POST', '/datasource/', { body: datasourceBody({ id: 'photos' }, asRole) });
    api.refuseRoles(refusal);
    const tested = await api.call('POST', '/datasource/photos/_test');
    const nothing = { warnings: [], unasked: [] };
    const { message } = refusal;
    expect([tested.status, tested.json]).toEqual([200, { success: false, latency_ms: null, message, ...nothing }]);
    const preview = await api.call('GET', '/datasource/photos/_preview?keys=10');
    expect([preview.status, preview.json.error]).toEqual([424, { code: 'role_refused', reason: refusal.message }]);
    await api.call('POST', '/datasource/photos/_sync');
    await api.work();
    expect((await api.call('GET', '/datasource/photos')).json._source.last_run).toMatchObject({
      ...{ status: 'failed', error: { code: 'role_refused', message: refusal.message } },
    });
  });

  test.each<[string, Record<string, unknown>, string, RegExp]>([
    ['no ARN', { ...asRole, role_arn: 'photos' }, 'connector.config.role_arn', /must be the ARN of an IAM role/],
    ['a number', { ...asRole, role_arn: 5 }, 'connector.config.role_arn', /./],
    ['keys beside it', { region: 'eu-west-1', role_arn }, 'connector.config.role_arn', /stands instead of keys/],
    ['a foreign endpoint', { ...asRole, endpoint: 'evil.test' }, 'connector.config.endpoint', /must be AWS's own S3/],
    ['no TLS', { ...asRole, use_ssl: false }, 'connector.config.use_ssl', /must be true/],
    ['no region', { ...asRole, region: undefined }, 'connector.config.endpoint', /is required/],
    [
      'a role that may not be taken',
      { ...asRole, role_arn: 'arn:aws:iam::111122223333:role/admin' },
      'connector.config.role_arn',
      /is none of the roles.*ask whoever runs it/,
    ],
  ])('given %s, it is 400 with the field and the reason', async (_name, config, path, reason) => {
    const api = createApi();
    const { status, json } = await api.call('POST', '/datasource/', { body: datasourceBody({}, config) });
    expect([status, json.error.code]).toEqual([400, 'invalid_request']);
    expect(json.error.details).toContainEqual({ path, reason: expect.stringMatching(reason) });
  });

  test('given a host that takes no roles, it is 400 with the reason', async () => {
    const api = createApi({ deps: noRoles });
    const { status, json } = await api.call('POST', '/datasource/', { body: datasourceBody({}, asRole) });
    expect([status, json.error.reason]).toEqual([400, expect.stringContaining('this Stocktake may take no roles')]);
  });

  test('given any answer about it, it has no key of the role', async () => {
    const api = createApi();
    await api.call('POST', '/datasource/', { body: datasourceBody({ id: 'photos' }, asRole) });
    await api.call('POST', '/datasource/photos/_sync');
    await api.work();
    const paths = ['/datasource/photos', '/datasource/_search', '/datasource/photos/_runs'];
    const answers = await Promise.all(paths.map((path) => api.call('GET', path)));
    const told = JSON.stringify([answers.map(({ text }) => text), api.log.lines]);
    for (const kept of [secret, 'ASIAEXAMPLE', 'session']) expect(told).not.toContain(kept);
  });
});

describe('a connector with a role under /v1', () => {
  test('given one, it is made and tested as the role, and Coco shows its external id', async () => {
    const api = createApi();
    const made = await api.call('POST', '/v1/connectors', { body: connectorBody({}, v1Role) });
    expect([made.status, made.json.data.id]).toEqual([201, 1]);
    const test = await api.call('POST', '/v1/connectors/1/test');
    expect(test.json.data).toMatchObject({ success: true });
    const { json } = await api.call('GET', '/connector/1');
    expect(json._source.config).toMatchObject({ role_arn, external_id: api.taken[0]?.externalId });
    api.refuseRoles(refusal);
    expect((await api.call('POST', '/v1/connectors/1/test')).json.data).toMatchObject({
      ...{ success: false, message: refusal.message },
    });
  });

  test.each<[string, Record<string, unknown>, RegExp]>([
    ['no bucket', { ...v1Role, bucket: undefined }, /config\.bucket: is required/],
    ['keys beside it', { role_arn }, /config\.role_arn: stands instead of keys/],
    ['a foreign endpoint', { ...v1Role, endpoint: 'evil.test' }, /config\.endpoint must be AWS's own S3/],
    [
      'a role that may not be taken',
      { ...v1Role, role_arn: 'arn:aws:iam::1:role/x' },
      /config\.role_arn: must be the ARN/,
    ],
    ['null for a role, and no keys', { ...v1Role, role_arn: null }, /config\.access_key_id: is required/],
    ['another role', { ...v1Role, role_arn: `${readers.replace('read-', 'admin')}` }, /config\.role_arn is none of/],
  ])('given %s, it is 422 with the reason', async (_name, config, reason) => {
    const api = createApi();
    const { status, json } = await api.call('POST', '/v1/connectors', { body: connectorBody({}, config) });
    expect([status, json.error.code]).toEqual([422, 'VALIDATION_ERROR']);
    expect(json.error.message).toMatch(reason);
  });
});
