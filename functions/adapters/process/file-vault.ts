import { createCipheriv, createDecipheriv, createSecretKey, type KeyObject, randomBytes } from 'node:crypto';
import type { Opener, Sealer, VaultContext } from '#core/model/ports/vault.ts';
import { cannotBeOpened, decodeExactly } from '../sealed-text.ts';
import { readOrCreateKeyFile } from './key-file.ts';

const KEY_BYTES = 32;
/** The nonce size that NIST SP 800-38D gives for GCM; random ones are safe for 2^32 texts under one key. */
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/**
 * A vault whose key is a file: AES-256-GCM, `v1.<nonce>.<ciphertext and tag>`, both base64url without padding.
 * Creates the key file if there is none. Throws if the file may be read by others or is not a key.
 */
export async function openFileVault(path: string): Promise<Sealer & Opener> {
  const key = createSecretKey(await readOrCreateKeyFile(path, KEY_BYTES));
  return {
    async seal(plaintext, context) {
      return seal(key, plaintext, context);
    },
    async open(ciphertext, context) {
      return open(key, ciphertext, context);
    },
  };
}

function seal(key: KeyObject, plaintext: string, context: VaultContext): string {
  // UTF-8 would turn a lone surrogate into U+FFFD, and another secret would come back.
  if (!plaintext.isWellFormed()) throw new Error('a secret must be well-formed text: it holds a lone surrogate');
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv('aes-256-gcm', key, nonce, { authTagLength: TAG_BYTES });
  cipher.setAAD(boundTo(context));
  const sealed = Buffer.concat([cipher.update(plaintext, 'utf8'), cipher.final(), cipher.getAuthTag()]);
  return `v1.${nonce.toString('base64url')}.${sealed.toString('base64url')}`;
}

function open(key: KeyObject, ciphertext: string, context: VaultContext): string {
  const [version, nonceText = '', sealedText = '', ...rest] = ciphertext.split('.');
  const nonce = decodeExactly(nonceText);
  const sealed = decodeExactly(sealedText);
  if (version !== 'v1' || rest.length > 0 || nonce?.length !== NONCE_BYTES || !sealed || sealed.length < TAG_BYTES) {
    throw cannotBeOpened(context);
  }
  const decipher = createDecipheriv('aes-256-gcm', key, nonce, { authTagLength: TAG_BYTES });
  decipher.setAAD(boundTo(context));
  decipher.setAuthTag(sealed.subarray(-TAG_BYTES));
  try {
    return Buffer.concat([decipher.update(sealed.subarray(0, -TAG_BYTES)), decipher.final()]).toString('utf8');
  } catch {
    throw cannotBeOpened(context);
  }
}

/** A JSON array keeps its members apart whatever they hold: ("a", "bc") and ("ab", "c") differ. */
function boundTo({ kind, uid, field }: VaultContext): Buffer {
  return Buffer.from(JSON.stringify([kind, uid, field]));
}
