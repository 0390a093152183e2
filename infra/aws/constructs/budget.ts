import { CfnBudget } from 'aws-cdk-lib/aws-budgets';
import type { ITopic } from 'aws-cdk-lib/aws-sns';
import { Construct } from 'constructs';
import type { StackConfig } from '../config/config.ts';

type BudgetProps = { readonly config: Pick<StackConfig, 'monthlyBudgetUsd'>; readonly topic: ITopic };

/**
 * Rings when a month's dollars are spent, or will be by its end. Of the whole account: what the stack alone costs is known only by tags
 * that somebody has to activate for billing first, and until then such a budget would never ring.
 */
export class Budget extends Construct {
  constructor(scope: Construct, id: string, { config, topic }: BudgetProps) {
    super(scope, id);
    const subscribers = [{ subscriptionType: 'SNS', address: topic.topicArn }];
    const limit = { comparisonOperator: 'GREATER_THAN', threshold: 100, thresholdType: 'PERCENTAGE' };
    new CfnBudget(this, 'Budget', {
      budget: {
        budgetType: 'COST',
        timeUnit: 'MONTHLY',
        budgetLimit: { amount: config.monthlyBudgetUsd ?? 0, unit: 'USD' },
      },
      notificationsWithSubscribers: ['ACTUAL', 'FORECASTED'].map((notificationType) => ({
        notification: { ...limit, notificationType },
        subscribers,
      })),
    });
  }
}
