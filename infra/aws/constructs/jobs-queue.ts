import type { IGrantable } from 'aws-cdk-lib/aws-iam';
import type { Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import { MessageQueue } from './message-queue.ts';

/** Batches of jobs to perform and objects to enrich. Apart from the work queue: a thousand of them must not keep a sync
 *  waiting. */
export class JobsQueue extends MessageQueue {
  grantSend(grantee: IGrantable): { JOBS_QUEUE_URL: string } {
    this.allowSend(grantee);
    return { JOBS_QUEUE_URL: this.queue.queueUrl };
  }

  feed(consumer: LambdaFunction, maxConcurrency: number): void {
    this.consume(consumer, { batchSize: 1, maxConcurrency });
  }
}
