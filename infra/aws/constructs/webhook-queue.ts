import { Duration } from 'aws-cdk-lib';
import { Rule } from 'aws-cdk-lib/aws-events';
import { SqsQueue as Target } from 'aws-cdk-lib/aws-events-targets';
import { type IGrantable, PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import { SqsEventSource } from 'aws-cdk-lib/aws-lambda-event-sources';
import { Queue, QueueEncryption } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { acknowledge } from './acknowledge.ts';
import { DeadLetterQueue } from './dead-letter-queue.ts';
import type { EventBus } from './event-bus.ts';

/** What webhooks are told of, as functions/core/webhooks/outcome.ts reads it; a test holds the two together. */
const detailTypes = ['Sync Completed', 'Sync Failed', 'Sync Held', 'job.completed', 'job.failed'];

/** How long the publisher may take for a batch; a request to a receiver takes ten seconds at most. */
const consumerTimeout = Duration.minutes(2);

/** Messages of a batch are handled side by side; batches at once are few, so that syncs and the API keep their share of
 *  the account's concurrency (10 in new accounts): 40 requests to receivers at a time. */
const batchSize = 10;
const batchesAtOnce = 4;

/** Events on their way to webhooks. A rule of the bus fills it, so that whoever publishes need not know of webhooks. */
export class WebhookQueue extends Construct {
  readonly queue: Queue;
  readonly deadLetters: DeadLetterQueue;

  constructor(scope: Construct, id: string, { events }: { readonly events: EventBus }) {
    super(scope, id);
    this.deadLetters = new DeadLetterQueue(this, 'DeadLetters');
    this.queue = new Queue(this, 'Queue', {
      encryption: QueueEncryption.SQS_MANAGED,
      enforceSSL: true,
      // Six times the consumer's timeout: https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html
      visibilityTimeout: Duration.seconds(6 * consumerTimeout.toSeconds()),
      retentionPeriod: Duration.days(4),
      deadLetterQueue: { queue: this.deadLetters.queue, maxReceiveCount: 5 },
    });
    new Rule(this, 'Rule', {
      eventBus: events.bus,
      description: 'Leads the outcomes of syncs and jobs to the webhooks of Stocktake',
      eventPattern: { source: ['stocktake'], detailType: detailTypes },
      targets: [new Target(this.queue, { deadLetterQueue: this.deadLetters.queue })],
    });
  }

  /** To send attempts that are due later, and to lay down those that were given up. */
  grantSend(grantee: IGrantable): { WEBHOOK_QUEUE_URL: string; WEBHOOK_DEAD_LETTERS_URL: string } {
    const resources = [this.queue.queueArn, this.deadLetters.queue.queueArn];
    grantee.grantPrincipal.addToPrincipalPolicy(new PolicyStatement({ actions: ['sqs:SendMessage'], resources }));
    return {
      WEBHOOK_QUEUE_URL: this.queue.queueUrl,
      WEBHOOK_DEAD_LETTERS_URL: this.deadLetters.queue.queueUrl,
    };
  }

  feed(consumer: LambdaFunction): void {
    consumer.addEventSource(
      new SqsEventSource(this.queue, {
        batchSize,
        // Each run makes a message, whether there are webhooks or not: together they cost fewer invocations.
        maxBatchingWindow: Duration.seconds(1),
        maxConcurrency: batchesAtOnce,
        reportBatchItemFailures: true,
      }),
    );
    const reason = 'What fails stays in the queue, which hands it to its own queue of dead letters.';
    acknowledge(consumer, reason, 'Serverless::Serverless-LambdaEventSourceMappingDestination');
  }
}
