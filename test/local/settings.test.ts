import { describe, expect, test } from 'vitest';
import { readSettings } from '#local/settings.ts';

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
});
