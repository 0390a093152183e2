import { Duration, Size } from 'aws-cdk-lib';
import { RecursiveLoop } from 'aws-cdk-lib/aws-lambda';
import type { Construct } from 'constructs';
import type { SyncEnvironment } from '#handlers/sync/env.ts';
import type { StackConfig } from '../config/config.ts';
import type { AssumableRoles } from './assumable-roles.ts';
import type { DataTable } from './data-table.ts';
import type { DeadLetterQueue } from './dead-letter-queue.ts';
import { queueShares } from './queue-shares.ts';
import type { SecretsKey } from './secrets-key.ts';
import { longestInvocation, StocktakeFunction } from './stocktake-function.ts';
import type { WorkQueue } from './work-queue.ts';

type SyncFunctionProps = {
  readonly config: StackConfig;
  readonly data: DataTable;
  readonly secrets: SecretsKey;
  readonly roles: AssumableRoles;
  readonly work: WorkQueue;
  /** For ticks that failed. */
  readonly deadLetters: DeadLetterQueue;
};

/** Performs syncs: started by schedules, and by messages that it also sends to itself. */
export class SyncFunction extends StocktakeFunction<SyncEnvironment> {
  constructor(scope: Construct, id: string, { config, data, secrets, roles, work, deadLetters }: SyncFunctionProps) {
    super(scope, id, {
      name: 'sync',
      description: 'Syncs the catalogue of Stocktake with buckets',
      memoryMb: config.syncMemoryMb,
      timeout: longestInvocation,
      // Half of it sorts the listing of a server without order. In 820 s at 82 ms a page ten million rows come, of some 150
      // bytes each.
      temporary: Size.gibibytes(3),
      config,
      network: config,
      // The longest there is. Lambda keeps the ticks it throttles and drops those that grow older than this; a late one
      // does no harm, for slots are deduplicated.
      // https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html
      asynchronous: { retryAttempts: 1, maxEventAge: Duration.hours(6), deadLetters },
      reservedConcurrency: config.syncConcurrency,
      // A large bucket is synced over more hops through the queue than the 16 that Lambda takes for a loop; each of them
      // must have come further than the one before, or the run fails (functions/core/sync).
      recursiveLoop: RecursiveLoop.ALLOW,
      environment: (role) => ({
        ...data.grantCalls(role, 'sync', 'get', 'batchGet', 'query', 'put', 'delete', 'batchWrite', 'transact'),
        ...secrets.grantOpen(role),
        ...work.grantSend(role),
        ...roles.grantAssume(role),
        PRIVATE_ENDPOINTS: config.privateEndpoints.join(','),
        RUN_TIME_LIMIT_SECONDS: String(config.runTimeLimitSeconds),
        SYNC_WORKERS: String(config.syncWorkers),
        MAX_OBJECTS: String(config.maxObjectsPerDatasource),
        HOLD_ABOVE_OBJECTS: String(config.holdAboveObjects),
        HOLD_ABOVE_SHARE: String(config.holdAboveShare),
      }),
    });
    work.feed(this.lambda, queueShares(config).work);
  }
}
