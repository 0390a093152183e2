import { AttributeType, BillingMode, type ITable, StreamViewType, Table } from 'aws-cdk-lib/aws-dynamodb';
import { type IGrantable, PolicyStatement } from 'aws-cdk-lib/aws-iam';
import { Construct } from 'constructs';
import type { StackConfig } from '../config/config.ts';
import { removalOf } from './removal.ts';
import { onlyItsPartitions, type TableWriter } from './table-partitions.ts';

/** What each call of the Table port needs (functions/adapters/aws): a transaction, what each of its parts needs. */
const actionsOf = {
  get: ['dynamodb:GetItem'],
  batchGet: ['dynamodb:BatchGetItem'],
  query: ['dynamodb:Query'],
  put: ['dynamodb:PutItem'],
  delete: ['dynamodb:DeleteItem'],
  batchWrite: ['dynamodb:BatchWriteItem'],
  transact: ['dynamodb:PutItem', 'dynamodb:DeleteItem', 'dynamodb:ConditionCheckItem'],
} as const;

/** A call of the Table port. */
export type TableCall = keyof typeof actionsOf;

const reading: ReadonlySet<string> = new Set(['dynamodb:GetItem', 'dynamodb:BatchGetItem', 'dynamodb:Query']);

type DataTableConfig = Pick<
  StackConfig,
  'removalPolicy' | 'restoredTableStreamArn' | 'tableStreamArn' | 'tableWarmWrites' | 'maxWriteRequestUnits'
>;

/** The one table: catalogue, registry, runs. Its stream is the feed that schedules and events follow. */
export class DataTable extends Construct {
  /** The table in use: the stack's own, or one that was there before the stack. */
  readonly table: ITable;

  constructor(scope: Construct, id: string, config: DataTableConfig) {
    super(scope, id);
    this.table = this.#existing(config) ?? this.#own(config);
    // A restored table stands beside the stack's own, which would otherwise be taken out of the stack.
    if (config.restoredTableStreamArn !== undefined) this.#own(config);
  }

  #existing(config: DataTableConfig): ITable | undefined {
    const tableStreamArn = config.tableStreamArn ?? config.restoredTableStreamArn;
    if (tableStreamArn === undefined) return undefined;
    // The stream's ARN is the table's and a suffix.
    const tableArn = tableStreamArn.slice(0, tableStreamArn.indexOf('/stream/'));
    return Table.fromTableAttributes(this, 'RestoredTable', { tableArn, tableStreamArn });
  }

  #own(config: DataTableConfig): ITable {
    return new Table(this, 'Table', {
      partitionKey: { name: 'pk', type: AttributeType.STRING },
      sortKey: { name: 'sk', type: AttributeType.STRING },
      billingMode: BillingMode.PAY_PER_REQUEST,
      stream: StreamViewType.NEW_AND_OLD_IMAGES,
      timeToLiveAttribute: 'ttl',
      pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true },
      ...(config.maxWriteRequestUnits === undefined ? {} : { maxWriteRequestUnits: config.maxWriteRequestUnits }),
      deletionProtection: config.removalPolicy === 'retain',
      removalPolicy: removalOf(config),
      ...warmed(config),
    });
  }

  /** Allows the publisher to read items one by one, by their keys, and to list and write what concerns webhooks alone. */
  grantWebhooks(grantee: IGrantable): { TABLE_NAME: string } {
    this.table.grant(grantee, 'dynamodb:GetItem');
    this.#allow(grantee, ['dynamodb:Query', 'dynamodb:PutItem'], onlyItsPartitions('publisher'));
    return { TABLE_NAME: this.table.tableName };
  }

  /** Allows a function these calls of the Table port: to read all items, and to write in its own partitions. */
  grantCalls(grantee: IGrantable, writer: TableWriter, ...calls: readonly TableCall[]): { TABLE_NAME: string } {
    const actions = [...new Set(calls.flatMap((call) => actionsOf[call]))];
    this.table.grant(grantee, ...actions.filter((action) => reading.has(action)));
    const writes = actions.filter((action) => !reading.has(action));
    this.#allow(grantee, writes, onlyItsPartitions(writer));
    return { TABLE_NAME: this.table.tableName };
  }

  #allow(grantee: IGrantable, actions: string[], conditions: ReturnType<typeof onlyItsPartitions>): void {
    const resources = [this.table.tableArn];
    grantee.grantPrincipal.addToPrincipalPolicy(new PolicyStatement({ actions, resources, conditions }));
  }
}

/** A warmed table is split into as many partitions at once as it would need after hours of load. It can be raised later, never
 *  lowered: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/warm-throughput.html */
function warmed({ tableWarmWrites }: DataTableConfig) {
  return tableWarmWrites === undefined ? {} : { warmThroughput: { writeUnitsPerSecond: tableWarmWrites } };
}
