import type { StackConfig } from '../config/config.ts';

type Shares = { readonly work: number; readonly jobs: number; readonly webhooks: number };

/** Of all that an account may have running at once, so much is for what comes through queues, all of them together. */
const ofQueues = 0.8;

/** The least that a queue can be held to: https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-scaling.html */
const least = 2;

/** Each batch of jobs has eight requests under way at somebody's S3 server, each of webhooks ten at receivers. */
const most = { work: 1000, jobs: 5, webhooks: 4 } as const;

/**
 * How many invocations the consumers of each queue may take at once, so that a full queue leaves a fifth of the account to the
 * API, to ticks and to the readers of the stream. Of what is reserved for syncs a part is left to ticks too, for pollers that
 * are throttled would spend the messages' receives.
 */
export function queueShares(config: Pick<StackConfig, 'accountConcurrency' | 'syncConcurrency'>): Shares {
  const all = Math.floor(config.accountConcurrency * ofQueues);
  const small = Math.max(least, Math.floor(config.accountConcurrency / 5));
  const jobs = Math.min(most.jobs, small);
  const webhooks = Math.min(most.webhooks, small);
  const ofSync = Math.floor((config.syncConcurrency ?? most.work / ofQueues) * ofQueues);
  return { work: Math.max(least, Math.min(ofSync, all - jobs - webhooks)), jobs, webhooks };
}
