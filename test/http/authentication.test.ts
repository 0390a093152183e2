import { describe, expect, test } from 'vitest';
import { createStaticApiKeys } from '#http/table/api-keys.ts';
import { createApi } from './api-fixture.ts';

const keys = { read: 'read-key-0123456789', manage: 'manage-key-0123456789' };
const apiKeys = createStaticApiKeys([
  { scope: 'read', key: keys.read },
  { scope: 'manage', key: keys.manage },
]);

describe('keys', () => {
  test.each([
    ['X-API-KEY', { 'x-api-key': keys.read }],
    ['X-API-TOKEN', { 'x-api-token': keys.read }],
    ['Authorization', { authorization: `Bearer ${keys.read}` }],
    ['Authorization in lower case', { authorization: `bearer ${keys.read}` }],
  ])('given a key in %s, it is taken', async (_name, headers) => {
    const { status } = await createApi({ apiKeys }).call('GET', '/connector/s3', { headers });
    expect(status).toBe(200);
  });

  test.each([
    ['no key', {}],
    ['an empty key', { 'x-api-key': '' }],
    ['an unknown key', { 'x-api-key': 'another-key-0123456789' }],
    ['a known key with more behind it', { 'x-api-key': `${keys.manage}x` }],
    ['two keys joined', { 'x-api-key': `${keys.manage},${keys.manage}` }],
    ['a very long key', { 'x-api-key': 'k'.repeat(9000) }],
    ['a key with another scheme', { authorization: `Basic ${keys.manage}` }],
    ['a key without a scheme', { authorization: keys.manage }],
    ['a bad key before a good one', { 'x-api-key': 'bad', authorization: `Bearer ${keys.manage}` }],
  ])('given %s, the answer is 401 in the words of Coco, and the log has no key', async (_name, headers) => {
    const api = createApi({ apiKeys });
    const { status, json, headers: answered } = await api.call('GET', '/connector/s3', { headers });
    expect(status).toBe(401);
    expect(json).toMatchObject({ status: 401, error: { reason: 'invalid login' } });
    expect(answered['www-authenticate']).toBe('Bearer');
    for (const key of Object.values(headers)) if (key) expect(JSON.stringify(api.log.lines)).not.toContain(key);
  });

  test('given no key, a path that does not exist is 401 too: nothing is told to strangers', async () => {
    const { status } = await createApi({ apiKeys }).call('GET', '/nothing/here');
    expect(status).toBe(401);
  });

  test('given no keys at all in a static set, nobody gets in', async () => {
    const api = createApi({ apiKeys: createStaticApiKeys([]) });
    expect((await api.call('GET', '/connector/s3', { headers: { 'x-api-key': 'any' } })).status).toBe(401);
  });

  test('given an empty key or one that no header can carry, a static set is refused', () => {
    for (const key of ['', ' ', 'a b', 'é']) {
      expect(() => createStaticApiKeys([{ key, scope: 'read' }])).toThrow('printable ASCII');
    }
  });

  test('given _health, it answers without a key and says nothing more', async () => {
    const { status, json } = await createApi({ apiKeys }).call('GET', '/_health');
    expect([status, json]).toEqual([200, { status: 'ok' }]);
  });
});
