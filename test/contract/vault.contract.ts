import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Opener, Sealer, VaultContext } from '#core/model/ports/vault.ts';

export type VaultUnderTest = { readonly vault: Sealer & Opener; close(): Promise<void> };

const context: VaultContext = { kind: 'datasource', uid: 'u1', field: 'secret_access_key' };

/** What both hosts' vault must do; `numRuns` of the property tests, as a remote vault is slow. */
export function vaultContract(name: string, make: () => Promise<VaultUnderTest>, numRuns = 100): void {
  describe(`Sealer and Opener: ${name}`, () => {
    let made: VaultUnderTest;
    beforeEach(async () => {
      made = await make();
    });
    afterEach(() => made.close());

    test('given any text and context, when it is sealed, then it opens to the same text', async () => {
      const text = fc.string({ unit: 'binary', maxLength: 300 });
      // A KMS encryption context takes no empty values.
      const part = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 40 });
      const contexts = fc.record({ kind: part, uid: part, field: part });
      await fc.assert(
        fc.asyncProperty(text, contexts, async (plaintext, bound) => {
          const sealed = await made.vault.seal(plaintext, bound);
          expect(await made.vault.open(sealed, bound)).toBe(plaintext);
        }),
        { numRuns },
      );
    });

    test('given the same text is sealed twice, then nobody can see that it is the same', async () => {
      expect(await made.vault.seal('secret', context)).not.toBe(await made.vault.seal('secret', context));
    });

    test('given a sealed text, then it does not contain the text', async () => {
      const sealed = await made.vault.seal('AKIDEXAMPLEAKIDEXAMPLE', context);
      expect(sealed).not.toContain('AKIDEXAMPLE');
      expect(Buffer.from(sealed, 'base64').toString('latin1')).not.toContain('AKIDEXAMPLE');
    });

    test.each([
      { ...context, kind: 'connector' },
      { ...context, uid: 'u2' },
      { ...context, field: 'session_token' },
      { kind: 'datasource', uid: 'u1secret_access_key', field: '' },
      { kind: 'datasourceu1', uid: '', field: 'secret_access_key' },
      { kind: 'datasource","u1', uid: 'secret_access_key', field: '' },
    ])('given the context %j, then what was sealed for another owner does not open', async (other) => {
      const sealed = await made.vault.seal('the text', context);
      const failure = await made.vault.open(sealed, other).catch((error) => error);
      expect(failure).toBeInstanceOf(Error);
      expect(failure.message).toContain('cannot be opened: it belongs to another owner or was changed');
      expect(failure.message).not.toContain('the text');
      expect(failure.message).not.toContain(sealed);
    });

    test.each(['', 'v1', 'plain text', 'v2.AAAAAAAAAAAAAAAA.AAAAAAAAAAAAAAAAAAAAAAAA', 'v1.AAAA.AAAA'])(
      'given %j, then it does not open',
      async (text) => {
        await expect(made.vault.open(text, context)).rejects.toThrow('cannot be opened');
      },
    );

    test('given text that UTF-8 cannot hold, then sealing refuses it instead of changing it', async () => {
      await expect(made.vault.seal('a\ud800b', context)).rejects.toThrow('surrogate');
    });
  });
}
