import { Stack } from 'aws-cdk-lib';
import { PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import { CfnScheduleGroup } from 'aws-cdk-lib/aws-scheduler';
import { Construct } from 'constructs';
import { acknowledge } from './acknowledge.ts';
import type { DeadLetterQueue } from './dead-letter-queue.ts';

type ScheduleGroupProps = {
  readonly name: string;
  /** What every schedule of the group starts. */
  readonly target: IFunction;
  /** For firings that could not be delivered. */
  readonly deadLetters: DeadLetterQueue;
};

/** The schedules of all datasources. Deleting the stack deletes the group and every schedule in it. */
export class ScheduleGroup extends Construct {
  readonly name: string;
  readonly #role: Role;
  readonly #props: ScheduleGroupProps;

  constructor(scope: Construct, id: string, props: ScheduleGroupProps) {
    super(scope, id);
    this.#props = props;
    this.name = props.name;
    const group = new CfnScheduleGroup(this, 'Group', { name: props.name });
    this.#role = new Role(this, 'Role', { assumedBy: this.#scheduler(), description: 'Starts syncs on schedule' });
    this.#role.addToPolicy(allow(['lambda:InvokeFunction'], [props.target.functionArn]));
    this.#role.addToPolicy(allow(['sqs:SendMessage'], [props.deadLetters.queue.queueArn]));
    // Who is given the role may put schedules: the group is there by then.
    this.#role.node.addDependency(group);
  }

  /** Lets a function make, change and remove the schedules of this group. */
  grantManage(grantee: Role): {
    SCHEDULE_GROUP: string;
    STACK_ID: string;
    SCHEDULE_ROLE_ARN: string;
    SYNC_FUNCTION_ARN: string;
    SCHEDULE_DLQ_ARN: string;
  } {
    const verbs = ['CreateSchedule', 'UpdateSchedule', 'DeleteSchedule', 'GetSchedule'];
    grantee.addToPolicy(
      allow(
        verbs.map((verb) => `scheduler:${verb}`),
        [this.#arn('schedule', `${this.name}/*`)],
      ),
    );
    grantee.addToPolicy(allow(['scheduler:ListSchedules'], ['*']));
    grantee.addToPolicy(
      new PolicyStatement({
        actions: ['iam:PassRole'],
        resources: [this.#role.roleArn],
        conditions: { StringEquals: { 'iam:PassedToService': 'scheduler.amazonaws.com' } },
      }),
    );
    const any = `arn:<AWS::Partition>:scheduler:<AWS::Region>:<AWS::AccountId>:schedule/${this.name}/*`;
    const reason = 'Schedules are named after datasources, which come and go; the group is the border.';
    acknowledge(grantee, reason, `AwsSolutions::AwsSolutions-IAM5[Resource::${any}]`);
    acknowledge(grantee, 'scheduler:ListSchedules takes no resource.', 'AwsSolutions::AwsSolutions-IAM5[Resource::*]');
    return {
      SCHEDULE_GROUP: this.name,
      STACK_ID: Stack.of(this).stackId,
      SCHEDULE_ROLE_ARN: this.#role.roleArn,
      SYNC_FUNCTION_ARN: this.#props.target.functionArn,
      SCHEDULE_DLQ_ARN: this.#props.deadLetters.queue.queueArn,
    };
  }

  /** Only for schedules of this group: https://docs.aws.amazon.com/scheduler/latest/UserGuide/cross-service-confused-deputy-prevention.html */
  #scheduler(): ServicePrincipal {
    return new ServicePrincipal('scheduler.amazonaws.com', {
      conditions: {
        StringEquals: {
          'aws:SourceAccount': Stack.of(this).account,
          'aws:SourceArn': this.#arn('schedule-group', this.name),
        },
      },
    });
  }

  #arn(resource: string, resourceName: string): string {
    return Stack.of(this).formatArn({ service: 'scheduler', resource, resourceName });
  }
}

function allow(actions: string[], resources: string[]): PolicyStatement {
  return new PolicyStatement({ actions, resources });
}
