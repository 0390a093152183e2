import { expect, test } from 'vitest';
import { createStaticApiKeys } from '#http/table/api-keys.ts';
import { createApi, secret } from '../api-fixture.ts';

/** The -d of the founding document's first command, to the byte but for the values it leaves out. */
const connector = `{
    "type": "s3",
    "name": "my-s3-connector",
    "config": {
      "bucket": "my-documents",
      "region": "eu-west-1",
      "aws_access_key_id": "AKIAEXAMPLE",
      "aws_secret_access_key": "${secret}"
    }
  }`;

const headers = { 'x-api-key': 'dfx_your_key_here', 'content-type': 'application/json' };

function createKeyedApi() {
  return createApi({ apiKeys: createStaticApiKeys([{ key: 'dfx_your_key_here', scope: 'write' }]) });
}

test('given the curl commands that create and test the connector, they answer as documented', async () => {
  const api = createKeyedApi();
  const created = await api.call('POST', '/v1/connectors', { body: connector, headers });
  expect([created.status, created.json]).toMatchObject([
    201,
    { status: 'success', data: { id: 1, name: 'my-s3-connector', type: 's3', active: true }, error: null },
  ]);
  expect(created.text).not.toContain('AKIA');
  const tested = await api.call('POST', '/v1/connectors/1/test', { headers: { 'x-api-key': headers['x-api-key'] } });
  expect([tested.status, tested.json.data.success]).toEqual([200, true]);
});

test.each([
  ['access_key_id', 'secret_access_key'],
  ['aws_access_key_id', 'aws_secret_access_key'],
  ['accessKeyId', 'secretAccessKey'],
  ['aws_access_key_id', 'secretAccessKey'],
])('given the keys spelt %s and %s, they are taken', async (id, key) => {
  const api = createKeyedApi();
  const config = { bucket: 'my-documents', region: 'eu-west-1', [id]: 'AKIAEXAMPLE', [key]: secret };
  await api.call('POST', '/v1/connectors', { body: { type: 's3', name: 'x', config }, headers });
  const { json } = await api.call('POST', '/v1/connectors/1/test', { headers });
  expect(json.data).toMatchObject({ success: true });
});

test('given the optional prefix, only what is under it is polled', async () => {
  const api = createKeyedApi();
  const body = connector.replace('"bucket"', '"prefix": "a/b/", "bucket"');
  await api.call('POST', '/v1/connectors', { body, headers });
  await api.call('POST', '/v1/connectors/1/schedules', { body: { cron_expression: '0 * * * *' }, headers });
  await api.call('POST', '/v1/connectors/1/schedules/1/trigger', { headers });
  await api.work();
  const { json } = await api.call('GET', '/v1/documents', { headers });
  expect(json.data.items).toMatchObject([{ storage_path: 's3://my-documents/a/b/2.pdf' }]);
});

test('given the curl command that ingests files, it answers with a job for each key', async () => {
  const api = createKeyedApi();
  await api.call('POST', '/v1/connectors', { body: connector, headers });
  const body = `{
    "source": {
      "connector_id": 1,
      "keys": [
        "invoices/jan/inv_001.pdf",
        "invoices/jan/inv_002.pdf"
      ]
    }
  }`;
  const { status, json } = await api.call('POST', '/v1/data-process/async', { body, headers });
  expect([status, json.status, json.data.accepted, json.data.job_ids, json.meta]).toEqual([
    202,
    'accepted',
    2,
    [1, 2],
    { poll: '/v1/jobs/1' },
  ]);
});
