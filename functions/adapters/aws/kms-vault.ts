import { DecryptCommand, EncryptCommand, type KMSClient } from '@aws-sdk/client-kms';
import { Failure } from '#core/model/errors.ts';
import type { Opener, Sealer, VaultContext } from '#core/model/ports/vault.ts';
import { cannotBeOpened, decodeExactly } from '../sealed-text.ts';
import { bounded } from './bounded.ts';

/** https://docs.aws.amazon.com/kms/latest/APIReference/API_Encrypt.html (Plaintext), for a symmetric key. */
const LARGEST_PLAINTEXT_BYTES = 4096;
const PREFIX = 'k1.';

/** KMS encrypts no empty text. A byte that never occurs in UTF-8 stands for it. */
const EMPTY = Buffer.of(0xff);

/** How KMS says that a ciphertext is not what this context or key sealed; whatever else fails may be tried again. */
const NOT_OURS = new Set(['InvalidCiphertextException', 'IncorrectKeyException', 'ValidationException']);

/**
 * Seals with a KMS key: `k1.` and KMS's own ciphertext in base64url, bound by the encryption context {kind, uid, field}
 * (which CloudTrail shows: it holds no secret). Throws Failure invalid_request for more than 4,096 bytes of UTF-8;
 * errors of KMS are thrown as they are.
 */
export function createKmsSealer(client: Pick<KMSClient, 'send'>, keyArn: string): Sealer {
  return {
    async seal(plaintext, context) {
      if (!isWhole(context))
        throw new Error('a secret must be sealed to a kind, a uid and a field, none of them empty');
      const command = { KeyId: keyArn, Plaintext: encode(plaintext, context), EncryptionContext: boundTo(context) };
      const { CiphertextBlob: sealed } = await bounded((options) => client.send(new EncryptCommand(command), options));
      if (sealed === undefined) throw new Error('KMS answered without a ciphertext');
      return PREFIX + Buffer.from(sealed).toString('base64url');
    },
  };
}

/**
 * Opens what createKmsSealer sealed with the same key. Throws an Error that says so when the text belongs to another
 * owner or was changed; other errors of KMS (throttling, a disabled key, no permission) are thrown as they are.
 */
export function createKmsOpener(client: Pick<KMSClient, 'send'>, keyArn: string): Opener {
  return {
    async open(ciphertext, context) {
      const sealed = bytesOf(ciphertext);
      if (sealed === undefined || !isWhole(context)) throw cannotBeOpened(context);
      // The key is named: without it KMS would open with any key that the ciphertext points to.
      const command = { KeyId: keyArn, CiphertextBlob: sealed, EncryptionContext: boundTo(context) };
      const { Plaintext: plaintext } = await bounded((options) =>
        client.send(new DecryptCommand(command), options),
      ).catch((error: unknown) => {
        throw error instanceof Error && NOT_OURS.has(error.name) ? cannotBeOpened(context) : error;
      });
      if (plaintext === undefined) throw new Error('KMS answered without a plaintext');
      return EMPTY.equals(plaintext) ? '' : Buffer.from(plaintext).toString('utf8');
    },
  };
}

function encode(plaintext: string, { field }: VaultContext): Buffer {
  // UTF-8 would turn a lone surrogate into U+FFFD, and another secret would come back.
  if (!plaintext.isWellFormed()) throw new Error('a secret must be well-formed text: it holds a lone surrogate');
  const bytes = plaintext === '' ? EMPTY : Buffer.from(plaintext, 'utf8');
  if (bytes.length > LARGEST_PLAINTEXT_BYTES) {
    throw new Failure('invalid_request', `${field} must be at most 4,096 bytes in UTF-8, it has ${bytes.length}`);
  }
  return bytes;
}

/** KMS refuses an encryption context with an empty value, so nothing is sealed to one. */
function isWhole({ kind, uid, field }: VaultContext): boolean {
  return kind !== '' && uid !== '' && field !== '';
}

function boundTo({ kind, uid, field }: VaultContext): Record<string, string> {
  return { kind, uid, field };
}

function bytesOf(ciphertext: string): Buffer | undefined {
  const text = ciphertext.startsWith(PREFIX) ? ciphertext.slice(PREFIX.length) : '';
  return text === '' ? undefined : decodeExactly(text);
}
