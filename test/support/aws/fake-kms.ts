import { createCipheriv, createDecipheriv, createHash, randomBytes } from 'node:crypto';
import {
  DecryptCommand,
  EncryptCommand,
  IncorrectKeyException,
  InvalidCiphertextException,
  type KMSClient,
  KMSServiceException,
  NotFoundException,
} from '@aws-sdk/client-kms';

const $metadata = {};
const ID_BYTES = 16;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

type Cryptogram = { KeyId?: string | undefined; EncryptionContext?: Record<string, string> | undefined };

/** Symmetric keys of KMS: real authenticated encryption whose additional data is the encryption context. */
export class FakeKms {
  readonly client: KMSClient;
  readonly calls: (EncryptCommand | DecryptCommand)[] = [];
  /** Thrown at each call while it stands. */
  fault: Error | undefined;
  readonly #keys: ReadonlyMap<string, Buffer>;

  constructor(keyArns: readonly string[]) {
    this.#keys = new Map(keyArns.map((arn) => [arn, randomBytes(32)]));
    this.client = { send: (command: object) => this.#send(command) } as unknown as KMSClient;
  }

  async #send(command: object): Promise<object> {
    await Promise.resolve();
    if (!(command instanceof EncryptCommand || command instanceof DecryptCommand)) {
      throw new Error(`the fake KMS does not know ${command.constructor.name}`);
    }
    this.calls.push(command);
    if (this.fault) throw this.fault;
    checkContext(command.input);
    if (command instanceof EncryptCommand) return this.#encrypt(command);
    return this.#decrypt(command);
  }

  #encrypt({ input }: EncryptCommand): object {
    const key = this.#key(input.KeyId);
    const plaintext = input.Plaintext ?? Buffer.alloc(0);
    if (plaintext.length < 1 || plaintext.length > 4096) throw invalid('plaintext must have 1 to 4096 bytes');
    const nonce = randomBytes(NONCE_BYTES);
    const cipher = createCipheriv('aes-256-gcm', key, nonce, { authTagLength: TAG_BYTES });
    cipher.setAAD(aad(input));
    const sealed = Buffer.concat([cipher.update(plaintext), cipher.final(), cipher.getAuthTag()]);
    return { CiphertextBlob: new Uint8Array(Buffer.concat([idOf(input.KeyId), nonce, sealed])), KeyId: input.KeyId };
  }

  #decrypt({ input }: DecryptCommand): object {
    const key = this.#key(input.KeyId);
    const blob = Buffer.from(input.CiphertextBlob ?? []);
    if (blob.length < 1 || blob.length > 6144) throw invalid('ciphertextBlob must have 1 to 6144 bytes');
    const body = blob.subarray(ID_BYTES + NONCE_BYTES);
    if (body.length <= TAG_BYTES) throw unreadable();
    if (!blob.subarray(0, ID_BYTES).equals(idOf(input.KeyId))) {
      const known = [...this.#keys.keys()].some((arn) => blob.subarray(0, ID_BYTES).equals(idOf(arn)));
      throw known ? new IncorrectKeyException({ message: 'sealed with another key', $metadata }) : unreadable();
    }
    const nonce = blob.subarray(ID_BYTES, ID_BYTES + NONCE_BYTES);
    const decipher = createDecipheriv('aes-256-gcm', key, nonce, { authTagLength: TAG_BYTES });
    decipher.setAAD(aad(input));
    decipher.setAuthTag(body.subarray(-TAG_BYTES));
    try {
      const plaintext = Buffer.concat([decipher.update(body.subarray(0, -TAG_BYTES)), decipher.final()]);
      return { Plaintext: new Uint8Array(plaintext), KeyId: input.KeyId };
    } catch {
      throw unreadable();
    }
  }

  #key(arn = ''): Buffer {
    const key = this.#keys.get(arn);
    if (key === undefined) throw new NotFoundException({ message: `Key '${arn}' does not exist`, $metadata });
    return key;
  }
}

function checkContext({ EncryptionContext: context = {} }: Cryptogram): void {
  if (Object.entries(context).flat().includes('')) throw invalid('Invalid EncryptionContext');
}

function aad({ EncryptionContext: context = {} }: Cryptogram): Buffer {
  return Buffer.from(JSON.stringify(Object.entries(context).sort(([a], [b]) => (a < b ? -1 : 1))));
}

function idOf(arn = ''): Buffer {
  return createHash('sha256').update(arn).digest().subarray(0, ID_BYTES);
}

function unreadable(): InvalidCiphertextException {
  return new InvalidCiphertextException({ message: '', $metadata });
}

function invalid(message: string): KMSServiceException {
  return new KMSServiceException({ name: 'ValidationException', $fault: 'client', message, $metadata });
}
