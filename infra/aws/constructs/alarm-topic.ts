import { Duration, RemovalPolicy, Stack } from 'aws-cdk-lib';
import { Alarm, ComparisonOperator, type IMetric, TreatMissingData } from 'aws-cdk-lib/aws-cloudwatch';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import { PolicyStatement, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Key } from 'aws-cdk-lib/aws-kms';
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
    const masterKey = this.#key(namePrefix);
    const topic = new Topic(this, 'Topic', { displayName: `${namePrefix} alarms`, enforceSSL: true, masterKey });
    // A policy of our own takes the place of the default one, which let CloudWatch in.
    topic.addToResourcePolicy(this.#ringers(['sns:Publish'], topic.topicArn));
    if (alarmEmail === undefined) return topic;
    topic.addSubscription(new EmailSubscription(alarmEmail));
    const reason =
      'A mail that cannot be delivered is seen on the dashboard; a queue of them would be watched by nobody.';
    acknowledge(this, reason, 'Serverless-SNSRedrivePolicy');
    return topic;
  }

  /** A key of its own, for those who ring must be able to use it, and nobody but our functions may use that of the secrets. */
  #key(namePrefix: string): Key {
    const key = new Key(this, 'Key', {
      description: `${namePrefix}: encrypts what alarms say`,
      enableKeyRotation: true,
      removalPolicy: RemovalPolicy.DESTROY,
      pendingWindow: Duration.days(7),
    });
    // https://docs.aws.amazon.com/sns/latest/dg/sns-key-management.html
    key.addToResourcePolicy(this.#ringers(['kms:Decrypt', 'kms:GenerateDataKey*'], '*'));
    return key;
  }

  /** What CloudWatch and AWS Budgets may do, for this account alone. */
  #ringers(actions: string[], resource: string): PolicyStatement {
    const services = ['cloudwatch.amazonaws.com', 'budgets.amazonaws.com'];
    return new PolicyStatement({
      principals: services.map((service) => new ServicePrincipal(service)),
      actions,
      resources: [resource],
      conditions: { StringEquals: { 'aws:SourceAccount': Stack.of(this).account } },
    });
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
