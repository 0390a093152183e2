import { beforeEach, describe, expect, test } from 'vitest';
import { type Api, createApi, datasourceBody, secret } from './api-fixture.ts';

let api: Api;
beforeEach(() => {
  api = createApi();
});

const keys = { access_key_id: 'AKIAEXAMPLE', secret_access_key: secret };

async function configOf(id: string): Promise<Record<string, unknown>> {
  return (await api.call('GET', `/datasource/${id}`)).json._source.connector.config;
}

describe('settings in another spelling than AWS’s, in Coco’s dialect', () => {
  test.each([
    [{ region: 'NL' }, { region: 'NL' }],
    [
      { region: 'RegionOne', bucket: 'tenant:bucket' },
      { region: 'RegionOne', bucket: 'tenant:bucket' },
    ],
    [{ endpoint: 'project.storage.example/storage/v1/s3' }, { endpoint: 'project.storage.example/storage/v1/s3' }],
    [{ endpoint: 'my_server.example.com.:9000' }, { endpoint: 'my_server.example.com.:9000' }],
    [{ bucket: 'My-Bucket' }, { bucket: 'My-Bucket' }],
  ])('given %j, they are kept as they were written', async (config, kept) => {
    const { status, json } = await api.call('POST', '/datasource/', { body: datasourceBody({}, config) });
    expect(status).toBe(200);
    expect(await configOf(json._id)).toMatchObject(kept);
  });

  test('given an empty region, it is none, and takes a former one away', async () => {
    const { json } = await api.call('POST', '/datasource/', { body: datasourceBody({}, { region: '' }) });
    expect(await configOf(json._id)).not.toHaveProperty('region');
    const change = (region: string) =>
      api.call('PUT', `/datasource/${json._id}`, { body: datasourceBody({}, { region }) });
    expect((await change('NL')).status).toBe(200);
    expect(await configOf(json._id)).toMatchObject({ region: 'NL' });
    expect((await change('')).status).toBe(200);
    expect(await configOf(json._id)).not.toHaveProperty('region');
  });

  test('given an empty region where endpoint and keys are inherited, they stay inherited', async () => {
    const config = { ...keys, bucket: 'shared', endpoint: 's3.example.com' };
    await api.call('POST', '/connector/', { body: { id: 'shared', name: 'shared', config } });
    const body = { name: 'heir', type: 'connector', connector: { id: 'shared', config: { region: '' } } };
    expect((await api.call('POST', '/datasource/', { body })).status).toBe(200);
  });

  test.each([
    [{ endpoint: '', region: '' }, /lacks endpoint/],
    [{ endpoint: '', region: 'NL' }, /region: must be a region of AWS/],
    [{ endpoint: '', region: 'eu-west-1', bucket: 'My-Bucket' }, /bucket: must be a bucket name of AWS/],
    [{ endpoint: 's3.amazonaws.com/my-bucket' }, /endpoint: must have no path/],
    [{ endpoint: 's3.example.com/a/../b' }, /endpoint: must have a path of/],
    [{ endpoint: '127.1/s3' }, /endpoint: must write an IPv4 address/],
  ])('given %j, they are refused with the reason', async (config, reason) => {
    const { status, json } = await api.call('POST', '/datasource/', { body: datasourceBody({}, config) });
    expect([status, json.error.reason]).toEqual([400, expect.stringMatching(reason)]);
  });
});

describe('settings in another spelling than AWS’s, under /v1', () => {
  const connect = (config: object) =>
    api.call('POST', '/v1/connectors', { body: { name: 'mine', type: 's3', config: { ...keys, ...config } } });

  test.each([
    { bucket: 'My-Bucket', endpoint: 's3.example.com', region: '' },
    { bucket: 'tenant:bucket', endpoint: 'project.storage.example/storage/v1/s3', region: 'NL' },
    { bucket: 'a'.repeat(200), endpoint: 'my_server.example.com.' },
    { bucket: 'photos', endpoint: '', region: 'eu-west-1' },
    { bucket: 'photos', region: 'eu-west-1' },
  ])('given %j, the connector is created', async (config) => {
    expect((await connect(config)).status).toBe(201);
  });

  test.each([
    [{ bucket: 'My-Bucket', region: 'eu-west-1' }, 'bucket'],
    [{ bucket: 'My-Bucket', endpoint: '', region: 'eu-west-1' }, 'bucket'],
    [{ bucket: 'photos', region: 'NL' }, 'region'],
    [{ bucket: 'photos', region: '' }, 'region'],
    [{ bucket: 'photos', endpoint: '', region: '' }, 'region'],
    [{ bucket: 'photos', endpoint: 's3.eu-west-1.amazonaws.com', region: 'a.b' }, 'region'],
    [{ bucket: '..', endpoint: 's3.example.com' }, 'bucket'],
    [{ bucket: 'photos', endpoint: 's3.example.com/..' }, 'endpoint'],
  ])('given %j, it is refused at %s', async (config, field) => {
    const { status, json } = await connect(config);
    expect([status, json.error.code]).toEqual([422, 'VALIDATION_ERROR']);
    expect(json.error.details.map(({ path }: { path: string }) => path.split('.').at(-1))).toEqual([field]);
  });
});
