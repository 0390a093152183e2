import { Duration } from 'aws-cdk-lib';
import { type IGrantable, PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import { SqsEventSource } from 'aws-cdk-lib/aws-lambda-event-sources';
import { Queue, QueueEncryption } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { acknowledge } from './acknowledge.ts';
import { DeadLetterQueue } from './dead-letter-queue.ts';
import { longestInvocation } from './stocktake-function.ts';

/** Runs to perform, slots between ticks, purges: what one invocation leaves for another. */
export class WorkQueue extends Construct {
  readonly queue: Queue;
  readonly deadLetters: DeadLetterQueue;

  constructor(scope: Construct, id: string) {
    super(scope, id);
    this.deadLetters = new DeadLetterQueue(this, 'DeadLetters');
    this.queue = new Queue(this, 'Queue', {
      encryption: QueueEncryption.SQS_MANAGED,
      enforceSSL: true,
      // Six times the consumer's timeout: https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html
      visibilityTimeout: Duration.seconds(6 * longestInvocation.toSeconds()),
      retentionPeriod: Duration.days(4),
      deadLetterQueue: { queue: this.deadLetters.queue, maxReceiveCount: 5 },
    });
  }

  grantSend(grantee: IGrantable): { WORK_QUEUE_URL: string } {
    grantee.grantPrincipal.addToPrincipalPolicy(
      new PolicyStatement({ actions: ['sqs:SendMessage'], resources: [this.queue.queueArn] }),
    );
    return { WORK_QUEUE_URL: this.queue.queueUrl };
  }

  /**
   * Has a function consume the queue, one message at a time. `concurrency` is what is reserved for the function: a part
   * of it is left to ticks, for pollers that are throttled would spend the messages' receives.
   */
  feed(consumer: LambdaFunction, concurrency: number | undefined): void {
    const maxConcurrency = concurrency === undefined ? undefined : Math.max(2, Math.floor(concurrency * 0.8));
    consumer.addEventSource(
      new SqsEventSource(this.queue, { batchSize: 1, reportBatchItemFailures: true, maxConcurrency }),
    );
    const reason = 'What fails stays in the queue, which hands it to its own queue of dead letters.';
    acknowledge(consumer, reason, 'Serverless::Serverless-LambdaEventSourceMappingDestination');
  }
}
