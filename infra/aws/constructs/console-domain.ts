import { Aws, CfnCondition, Fn } from 'aws-cdk-lib';
import type { Construct } from 'constructs';

/** The console of each partition but the first: https://docs.aws.amazon.com/general/latest/gr/rande.html */
const elsewhere = {
  'aws-cn': 'console.amazonaws.cn',
  'aws-us-gov': 'console.amazonaws-us-gov.com',
  'aws-eusc': 'console.amazonaws-eusc.eu',
} as const;

/** Where the console is, known only at deployment. Conditions, for a mapping would refuse a partition that it does not list. */
export function consoleDomain(scope: Construct): string {
  let domain = 'console.aws.amazon.com';
  for (const [partition, own] of Object.entries(elsewhere)) {
    const expression = Fn.conditionEquals(Aws.PARTITION, partition);
    const condition = new CfnCondition(scope, `In-${partition}`, { expression });
    domain = Fn.conditionIf(condition.logicalId, own, domain).toString();
  }
  return domain;
}
