import { Duration } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import type { PublisherEnvironment } from '#handlers/publisher/env.ts';
import type { StackConfig } from '../config.ts';
import type { DataTable } from './data-table.ts';
import type { EventBus } from './event-bus.ts';
import { StocktakeFunction } from './stocktake-function.ts';

type PublisherFunctionProps = { readonly config: StackConfig; readonly data: DataTable; readonly events: EventBus };

/** Tells the bus what changed in the table. */
export class PublisherFunction extends StocktakeFunction<PublisherEnvironment> {
  constructor(scope: Construct, id: string, { config, data, events }: PublisherFunctionProps) {
    super(scope, id, {
      name: 'publisher',
      description: 'Publishes changes and runs of Stocktake',
      memoryMb: 512,
      timeout: Duration.minutes(2),
      config,
      environment: (role) => ({ ...data.grantGet(role), ...events.grantPublish(role) }),
    });
  }
}
