import { EventBus as Bus, type IEventBus } from 'aws-cdk-lib/aws-events';
import { type IGrantable, PolicyStatement } from 'aws-cdk-lib/aws-iam';
import { Construct } from 'constructs';
import type { StackConfig } from '../config/config.ts';

/** Where changes of catalogues and outcomes of runs are told; whoever wants them adds a rule to it. */
export class EventBus extends Construct {
  readonly bus: IEventBus;

  constructor(scope: Construct, id: string, config: Pick<StackConfig, 'namePrefix' | 'eventBusName'>) {
    super(scope, id);
    this.bus =
      config.eventBusName === undefined
        ? new Bus(this, 'Bus', { eventBusName: config.namePrefix, description: 'Changes and runs of Stocktake' })
        : Bus.fromEventBusName(this, 'Bus', config.eventBusName);
  }

  grantPublish(grantee: IGrantable): { BUS_NAME: string } {
    grantee.grantPrincipal.addToPrincipalPolicy(
      new PolicyStatement({ actions: ['events:PutEvents'], resources: [this.bus.eventBusArn] }),
    );
    return { BUS_NAME: this.bus.eventBusName };
  }
}
