import { Stack } from 'aws-cdk-lib';
import { type IGrantable, PolicyStatement } from 'aws-cdk-lib/aws-iam';
import { Secret } from 'aws-cdk-lib/aws-secretsmanager';
import { Construct } from 'constructs';
import type { StackConfig } from '../config/config.ts';
import { acknowledge } from './acknowledge.ts';
import { removalOf } from './removal.ts';

/** The deployment's own key to the API, with scope manage. It is made at deploy and is in no template. */
export class AdminKey extends Construct {
  readonly secret: Secret;

  constructor(scope: Construct, id: string, config: Pick<StackConfig, 'removalPolicy' | 'namePrefix'>) {
    super(scope, id);
    this.secret = new Secret(this, 'Secret', {
      description: `${config.namePrefix}: the first API key, scope manage`,
      // Letters and digits only: it goes into headers and shells. 62^48 is more than 2^285.
      generateSecretString: { passwordLength: 48, excludePunctuation: true },
      removalPolicy: removalOf(config),
    });
    const reason = 'Rotating it by itself would lock its users out; docs/runbook.md says how to do it by hand.';
    acknowledge(this, reason, 'AwsSolutions-SMG4');
  }

  /** What an operator runs to read the key. */
  get command(): string {
    const { region } = Stack.of(this);
    const query = '--query SecretString --output text';
    return `aws secretsmanager get-secret-value --region ${region} --secret-id ${this.secret.secretArn} ${query}`;
  }

  grantRead(grantee: IGrantable): { ADMIN_KEY_SECRET_ARN: string } {
    grantee.grantPrincipal.addToPrincipalPolicy(
      new PolicyStatement({ actions: ['secretsmanager:GetSecretValue'], resources: [this.secret.secretArn] }),
    );
    return { ADMIN_KEY_SECRET_ARN: this.secret.secretArn };
  }
}
