import { RemovalPolicy } from 'aws-cdk-lib';
import { type IGrantable, PolicyStatement } from 'aws-cdk-lib/aws-iam';
import { Key } from 'aws-cdk-lib/aws-kms';
import { Construct } from 'constructs';
import type { StackConfig } from '../config.ts';

/** Whose secrets: `kind` of the encryption context that functions/adapters/aws/kms-vault.ts sends. */
type SecretKind = 'connector' | 'datasource';
const kinds: readonly SecretKind[] = ['connector', 'datasource'];

/** The key that credentials of S3 servers are sealed with. No function may both seal and open. */
export class SecretsKey extends Construct {
  readonly key: Key;

  constructor(scope: Construct, id: string, config: Pick<StackConfig, 'removalPolicy' | 'namePrefix'>) {
    super(scope, id);
    this.key = new Key(this, 'Key', {
      description: `${config.namePrefix}: seals the credentials of datasources and connectors`,
      enableKeyRotation: true,
      removalPolicy: config.removalPolicy === 'retain' ? RemovalPolicy.RETAIN : RemovalPolicy.DESTROY,
    });
  }

  grantSeal(grantee: IGrantable): { KEY_ARN: string } {
    return this.#allow(grantee, 'kms:Encrypt');
  }

  grantOpen(grantee: IGrantable): { KEY_ARN: string } {
    return this.#allow(grantee, 'kms:Decrypt');
  }

  /** IfExists takes nothing away: what was sealed to a kind does not open without naming it. */
  #allow(grantee: IGrantable, action: string): { KEY_ARN: string } {
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
