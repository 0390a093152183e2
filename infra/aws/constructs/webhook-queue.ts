import { Duration } from 'aws-cdk-lib';
import { Rule } from 'aws-cdk-lib/aws-events';
import { SqsQueue as Target } from 'aws-cdk-lib/aws-events-targets';
import type { IGrantable } from 'aws-cdk-lib/aws-iam';
import type { Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import type { Construct } from 'constructs';
import type { EventBus } from './event-bus.ts';
import { MessageQueue } from './message-queue.ts';

/** What webhooks are told of, as functions/core/webhooks/outcome.ts reads it; a test holds the two together. */
const detailTypes = ['Sync Completed', 'Sync Failed', 'Sync Held', 'job.completed', 'job.failed'];

/** How long the publisher may take for a batch; a request to a receiver takes ten seconds at most. */
const consumerTimeout = Duration.minutes(2);

/** Messages of a batch are handled side by side. Each run makes a message, whether there are webhooks or not: collected for
 *  a second they cost fewer invocations. */
const batches = { batchSize: 10, maxBatchingWindow: Duration.seconds(1) };

/** Events on their way to webhooks. A rule of the bus fills it, so that whoever publishes need not know of webhooks. */
export class WebhookQueue extends MessageQueue {
  constructor(scope: Construct, id: string, { events }: { readonly events: EventBus }) {
    super(scope, id, consumerTimeout, batches.maxBatchingWindow);
    new Rule(this, 'Rule', {
      eventBus: events.bus,
      description: 'Leads the outcomes of syncs and jobs to the webhooks of Stocktake',
      eventPattern: { source: ['stocktake'], detailType: detailTypes },
      targets: [new Target(this.queue, { deadLetterQueue: this.deadLetters.queue })],
    });
  }

  /** To send attempts that are due later, and to lay down those that were given up. */
  grantSend(grantee: IGrantable): { WEBHOOK_QUEUE_URL: string; WEBHOOK_DEAD_LETTERS_URL: string } {
    this.allowSend(grantee, [this.queue, this.deadLetters.queue]);
    return {
      WEBHOOK_QUEUE_URL: this.queue.queueUrl,
      WEBHOOK_DEAD_LETTERS_URL: this.deadLetters.queue.queueUrl,
    };
  }

  feed(consumer: LambdaFunction, maxConcurrency: number): void {
    this.consume(consumer, { ...batches, maxConcurrency });
  }
}
