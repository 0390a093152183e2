import { type IGrantable, PolicyStatement } from 'aws-cdk-lib/aws-iam';
import { type IKey, Key } from 'aws-cdk-lib/aws-kms';
import { Construct } from 'constructs';
import type { StackConfig } from '../config/config.ts';
import { removalOf } from './removal.ts';

/** Whose secrets: `kind` of the encryption context that functions/adapters/aws/kms-vault.ts sends. */
type SecretKind = 'connector' | 'datasource' | 'webhook';
const credentials: readonly SecretKind[] = ['connector', 'datasource'];
const webhooks: readonly SecretKind[] = ['webhook'];

type SecretsKeyConfig = Pick<StackConfig, 'removalPolicy' | 'namePrefix' | 'secretsKeyArn'>;

/** The key that credentials of S3 servers and secrets of webhooks are sealed with. No function may both seal and open. */
export class SecretsKey extends Construct {
  /** The stack's own, or the one that the secrets in an existing table were sealed with. */
  readonly key: IKey;

  constructor(scope: Construct, id: string, config: SecretsKeyConfig) {
    super(scope, id);
    this.key =
      config.secretsKeyArn === undefined ? this.#own(config) : Key.fromKeyArn(this, 'Key', config.secretsKeyArn);
  }

  #own(config: SecretsKeyConfig): IKey {
    return new Key(this, 'Key', {
      description: `${config.namePrefix}: seals the credentials of datasources and connectors`,
      enableKeyRotation: true,
      removalPolicy: removalOf(config),
    });
  }

  grantSeal(grantee: IGrantable): { KEY_ARN: string } {
    return this.#allow(grantee, 'kms:Encrypt', [...credentials, ...webhooks]);
  }

  grantOpen(grantee: IGrantable): { KEY_ARN: string } {
    return this.#allow(grantee, 'kms:Decrypt', credentials);
  }

  /** Whoever signs for webhooks cannot open the credentials of a bucket, and the reverse. */
  grantOpenWebhooks(grantee: IGrantable): { KEY_ARN: string } {
    return this.#allow(grantee, 'kms:Decrypt', webhooks);
  }

  /** IfExists takes nothing away: what was sealed to a kind does not open without naming it. */
  #allow(grantee: IGrantable, action: string, kinds: readonly SecretKind[]): { KEY_ARN: string } {
    grantee.grantPrincipal.addToPrincipalPolicy(
      new PolicyStatement({
        actions: [action],
        resources: [this.key.keyArn],
        conditions: { StringEqualsIfExists: { 'kms:EncryptionContext:kind': kinds } },
      }),
    );
    return { KEY_ARN: this.key.keyArn };
  }
}
