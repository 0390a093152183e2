import type { IGrantable } from 'aws-cdk-lib/aws-iam';
import type { Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import { MessageQueue } from './message-queue.ts';

/** Runs to perform, slots between ticks, purges: what one invocation leaves for another. */
export class WorkQueue extends MessageQueue {
  grantSend(grantee: IGrantable): { WORK_QUEUE_URL: string } {
    this.allowSend(grantee);
    return { WORK_QUEUE_URL: this.queue.queueUrl };
  }

  /**
   * Has a function consume the queue. `concurrency` is what is reserved for the function: a part of it is left to ticks,
   * for pollers that are throttled would spend the messages' receives.
   */
  feed(consumer: LambdaFunction, concurrency: number | undefined): void {
    const maxConcurrency = concurrency === undefined ? undefined : Math.max(2, Math.floor(concurrency * 0.8));
    this.consume(consumer, { batchSize: 1, maxConcurrency });
  }
}
