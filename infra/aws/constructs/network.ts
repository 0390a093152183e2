import { Effect, PolicyStatement, type Role } from 'aws-cdk-lib/aws-iam';
import { CfnFunction, type IFunction } from 'aws-cdk-lib/aws-lambda';
import type { StackConfig } from '../config/config.ts';
import { acknowledge } from './acknowledge.ts';

/** By ids, so that nothing has to be looked up in the account at synth. */
export type Network = Pick<StackConfig, 'subnetIds' | 'securityGroupIds'>;

/** What Lambda does under the function's role: https://docs.aws.amazon.com/lambda/latest/dg/configuration-vpc.html */
const interfaces = [
  'ec2:AssignPrivateIpAddresses',
  'ec2:CreateNetworkInterface',
  'ec2:DeleteNetworkInterface',
  'ec2:DescribeNetworkInterfaces',
  'ec2:DescribeSecurityGroups',
  'ec2:DescribeSubnets',
  'ec2:DescribeVpcs',
  'ec2:UnassignPrivateIpAddresses',
];

/** Has a function stand in a VPC, if the deployment names one; otherwise it reaches public addresses only. */
export function placeIn({ subnetIds, securityGroupIds }: Network, lambda: IFunction, role: Role): void {
  if (subnetIds.length === 0) return;
  const { defaultChild } = lambda.node;
  if (!CfnFunction.isCfnFunction(defaultChild)) throw new Error(`${lambda.node.path} is no function of this stack`);
  defaultChild.vpcConfig = { subnetIds, securityGroupIds };
  role.addToPolicy(new PolicyStatement({ actions: interfaces, resources: ['*'] }));
  // This key of the context is there only when the function's own code calls: the interfaces are Lambda's to make, not ours.
  const byOurCode = { Null: { 'lambda:SourceFunctionArn': 'false' } };
  role.addToPolicy(
    new PolicyStatement({ effect: Effect.DENY, actions: interfaces, resources: ['*'], conditions: byOurCode }),
  );
  const reason =
    'Lambda makes the interfaces under this role, and their ids come and go; the code itself is denied them.';
  acknowledge(role, reason, 'AwsSolutions::AwsSolutions-IAM5[Resource::*]');
}
