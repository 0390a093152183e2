import { EventBus as Bus } from 'aws-cdk-lib/aws-events';
import { type IGrantable, PolicyStatement } from 'aws-cdk-lib/aws-iam';
import { Construct } from 'constructs';

/** Where changes of catalogues and outcomes of runs are told; whoever wants them adds a rule to it. */
export class EventBus extends Construct {
  readonly bus: Bus;

  constructor(scope: Construct, id: string, props: { readonly name: string }) {
    super(scope, id);
    this.bus = new Bus(this, 'Bus', { eventBusName: props.name, description: 'Changes and runs of Stocktake' });
  }

  grantPublish(grantee: IGrantable): { BUS_NAME: string } {
    grantee.grantPrincipal.addToPrincipalPolicy(
      new PolicyStatement({ actions: ['events:PutEvents'], resources: [this.bus.eventBusArn] }),
    );
    return { BUS_NAME: this.bus.eventBusName };
  }
}
