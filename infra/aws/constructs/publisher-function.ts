import { Duration } from 'aws-cdk-lib';
import { RecursiveLoop } from 'aws-cdk-lib/aws-lambda';
import type { Construct } from 'constructs';
import type { PublisherEnvironment } from '#handlers/publisher/env.ts';
import type { StackConfig } from '../config/config.ts';
import type { DataTable } from './data-table.ts';
import type { EventBus } from './event-bus.ts';
import type { JobsQueue } from './jobs-queue.ts';
import { queueShares } from './queue-shares.ts';
import type { SecretsKey } from './secrets-key.ts';
import { StocktakeFunction } from './stocktake-function.ts';
import type { WebhookQueue } from './webhook-queue.ts';

type PublisherFunctionProps = {
  readonly config: StackConfig;
  readonly data: DataTable;
  readonly events: EventBus;
  readonly jobs: JobsQueue;
  readonly secrets: SecretsKey;
  readonly webhooks: WebhookQueue;
};

/** Tells the bus what changed in the table, asks for the enrichment of changed objects, and tells webhooks what the bus heard. */
export class PublisherFunction extends StocktakeFunction<PublisherEnvironment> {
  constructor(scope: Construct, id: string, { config, data, events, secrets, webhooks, jobs }: PublisherFunctionProps) {
    super(scope, id, {
      name: 'publisher',
      description: 'Publishes changes and runs of Stocktake, and calls its webhooks',
      memoryMb: 512,
      timeout: Duration.minutes(2),
      config,
      network: config,
      // A delivery waits up to twelve hours for its next attempt, in hops of 15 minutes: more than the 16 hops that
      // Lambda takes for a loop. Attempts are counted, and a delivery ends after 48 hours (functions/core/webhooks).
      recursiveLoop: RecursiveLoop.ALLOW,
      environment: (role) => ({
        ...data.grantWebhooks(role),
        ...events.grantPublish(role),
        ...secrets.grantOpenWebhooks(role),
        ...webhooks.grantSend(role),
        ...jobs.grantSend(role),
        PRIVATE_ENDPOINTS: config.privateEndpoints.join(','),
      }),
    });
    webhooks.feed(this.lambda, queueShares(config).webhooks);
  }
}
