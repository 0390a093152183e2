import { Duration } from 'aws-cdk-lib';
import { FilterCriteria, FilterRule, StartingPosition } from 'aws-cdk-lib/aws-lambda';
import { DynamoEventSource, SqsDlq } from 'aws-cdk-lib/aws-lambda-event-sources';
import { Construct } from 'constructs';
import { acknowledge } from './acknowledge.ts';
import type { DataTable } from './data-table.ts';
import { DeadLetterQueue } from './dead-letter-queue.ts';
import type { PublisherFunction } from './publisher-function.ts';
import type { SchedulesFunction } from './schedules-function.ts';

type ChangesProps = {
  readonly data: DataTable;
  /** Makes schedules follow datasources. */
  readonly schedules: SchedulesFunction;
  /** Tells the bus what happened to records, runs and jobs. */
  readonly publisher: PublisherFunction;
};

/** Partitions as the stores of functions/core name them; a test holds the two together. */
const registry = [FilterRule.isEqual('registry#datasource'), FilterRule.isEqual('reconcile')].flat();
const records = FilterRule.beginsWith('record#');
const runs = FilterRule.beginsWith('run#');
const jobs = FilterRule.beginsWith('job#');

/** How runs end that the bus hears of. A run's row is written at each checkpoint, and nobody hears of those. */
const ends = [FilterRule.isEqual('completed'), FilterRule.isEqual('failed'), FilterRule.isEqual('held')].flat();

/** The table's stream and who reads it. What a reader cannot take ends in a queue that names the place in the stream. */
export class Changes extends Construct {
  readonly deadLetters: { readonly schedules: DeadLetterQueue; readonly publisher: DeadLetterQueue };

  constructor(scope: Construct, id: string, { data, schedules, publisher }: ChangesProps) {
    super(scope, id);
    this.deadLetters = {
      schedules: new DeadLetterQueue(this, 'SchedulesDeadLetters'),
      publisher: new DeadLetterQueue(this, 'PublisherDeadLetters'),
    };
    schedules.lambda.addEventSource(
      new DynamoEventSource(data.table, {
        ...everyChange(this.deadLetters.schedules),
        batchSize: 100,
        // The sweep makes up for what is given up here, so that one bad row does not keep others waiting.
        retryAttempts: 5,
        maxRecordAge: Duration.hours(1),
        filters: [FilterCriteria.filter({ dynamodb: { Keys: { pk: { S: registry } } } })],
      }),
    );
    publisher.lambda.addEventSource(
      new DynamoEventSource(data.table, {
        ...everyChange(this.deadLetters.publisher),
        batchSize: 500,
        maxBatchingWindow: Duration.seconds(1),
        parallelizationFactor: 4,
        // Nothing makes up for these: the bus may be away for hours. The stream itself forgets after 24.
        retryAttempts: 100,
        maxRecordAge: Duration.hours(12),
        filters: [
          written(records, { quiet: { BOOL: FilterRule.notExists() } }),
          written(runs, { status: { S: ends } }),
          // Put once, when it ended.
          written(jobs),
        ],
      }),
    );
    const reason = 'dynamodb:ListStreams, which a stream mapping needs, takes no resource.';
    for (const reader of [schedules, publisher]) {
      acknowledge(reader, reason, 'AwsSolutions::AwsSolutions-IAM5[Resource::*]');
    }
  }
}

/** Items of these partitions that were put and now look like this. */
function written(partitions: object[], image?: Readonly<Record<string, object>>) {
  return FilterCriteria.filter({
    eventName: [...FilterRule.isEqual('INSERT'), ...FilterRule.isEqual('MODIFY')],
    dynamodb: { Keys: { pk: { S: partitions } }, ...(image && { NewImage: image }) },
  });
}

function everyChange(deadLetters: DeadLetterQueue) {
  return {
    startingPosition: StartingPosition.TRIM_HORIZON,
    bisectBatchOnError: true,
    onFailure: new SqsDlq(deadLetters.queue),
  };
}
