import { Stack } from 'aws-cdk-lib';
import { Alarm, ComparisonOperator, type IMetric, TreatMissingData } from 'aws-cdk-lib/aws-cloudwatch';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import { PolicyStatement, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { type ITopic, Topic } from 'aws-cdk-lib/aws-sns';
import { EmailSubscription } from 'aws-cdk-lib/aws-sns-subscriptions';
import { Construct } from 'constructs';
import type { StackConfig } from '../config/config.ts';
import { acknowledge } from './acknowledge.ts';

/** High: data or service is being lost now. Medium: somebody should look today. Low: it costs, but nothing breaks. */
export type Severity = 'high' | 'medium' | 'low';

export type AlarmSpec = {
  /** kebab-case; the alarm is named `<prefix>-<severity>-<name>`. */
  readonly name: string;
  readonly severity: Severity;
  /** One sentence: what broke. */
  readonly broke: string;
  /** Heading in docs/runbook.md, as the anchor that Markdown makes of it. */
  readonly runbook: string;
  readonly metric: IMetric;
  /** Rings when the metric is above this. */
  readonly above: number;
  /** Looks at so many periods, and rings when so many of them are above; 1 of 1 by default. */
  readonly of?: number;
  readonly periods?: number;
};

type AlarmTopicConfig = Pick<StackConfig, 'namePrefix' | 'alarmEmail' | 'alarmTopicArn'>;

/** Where alarms ring. The topic is there without an e-mail address too, for other subscribers. */
export class AlarmTopic extends Construct {
  readonly topic: ITopic;
  readonly #namePrefix: string;

  constructor(scope: Construct, id: string, config: AlarmTopicConfig) {
    super(scope, id);
    this.#namePrefix = config.namePrefix;
    this.topic =
      config.alarmTopicArn === undefined ? this.#own(config) : Topic.fromTopicArn(this, 'Topic', config.alarmTopicArn);
  }

  #own({ namePrefix, alarmEmail }: AlarmTopicConfig): ITopic {
    const topic = new Topic(this, 'Topic', { displayName: `${namePrefix} alarms`, enforceSSL: true });
    // A policy of our own takes the place of the default one, which let CloudWatch in.
    topic.addToResourcePolicy(
      new PolicyStatement({
        principals: [new ServicePrincipal('cloudwatch.amazonaws.com')],
        actions: ['sns:Publish'],
        resources: [topic.topicArn],
        conditions: { StringEquals: { 'aws:SourceAccount': Stack.of(this).account } },
      }),
    );
    if (alarmEmail === undefined) return topic;
    topic.addSubscription(new EmailSubscription(alarmEmail));
    const reason =
      'A mail that cannot be delivered is seen on the dashboard; a queue of them would be watched by nobody.';
    acknowledge(this, reason, 'Serverless-SNSRedrivePolicy');
    return topic;
  }

  add(spec: AlarmSpec): Alarm {
    const alarm = new Alarm(this, spec.name, {
      alarmName: `${this.#namePrefix}-${spec.severity}-${spec.name}`,
      alarmDescription: `Severity ${spec.severity}. ${spec.broke} What to do: docs/runbook.md#${spec.runbook}`,
      metric: spec.metric,
      threshold: spec.above,
      comparisonOperator: ComparisonOperator.GREATER_THAN_THRESHOLD,
      evaluationPeriods: spec.of ?? 1,
      datapointsToAlarm: spec.periods ?? 1,
      treatMissingData: TreatMissingData.NOT_BREACHING,
    });
    alarm.addAlarmAction(new SnsAction(this.topic));
    return alarm;
  }
}
