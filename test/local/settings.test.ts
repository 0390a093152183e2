import { describe, expect, test } from 'vitest';
import { needsKeys, readSettings } from '#local/settings.ts';

const keys = 'admin:a-key-of-16-characters';

describe('what npm start is told', () => {
  test('given no keys, then all endpoints of this machine and its networks may be dialled', () => {
    expect(readSettings({}).privateEndpoints).toBe(true);
  });

  test('given keys, then none, as deployed', () => {
    expect(readSettings({ STOCKTAKE_API_KEYS: keys }).privateEndpoints).toEqual(false);
  });

  test.each([{}, { STOCKTAKE_API_KEYS: keys }])('given %o and a list, then those on it alone', (env) => {
    const settings = readSettings({ ...env, STOCKTAKE_PRIVATE_ENDPOINTS: '10.0.0.5:9000,minio.lan' });
    expect(settings.privateEndpoints).toEqual(['10.0.0.5:9000', 'minio.lan']);
  });

  test('given a list with what is no endpoint, then it says which', () => {
    expect(() => readSettings({ STOCKTAKE_PRIVATE_ENDPOINTS: 'minio.lan,http://x' })).toThrow(
      /STOCKTAKE_PRIVATE_ENDPOINTS\.1: must be host/,
    );
  });

  test('given STOCKTAKE_AUTH=keys, then keys are needed without any in the settings, and private endpoints are closed', () => {
    const settings = readSettings({ STOCKTAKE_AUTH: 'keys', HOST: '0.0.0.0' });
    expect([needsKeys(settings), settings.apiKeys, settings.privateEndpoints]).toEqual([true, [], false]);
    expect(needsKeys(readSettings({ STOCKTAKE_API_KEYS: keys }))).toBe(true);
    expect(needsKeys(readSettings({ STOCKTAKE_AUTH: '' }))).toBe(false);
  });

  test.each(['key', 'KEYS', 'none', 'true', ' keys'])('given STOCKTAKE_AUTH=%s, then it is refused', (text) => {
    expect(() => readSettings({ STOCKTAKE_AUTH: text })).toThrow(/STOCKTAKE_AUTH: must be "keys"/);
  });

  test.each(['0.0.0.0', '::', '192.168.1.5', 'stocktake.lan'])(
    'given HOST=%s and no keys, then it is refused, and told both ways to have some',
    (HOST) => {
      expect(() => readSettings({ HOST })).toThrow(/STOCKTAKE_AUTH=keys.*STOCKTAKE_API_KEYS/);
      expect(readSettings({ HOST, STOCKTAKE_API_KEYS: keys }).host).toBe(HOST);
    },
  );

  test.each([
    'read:one-key-of-16-chars,read:one-key-of-16-chars',
    'read:one-key-of-16-chars, write:one-key-of-16-chars',
  ])('given the same key twice, as in %s, then it is refused without being shown', (text) => {
    const failure = reason({ STOCKTAKE_API_KEYS: text });
    expect(failure).toMatch(/STOCKTAKE_API_KEYS\.1: is the same key as number 1/);
    expect(failure).not.toContain('one-key');
  });

  test('given a key that the API made, then it is refused: the setting would outlive its end', () => {
    const failure = reason({ STOCKTAKE_API_KEYS: `read:stk_${'a'.repeat(12)}_${'b'.repeat(50)}` });
    expect(failure).toMatch(/STOCKTAKE_API_KEYS\.0: is a key that the API made/);
  });

  test('given keys of all scopes, then admin is manage, and colons belong to the key', () => {
    const text = 'read:one:key:of:16:chars,admin:two-key-of-16-chars,manage:tri-key-of-16-chars';
    expect(readSettings({ STOCKTAKE_API_KEYS: text }).apiKeys).toEqual([
      { scope: 'read', key: 'one:key:of:16:chars' },
      { scope: 'manage', key: 'two-key-of-16-chars' },
      { scope: 'manage', key: 'tri-key-of-16-chars' },
    ]);
  });

  test('given no quotas, then those of the design, and objects as the disk has room', () => {
    expect(readSettings({}).quotas).toEqual({
      datasources: { most: 10_000, setting: 'STOCKTAKE_MAX_DATASOURCES' },
      connectors: { most: 1000, setting: 'STOCKTAKE_MAX_CONNECTORS' },
      objects: { most: Number.MAX_SAFE_INTEGER, setting: 'STOCKTAKE_MAX_OBJECTS' },
      leastFreeBytes: 1e9,
    });
  });

  test('given quotas, then those; one that is no whole number is refused', () => {
    const given = { STOCKTAKE_MAX_DATASOURCES: '5', STOCKTAKE_MAX_OBJECTS: '70', STOCKTAKE_MIN_FREE_MB: '20' };
    expect(readSettings(given).quotas).toMatchObject({
      datasources: { most: 5 },
      objects: { most: 70 },
      leastFreeBytes: 2e7,
    });
    for (const wrong of ['-1', '1.5', 'many']) {
      expect(() => readSettings({ STOCKTAKE_MAX_CONNECTORS: wrong })).toThrow(
        /STOCKTAKE_MAX_CONNECTORS: must be a whole/,
      );
    }
  });
});

function reason(env: Record<string, string>): string {
  try {
    readSettings(env);
  } catch (error) {
    return String(error);
  }
  return 'nothing was wrong';
}
