import { type IGrantable, PolicyStatement } from 'aws-cdk-lib/aws-iam';
import { Secret } from 'aws-cdk-lib/aws-secretsmanager';
import { Construct } from 'constructs';
import type { StackConfig } from '../config/config.ts';
import { acknowledge } from './acknowledge.ts';
import { removalOf } from './removal.ts';

/** As functions/http/steps/front-door.ts reads them; a test holds the two together. */
export const headers = { secret: 'x-stocktake-front-door', viewer: 'x-stocktake-viewer' } as const;

type FrontDoorSecretConfig = Pick<StackConfig, 'frontDoor' | 'removalPolicy' | 'namePrefix'>;

/** What the distribution in front proves with that a request came through it, if there is one. Made at deploy, in no template. */
export class FrontDoorSecret extends Construct {
  readonly #secret: Secret | undefined;

  constructor(scope: Construct, id: string, config: FrontDoorSecretConfig) {
    super(scope, id);
    if (config.frontDoor !== 'cloudfront') return;
    this.#secret = new Secret(this, 'Secret', {
      description: `${config.namePrefix}: what the distribution sends to the HTTP API`,
      generateSecretString: { passwordLength: 48, excludePunctuation: true },
      removalPolicy: removalOf(config),
    });
    const reason = 'Distribution and functions must change together; docs/runbook.md says how to do it by hand.';
    acknowledge(this, reason, 'AwsSolutions-SMG4');
  }

  /** A dynamic reference to the version in force. */
  get reference(): string {
    if (this.#secret === undefined) throw new Error('there is no front door, and so no secret');
    return this.#secret.secretValue.unsafeUnwrap();
  }

  /** Allows to read it. Where there is no front door nothing is granted, and all callers are answered. */
  grantRead(grantee: IGrantable): { FRONT_DOOR_SECRET_ARN: string } {
    if (this.#secret === undefined) return { FRONT_DOOR_SECRET_ARN: '' };
    grantee.grantPrincipal.addToPrincipalPolicy(
      new PolicyStatement({ actions: ['secretsmanager:GetSecretValue'], resources: [this.#secret.secretArn] }),
    );
    return { FRONT_DOOR_SECRET_ARN: this.#secret.secretArn };
  }
}
