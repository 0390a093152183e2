import { Duration } from 'aws-cdk-lib';
import { type IGrantable, PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import { SqsEventSource } from 'aws-cdk-lib/aws-lambda-event-sources';
import { type IQueue, Queue, QueueEncryption } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { acknowledge } from './acknowledge.ts';
import { DeadLetterQueue } from './dead-letter-queue.ts';
import { longestInvocation } from './stocktake-function.ts';

/** A queue that one of our functions consumes, and where its messages end that failed five times. */
export class MessageQueue extends Construct {
  readonly queue: Queue;
  readonly deadLetters: DeadLetterQueue;

  constructor(scope: Construct, id: string, consumerTimeout = longestInvocation, batchingWindow = Duration.seconds(0)) {
    super(scope, id);
    this.deadLetters = new DeadLetterQueue(this, 'DeadLetters');
    this.queue = new Queue(this, 'Queue', {
      encryption: QueueEncryption.SQS_MANAGED,
      enforceSSL: true,
      // Six times the consumer's timeout and the batching window: https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html
      visibilityTimeout: Duration.seconds(6 * consumerTimeout.toSeconds() + batchingWindow.toSeconds()),
      retentionPeriod: Duration.days(4),
      deadLetterQueue: { queue: this.deadLetters.queue, maxReceiveCount: 5 },
    });
  }

  protected allowSend(grantee: IGrantable, queues: readonly IQueue[] = [this.queue]): void {
    const resources = queues.map(({ queueArn }) => queueArn);
    grantee.grantPrincipal.addToPrincipalPolicy(new PolicyStatement({ actions: ['sqs:SendMessage'], resources }));
  }

  /** Has a function consume the queue: so many messages in a batch, that are collected for so long, and so many batches at
   *  once at most. */
  protected consume(
    consumer: LambdaFunction,
    batches: {
      readonly batchSize: number;
      readonly maxBatchingWindow?: Duration;
      readonly maxConcurrency: number;
    },
  ): void {
    consumer.addEventSource(new SqsEventSource(this.queue, { ...batches, reportBatchItemFailures: true }));
    const reason = 'What fails stays in the queue, which hands it to its own queue of dead letters.';
    acknowledge(consumer, reason, 'Serverless::Serverless-LambdaEventSourceMappingDestination');
  }
}
