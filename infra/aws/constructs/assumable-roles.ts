import { Aws, Lazy } from 'aws-cdk-lib';
import { PolicyStatement, type Role } from 'aws-cdk-lib/aws-iam';
import { Construct } from 'constructs';
import type { StackConfig } from '../config/config.ts';
import { acknowledge } from './acknowledge.ts';

type Told = { ASSUMABLE_ROLES: string };

/** The IAM roles that datasources may name instead of keys, and the functions that take them. */
export class AssumableRoles extends Construct {
  readonly #patterns: readonly string[];
  readonly #assuming: Role[] = [];

  constructor(scope: Construct, id: string, config: Pick<StackConfig, 'assumableRoles'>) {
    super(scope, id);
    this.#patterns = config.assumableRoles;
  }

  /** The roles of the functions that may take others, as a trust policy has to name them; '' where none may. */
  get principals(): string {
    const arns = () => this.#assuming.map(({ roleArn }) => roleArn).join(' ');
    // Not before all of them were granted it: each function names the others, too.
    return this.#patterns.length === 0 ? '' : Lazy.string({ produce: arns });
  }

  /** For a function that only has to say which roles are taken. */
  tell(): Told {
    return { ASSUMABLE_ROLES: this.#patterns.join(' ') };
  }

  /** Without patterns nothing is granted. A role is taken only if it trusts us as well, under an external id of ours. */
  grantAssume(role: Role): Told & { ASSUMING_ROLES: string } {
    if (this.#patterns.length > 0) this.#allow(role);
    return { ...this.tell(), ASSUMING_ROLES: this.principals };
  }

  #allow(role: Role): void {
    this.#assuming.push(role);
    const resources = this.#patterns.map((pattern) =>
      pattern === '*' ? `arn:${Aws.PARTITION}:iam::*:role/*` : pattern,
    );
    role.addToPrincipalPolicy(new PolicyStatement({ actions: ['sts:AssumeRole'], resources }));
    const reason =
      'Whoever deployed named these roles in assumableRoles; each is taken only if its own trust policy lets us, too.';
    for (const pattern of this.#patterns.filter((resource) => /[*?]/.test(resource))) {
      const shown = pattern === '*' ? 'arn:<AWS::Partition>:iam::*:role/*' : pattern;
      acknowledge(role, reason, `AwsSolutions::AwsSolutions-IAM5[Resource::${shown}]`);
    }
  }
}
