import type { IGrantable } from 'aws-cdk-lib/aws-iam';
import type { Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import { MessageQueue } from './message-queue.ts';

/** Runs to perform, slots between ticks, purges: what one invocation leaves for another. */
export class WorkQueue extends MessageQueue {
  grantSend(grantee: IGrantable): { WORK_QUEUE_URL: string } {
    this.allowSend(grantee);
    return { WORK_QUEUE_URL: this.queue.queueUrl };
  }

  /** Has a function consume the queue, in so many invocations at once. */
  feed(consumer: LambdaFunction, maxConcurrency: number): void {
    this.consume(consumer, { batchSize: 1, maxConcurrency });
  }
}
