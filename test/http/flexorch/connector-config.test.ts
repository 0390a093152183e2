import { describe, expect, test } from 'vitest';
import type { BucketTarget } from '#core/model/ports/bucket.ts';
import { createApi, readers, secret } from '../api-fixture.ts';
import { connectorBody } from './strict-client.ts';

const onServer = { region: undefined, endpoint: 's3.example.com:9000' };

async function create(config: Record<string, unknown>) {
  const api = createApi();
  const made = await api.call('POST', '/v1/connectors', { body: connectorBody({}, { ...onServer, ...config }) });
  return { api, made, config: made.json.data?.config, error: made.json.error };
}

describe('settings as texts', () => {
  test.each([
    [{ use_ssl: 'false' }, { endpoint: 's3.example.com:9000', use_ssl: false }],
    [
      { use_ssl: 'true', path_style: 'TRUE' },
      { use_ssl: true, path_style: true },
    ],
    [
      { path_style: ' False ', list_version: '1' },
      { path_style: false, list_version: 1 },
    ],
    [{ list_version: 'auto' }, { list_version: 'auto' }],
    [{ endpoint: 'http://s3.example.com:9000' }, { endpoint: 's3.example.com:9000', use_ssl: false }],
    [{ endpoint: 'https://s3.example.com' }, { endpoint: 's3.example.com', use_ssl: true }],
    [{ endpoint: 'HTTPS://s3.example.com/' }, { endpoint: 's3.example.com', use_ssl: true }],
    [
      { endpoint: 'http://s3.example.com/', use_ssl: 'false' },
      { endpoint: 's3.example.com', use_ssl: false },
    ],
    [
      { endpoint: 'https://[2001:db8::1]:9000', use_ssl: true },
      { endpoint: '[2001:db8::1]:9000', use_ssl: true },
    ],
  ])('given %j, it is understood', async (given, expected) => {
    const { made, config } = await create(given);
    expect([made.status, config]).toMatchObject([201, expected]);
  });

  test.each([
    [
      { endpoint: 'http://s3.example.com', use_ssl: true },
      'config.use_ssl',
      /contradicts the endpoint, which begins with http:/,
    ],
    [{ endpoint: 'https://s3.example.com', use_ssl: 'false' }, 'config.use_ssl', /begins with https:/],
    [{ use_ssl: 'yes' }, 'config.use_ssl', /./],
    [{ use_ssl: '' }, 'config.use_ssl', /./],
    [{ use_ssl: null }, 'config.use_ssl', /./],
    [{ path_style: '0' }, 'config.path_style', /./],
    [{ list_version: '3' }, 'config.list_version', /"auto", 1 or 2/],
    [{ endpoint: 'http://' }, 'config.endpoint', /must name a host behind its scheme/],
    [{ endpoint: 'https:///' }, 'config.endpoint', /must name a host behind its scheme/],
    [{ endpoint: 'ftp://s3.example.com' }, 'config.endpoint', /./],
    [{ endpoint: 'http://http://s3.example.com' }, 'config.endpoint', /./],
    [{ endpoint: 'http://user:word@s3.example.com' }, 'config.endpoint', /./],
    [{ endpoint: 'http://2130706433' }, 'config.endpoint', /four decimal numbers/],
    [{ endpoint: 'http://s3.example.com?x' }, 'config.endpoint', /./],
    [{ endpoint: ['http://s3.example.com'] }, 'config.endpoint', /./],
  ])('given %j, it is 422 that names the field, and no connector', async (given, field, reason) => {
    const { api, made, error } = await create(given);
    expect([made.status, error.code, error.message]).toEqual([422, 'VALIDATION_ERROR', expect.stringMatching(reason)]);
    expect(error.details).toContainEqual(expect.objectContaining({ path: field }));
    expect((await api.call('GET', '/v1/connectors')).json.data.total).toBe(0);
  });

  test('given a scheme of a private address, the guard judges the host behind it', async () => {
    const targets: BucketTarget[] = [];
    const buckets = {
      open(target: BucketTarget): never {
        targets.push(target);
        throw new Error('seen');
      },
    };
    const api = createApi({ deps: { buckets } });
    const body = connectorBody({}, { region: undefined, endpoint: 'http://169.254.169.254' });
    await api.call('POST', '/v1/connectors', { body });
    await api.call('POST', '/v1/connectors/1/test');
    expect(targets).toMatchObject([{ endpoint: '169.254.169.254', useSsl: false }]);
  });
});

describe('the settings that are shown', () => {
  test('given keys, none of them is, in any answer', async () => {
    const { api, made, config } = await create({ prefix: 'in/', extensions: ['pdf'] });
    expect(config).toEqual({
      ...{ bucket: 'my-documents', endpoint: 's3.example.com:9000', prefix: 'in/', extensions: ['pdf'] },
    });
    for (const path of ['/v1/connectors', '/v1/connectors/1']) {
      const { text } = await api.call('GET', path);
      for (const part of ['AKIA', secret, 'access_key', 'sealed'])
        expect([path, part, text]).toEqual([path, part, expect.not.stringContaining(part)]);
    }
    expect((await api.call('GET', '/v1/connectors/1')).json).toEqual(made.json);
  });

  test('given a role, it is, with what its trust policy has to ask for', async () => {
    const api = createApi();
    const config = { bucket: 'my-documents', region: 'eu-west-1', role_arn: `${readers}docs` };
    const made = await api.call('POST', '/v1/connectors', { body: { type: 's3', name: 'role', config } });
    expect(made.json.data.config).toEqual({ ...config, external_id: expect.stringMatching(/^id/) });
  });
});

test('given GET /v1/usage, it says in the words of both clients that nothing is metered', async () => {
  const { status, json } = await createApi().call('GET', '/v1/usage');
  expect([status, json.data]).toEqual([
    200,
    {
      plan: 'self-hosted',
      usage: { credits: { used: 0, limit: null, remaining: null } },
      trial: { is_trial: false, trial_ends_at: null, trial_days_remaining: null },
    },
  ]);
});
