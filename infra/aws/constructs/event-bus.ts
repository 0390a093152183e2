import { Lazy } from 'aws-cdk-lib';
import { EventBus as Bus, CfnEventBusPolicy, type IEventBus } from 'aws-cdk-lib/aws-events';
import { Effect, PolicyStatement, type Role, StarPrincipal } from 'aws-cdk-lib/aws-iam';
import { Construct } from 'constructs';
import type { StackConfig } from '../config/config.ts';

/** What our events say that they come from, as functions/adapters/aws/event-bridge-bus.ts writes it; a test holds the two together. */
const source = 'stocktake';

/**
 * Where changes of catalogues and outcomes of runs are told; whoever wants them adds a rule to it. On the stack's own bus only
 * the functions that were granted it may speak in our name: what follows the events, webhooks among it, believes them. A bus
 * that was there before keeps its own policy, for another Stocktake may publish on it too.
 */
export class EventBus extends Construct {
  readonly bus: IEventBus;
  readonly #publishers: Role[] = [];

  constructor(scope: Construct, id: string, config: Pick<StackConfig, 'namePrefix' | 'eventBusName'>) {
    super(scope, id);
    if (config.eventBusName !== undefined) {
      this.bus = Bus.fromEventBusName(this, 'Bus', config.eventBusName);
      return;
    }
    const bus = new Bus(this, 'Bus', { eventBusName: config.namePrefix, description: 'Changes and runs of Stocktake' });
    // The construct for it sets a property that CloudFormation has given up, and warns of that at each synth.
    new CfnEventBusPolicy(this, 'OnlyOurs', {
      eventBusName: bus.eventBusName,
      statementId: 'OnlyStocktakeSpeaksForItself',
      statement: this.#othersMayNot(bus).toStatementJson(),
    });
    this.bus = bus;
  }

  grantPublish(role: Role): { BUS_NAME: string } {
    this.#publishers.push(role);
    role.addToPrincipalPolicy(
      new PolicyStatement({ actions: ['events:PutEvents'], resources: [this.bus.eventBusArn] }),
    );
    return { BUS_NAME: this.bus.eventBusName };
  }

  /** `aws:PrincipalArn` of a function is the ARN of its role, not that of the session. Several events may come in one request,
   *  and one of ours among them is enough:
   *  https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html#condition-keys-principalarn */
  #othersMayNot(bus: Bus): PolicyStatement {
    return new PolicyStatement({
      effect: Effect.DENY,
      principals: [new StarPrincipal()],
      actions: ['events:PutEvents'],
      resources: [bus.eventBusArn],
      conditions: {
        'ForAnyValue:StringEquals': { 'events:source': source },
        // Not before all of them were granted it.
        ArnNotEquals: {
          'aws:PrincipalArn': Lazy.list({ produce: () => this.#publishers.map(({ roleArn }) => roleArn) }),
        },
      },
    });
  }
}
