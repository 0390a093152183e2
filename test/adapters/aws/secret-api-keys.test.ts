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
  const scopeOf = async (text: string) => (await keys.find(text))?.scope;
  const outage = () => Object.assign(new Error(`answered ${KEY}`), { name: 'InternalServiceError' });

  test('given the key, then it manages, and anything else is nobody', async () => {
    expect(keys.configured).toBe(true);
    expect(await scopeOf(KEY)).toBe('manage');
    for (const other of ['', 'x', KEY.slice(1), `${KEY} `, KEY.toUpperCase(), `${KEY}${KEY}`]) {
      expect(await scopeOf(other)).toBeUndefined();
    }
  });

  test('given many requests at once, then the secret is read once', async () => {
    const gate = Promise.withResolvers<void>();
    secrets.gate = gate.promise;
    const scopes = Promise.all(Array.from({ length: 20 }, () => scopeOf(KEY)));
    gate.resolve();
    expect(new Set(await scopes)).toEqual(new Set(['manage']));
    expect(secrets.reads).toBe(1);
  });

  test('given it was rotated, then the new key counts after a minute and the old one no longer', async () => {
    await scopeOf(KEY);
    secrets.secrets.set(SECRET, ROTATED);
    now += MINUTE - 1;
    expect(await scopeOf(ROTATED)).toBeUndefined();
    expect(secrets.reads).toBe(1);
    now += 1;
    expect(await scopeOf(ROTATED)).toBe('manage');
    expect(await scopeOf(KEY)).toBeUndefined();
    expect(secrets.reads).toBe(2);
  });

  test('given Secrets Manager fails, then the known key counts for a minute, and then it is 503: nobody gets in', async () => {
    await scopeOf(KEY);
    secrets.fault = outage();
    now += MINUTE - 1;
    expect(await scopeOf(KEY)).toBe('manage');
    expect(await scopeOf('x')).toBeUndefined();
    now += 1;
    await expect(scopeOf(KEY)).rejects.toMatchObject({ code: 'keys_unavailable', retryAfterSeconds: 5 });
    secrets.fault = undefined;
    now += 5 * SECOND;
    expect(await scopeOf(KEY)).toBe('manage');
  });

  test('given Secrets Manager fails, then it is asked again after a pause only, and meanwhile each request is told', async () => {
    secrets.fault = outage();
    for (let request = 0; request < 10; request++) {
      await expect(scopeOf(KEY)).rejects.toMatchObject({ code: 'keys_unavailable' });
    }
    expect(secrets.reads).toBe(1);
    now += 5 * SECOND;
    await expect(scopeOf(KEY)).rejects.toMatchObject({ code: 'keys_unavailable' });
    expect(secrets.reads).toBe(2);
  });

  test('given the key was rotated while it was being read, then the old one is dead a minute after the read began', async () => {
    const gate = Promise.withResolvers<void>();
    secrets.gate = gate.promise;
    const first = scopeOf(KEY);
    now += 15 * SECOND;
    gate.resolve();
    expect(await first).toBe('manage');
    secrets.secrets.set(SECRET, ROTATED);
    now += 45 * SECOND;
    expect(await scopeOf(KEY)).toBeUndefined();
  });

  test('given the first read fails, then the error holds nothing of the answer', async () => {
    secrets.fault = outage();
    const failure = await scopeOf(KEY).catch((error: unknown) => error);
    expect(failure).toMatchObject({
      message: 'the API keys cannot be read at the moment; try again in 5 s',
      why: "the deployment's key could not be read from Secrets Manager: InternalServiceError",
      cause: undefined,
    });
  });

  test('given the secret is missing, then it throws', async () => {
    secrets.secrets.clear();
    await expect(scopeOf(KEY)).rejects.toMatchObject({ why: expect.stringContaining('ResourceNotFoundException') });
  });

  test('given the clock was set back, then the secret is read anew', async () => {
    await scopeOf(KEY);
    now -= MINUTE;
    secrets.secrets.set(SECRET, ROTATED);
    expect(await scopeOf(ROTATED)).toBe('manage');
  });

  test('given the secret ends with a line break, then the key is what stands before it', async () => {
    secrets.secrets.set(SECRET, `${KEY}\n`);
    expect(await scopeOf(KEY)).toBe('manage');
  });

  test.each(['', ' ', '{"key": "value"}', 'a b', 'schlüssel'])(
    'given the secret is %j, then nobody gets in, and the error does not say it',
    async (text) => {
      secrets.secrets.set(SECRET, text);
      const failure = await scopeOf(text).catch((error: unknown) => error);
      expect(failure).toMatchObject({
        code: 'keys_unavailable',
        why: "the secret of the deployment's key must be the key itself: printable ASCII without spaces",
      });
    },
  );

  test('given the secret has the form of a stored key, which is looked for in the table, then nobody gets in', async () => {
    secrets.secrets.set(SECRET, `stk_${'a'.repeat(12)}_${'b'.repeat(50)}`);
    await expect(scopeOf('x')).rejects.toMatchObject({ why: expect.stringContaining('set another text') });
  });
});
