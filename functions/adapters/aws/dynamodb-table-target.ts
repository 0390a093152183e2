import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import type { FlightLimit } from './flight-limit.ts';
import type { TablePatience } from './patience.ts';

/** Where requests go and how patiently: what every operation of the table needs. */
export type TableTarget = {
  readonly client: Pick<DynamoDBClient, 'send'>;
  readonly tableName: string;
  readonly patience: TablePatience;
  /** Of batches of writes. */
  readonly flights: FlightLimit;
};
