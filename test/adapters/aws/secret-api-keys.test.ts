import { beforeEach, describe, expect, test } from 'vitest';
import { type ApiKeyReader, createSecretApiKeys } from '#adapters/aws/secret-api-keys.ts';
import { FakeSecretsManager } from '#support/aws/fake-secrets-manager.ts';

const SECRET = 'arn:aws:secretsmanager:eu-west-1:111122223333:secret:admin-abc';
const KEY = 'stk_0123456789abcdefghijklmnopqrstuv';
const ROTATED = 'stk_rotated';
const SECOND = 1000;
const MINUTE = 60 * SECOND;

describe('API keys from Secrets Manager', () => {
  let now: number;
  let secrets: FakeSecretsManager;
  let keys: ApiKeyReader;
  beforeEach(() => {
    now = Date.parse('2026-11-22T07:00:00Z');
    secrets = new FakeSecretsManager();
    secrets.secrets.set(SECRET, KEY);
    keys = createSecretApiKeys(secrets.client, SECRET, { now: () => now });
  });
  const outage = () => Object.assign(new Error(`answered ${KEY}`), { name: 'InternalServiceError' });

  test('given the key, then it is admin, and anything else is nobody', async () => {
    expect(keys.configured).toBe(true);
    expect(await keys.scopeOf(KEY)).toBe('manage');
    for (const other of ['', 'x', KEY.slice(1), `${KEY} `, KEY.toUpperCase(), `${KEY}${KEY}`]) {
      expect(await keys.scopeOf(other)).toBeUndefined();
    }
  });

  test('given many requests at once, then the secret is read once', async () => {
    const gate = Promise.withResolvers<void>();
    secrets.gate = gate.promise;
    const scopes = Promise.all(Array.from({ length: 20 }, () => keys.scopeOf(KEY)));
    gate.resolve();
    expect(new Set(await scopes)).toEqual(new Set(['manage']));
    expect(secrets.reads).toBe(1);
  });

  test('given it was rotated, then the new key counts after a minute and the old one no longer', async () => {
    await keys.scopeOf(KEY);
    secrets.secrets.set(SECRET, ROTATED);
    now += MINUTE - 1;
    expect(await keys.scopeOf(ROTATED)).toBeUndefined();
    expect(secrets.reads).toBe(1);
    now += 1;
    expect(await keys.scopeOf(ROTATED)).toBe('manage');
    expect(await keys.scopeOf(KEY)).toBeUndefined();
    expect(secrets.reads).toBe(2);
  });

  test('given Secrets Manager fails, then the known key counts for ten minutes, and then nobody gets in', async () => {
    await keys.scopeOf(KEY);
    secrets.fault = outage();
    now += 10 * MINUTE - 1;
    expect(await keys.scopeOf(KEY)).toBe('manage');
    expect(await keys.scopeOf('x')).toBeUndefined();
    now += 1;
    await expect(keys.scopeOf(KEY)).rejects.toThrow('InternalServiceError');
    secrets.fault = undefined;
    expect(await keys.scopeOf(KEY)).toBe('manage');
  });

  test('given Secrets Manager fails, then it is asked again after a pause only, as long as a key is known', async () => {
    await keys.scopeOf(KEY);
    secrets.fault = outage();
    now += MINUTE;
    for (let request = 0; request < 10; request++) await keys.scopeOf(KEY);
    expect(secrets.reads).toBe(2);
    now += 5 * SECOND;
    await keys.scopeOf(KEY);
    expect(secrets.reads).toBe(3);
  });

  test('given the first read fails, then each request throws an error that holds nothing of the answer', async () => {
    secrets.fault = outage();
    const failure = await keys.scopeOf(KEY).catch((error: unknown) => error);
    expect(failure).toMatchObject({
      message: 'the admin key could not be read from Secrets Manager: InternalServiceError',
    });
    expect(failure).not.toHaveProperty('cause');
    secrets.fault = undefined;
    expect(await keys.scopeOf(KEY)).toBe('manage');
  });

  test('given the secret is missing, then it throws', async () => {
    secrets.secrets.clear();
    await expect(keys.scopeOf(KEY)).rejects.toThrow('ResourceNotFoundException');
  });

  test('given the clock was set back, then the secret is read anew', async () => {
    await keys.scopeOf(KEY);
    now -= MINUTE;
    secrets.secrets.set(SECRET, ROTATED);
    expect(await keys.scopeOf(ROTATED)).toBe('manage');
  });

  test('given the secret ends with a line break, then the key is what stands before it', async () => {
    secrets.secrets.set(SECRET, `${KEY}\n`);
    expect(await keys.scopeOf(KEY)).toBe('manage');
  });

  test.each(['', ' ', '{"key": "value"}', 'a b', 'schlüssel'])(
    'given the secret is %j, then nobody gets in, and the error does not say it',
    async (text) => {
      secrets.secrets.set(SECRET, text);
      const failure = await keys.scopeOf(text).catch((error: unknown) => error);
      expect(failure).toMatchObject({
        message: 'the secret of the admin key must be the key itself: printable ASCII without spaces',
      });
    },
  );
});
