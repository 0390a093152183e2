import { ManagedPolicy, PermissionsBoundary } from 'aws-cdk-lib/aws-iam';
import type { Construct } from 'constructs';
import type { StackConfig } from '../config/config.ts';

/** Puts every role of a scope under the managed policy that an organisation demands of its roles, if it demands one. */
export function boundPermissions(scope: Construct, config: Pick<StackConfig, 'permissionsBoundary'>): void {
  if (config.permissionsBoundary === undefined) return;
  const policy = ManagedPolicy.fromManagedPolicyArn(scope, 'PermissionsBoundary', config.permissionsBoundary);
  PermissionsBoundary.of(scope).apply(policy);
}
