import {
  GetSecretValueCommand,
  ResourceNotFoundException,
  type SecretsManagerClient,
} from '@aws-sdk/client-secrets-manager';

/** Secrets Manager's GetSecretValue for secrets that are text. */
export class FakeSecretsManager {
  readonly client: SecretsManagerClient;
  /** By ARN; change it to rotate. */
  readonly secrets = new Map<string, string>();
  reads = 0;
  /** Thrown at each read while it stands. */
  fault: Error | undefined;
  /** A read waits for this before it answers. */
  gate: Promise<void> = Promise.resolve();

  constructor() {
    this.client = { send: (command: object) => this.#send(command) } as unknown as SecretsManagerClient;
  }

  async #send(command: object): Promise<object> {
    if (!(command instanceof GetSecretValueCommand)) throw new Error(`not a read: ${command.constructor.name}`);
    this.reads += 1;
    await this.gate;
    if (this.fault) throw this.fault;
    const text = this.secrets.get(command.input.SecretId ?? '');
    if (text === undefined) {
      const message = "Secrets Manager can't find the specified secret.";
      throw new ResourceNotFoundException({ message, $metadata: {} });
    }
    return { SecretString: text };
  }
}
