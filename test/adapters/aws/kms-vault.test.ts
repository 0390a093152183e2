import { DisabledException, InvalidCiphertextException } from '@aws-sdk/client-kms';
import fc from 'fast-check';
import { beforeEach, describe, expect, test } from 'vitest';
import { createKmsOpener, createKmsSealer } from '#adapters/aws/kms-vault.ts';
import type { VaultContext } from '#core/model/ports/vault.ts';
import { FakeKms } from '#support/aws/fake-kms.ts';

const KEY = 'arn:aws:kms:eu-west-1:111122223333:key/one';
const OTHER_KEY = 'arn:aws:kms:eu-west-1:111122223333:key/two';
const context: VaultContext = { kind: 'datasource', uid: 'u1', field: 'secret_access_key' };

describe('KMS vault', () => {
  let kms: FakeKms;
  beforeEach(() => {
    kms = new FakeKms([KEY, OTHER_KEY]);
  });
  const seal = (text: string, keyArn = KEY, bound = context) => createKmsSealer(kms.client, keyArn).seal(text, bound);
  const open = (text: string, keyArn = KEY) => createKmsOpener(kms.client, keyArn).open(text, context);

  test('given a text is sealed and opened, then both calls name the key and the context', async () => {
    const sealed = await seal('sixteen letters.');
    expect(sealed).toMatch(/^k1\.[\w-]+$/);
    await open(sealed);
    for (const { input } of kms.calls) expect(input).toMatchObject({ KeyId: KEY, EncryptionContext: context });
    expect(kms.calls).toHaveLength(2);
  });

  test('given 4,096 bytes, then they are sealed, and one more is refused without asking KMS', async () => {
    const fits = `é${'x'.repeat(4094)}`;
    expect(await open(await seal(fits))).toBe(fits);
    await expect(seal(`${fits}y`)).rejects.toMatchObject({
      code: 'invalid_request',
      message: 'secret_access_key must be at most 4,096 bytes in UTF-8, it has 4097',
    });
    expect(kms.calls).toHaveLength(2);
  });

  test.each(['', '\u0000', '\u00ff'])('given %j, then it opens to the same', async (text) => {
    expect(await open(await seal(text))).toBe(text);
  });

  test('given it was sealed with another key, then it does not open', async () => {
    await expect(open(await seal('secret', OTHER_KEY))).rejects.toThrow('cannot be opened');
  });

  test('given a context with an empty part, then nothing is sealed to it', async () => {
    await expect(seal('secret', KEY, { ...context, field: '' })).rejects.toThrow('none of them empty');
    expect(kms.calls).toEqual([]);
  });

  test('given any one character of a sealed text is changed, dropped or added, then it does not open', async () => {
    const sealed = await seal('sixteen letters.');
    const change = fc.record({
      at: fc.nat(sealed.length),
      how: fc.constantFrom('replace', 'drop', 'insert'),
      by: fc.constantFrom(...'AZaz09-_.=+/ \n'),
    });
    await fc.assert(
      fc.asyncProperty(change, async ({ at, how, by }) => {
        const inserted = how === 'drop' ? '' : by;
        const changed = sealed.slice(0, at) + inserted + sealed.slice(how === 'insert' ? at : at + 1);
        fc.pre(changed !== sealed);
        await expect(open(changed)).rejects.toThrow('cannot be opened');
      }),
      { numRuns: 300 },
    );
  });

  test.each([
    Object.assign(new Error('Rate exceeded'), { name: 'ThrottlingException' }),
    new DisabledException({ message: 'the key is disabled', $metadata: {} }),
    Object.assign(new Error('getaddrinfo ENOTFOUND'), { code: 'ENOTFOUND' }),
  ])('given KMS fails with %s, then sealing and opening throw just that', async (error) => {
    const sealed = await seal('secret');
    kms.fault = error;
    await expect(open(sealed)).rejects.toBe(error);
    await expect(seal('secret')).rejects.toBe(error);
  });

  test('given KMS refuses a ciphertext, then the error carries nothing of what KMS said', async () => {
    const sealed = await seal('secret');
    kms.fault = new InvalidCiphertextException({ message: 'said', $metadata: { requestId: 'r' } });
    const failure = await open(sealed).catch((error: unknown) => error);
    expect(failure).toMatchObject({
      message: 'the sealed datasource secret_access_key cannot be opened: it belongs to another owner or was changed',
    });
    expect(failure).not.toHaveProperty('cause');
    expect(failure).not.toHaveProperty('$metadata');
  });
});
