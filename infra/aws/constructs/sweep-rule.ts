import { Duration } from 'aws-cdk-lib';
import { Rule, Schedule } from 'aws-cdk-lib/aws-events';
import { LambdaFunction as Target } from 'aws-cdk-lib/aws-events-targets';
import { Construct } from 'constructs';
import type { DeadLetterQueue } from './dead-letter-queue.ts';
import type { SchedulesFunction } from './schedules-function.ts';

/** Often enough that a lost message or an abandoned run is noticed before a user does. */
const every = Duration.minutes(5);

/** Starts the sweep that puts right what a lost message or a dead worker left behind. */
export class SweepRule extends Construct {
  constructor(scope: Construct, id: string, props: { target: SchedulesFunction; deadLetters: DeadLetterQueue }) {
    super(scope, id);
    new Rule(this, 'Rule', {
      description: 'Repairs schedules, abandoned runs and purges of Stocktake',
      schedule: Schedule.rate(every),
      targets: [
        // A sweep that is late is the next one.
        new Target(props.target.lambda, {
          deadLetterQueue: props.deadLetters.queue,
          maxEventAge: every,
          retryAttempts: 1,
        }),
      ],
    });
  }
}
