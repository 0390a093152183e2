import type { VaultContext } from '#core/model/ports/vault.ts';

/** What a vault throws for any ciphertext that it cannot open, in the same words whatever is wrong with it. */
export function cannotBeOpened({ kind, field }: VaultContext): Error {
  return new Error(`the sealed ${kind} ${field} cannot be opened: it belongs to another owner or was changed`);
}

/** The bytes of a base64url text that is exactly how they are written. Node skips characters that are not base64url and
 *  ignores spare bits, so many texts would mean the same bytes. */
export function decodeExactly(text: string): Buffer | undefined {
  const bytes = Buffer.from(text, 'base64url');
  return bytes.toString('base64url') === text ? bytes : undefined;
}
