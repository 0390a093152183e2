import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { createDynamoDbTable } from '#adapters/aws/dynamodb-table.ts';
import { createLineLog } from '#adapters/process/console-log.ts';
import { describeError } from '#adapters/process/describe-error.ts';
import { createRandomIds } from '#adapters/process/random-ids.ts';
import { systemClock } from '#adapters/process/system-clock.ts';
import type { LeaseDeps } from '#core/lease/lease.ts';
import type { Ids, Log } from '#core/model/ports/host.ts';

/** Longer than an invocation can live (900 s, Lambda's limit): nobody can say of another container that it died. */
const leaseMs = 930_000;

/** What every function has, whatever it does: built once per container. */
export type LambdaRuntime = LeaseDeps & { readonly ids: Ids; readonly log: Log };

/** Opens the table and names this container. Connects to nothing yet. */
export function createLambdaRuntime(tableName: string): LambdaRuntime {
  const ids = createRandomIds();
  // Straight to stdout: Lambda would wrap what comes through console, and metric filters read the fields.
  const log = createLineLog({ write: (line) => process.stdout.write(line), format: 'json', clock: systemClock });
  return {
    table: createDynamoDbTable(createDynamoDbClient(), tableName),
    clock: systemClock,
    ids,
    log,
    holder: ids.unique(),
    isAlive: () => true,
    leaseMs,
  };
}

/** Without a timeout that throws, a lost connection would outlast the lease it writes under. */
function createDynamoDbClient(): DynamoDBClient {
  return new DynamoDBClient({
    requestHandler: { connectionTimeout: 2000, requestTimeout: 5000, throwOnRequestTimeout: true },
  });
}

/**
 * Lets Lambda see that an invocation failed, but not with what: its runtime logs every property of an error, and those of
 * an SDK error hold headers. The name and the message go to our own log.
 */
export function reportFailure<Event, Context extends { readonly awsRequestId: string }, Result>(
  log: Log,
  handle: (event: Event, context: Context) => Promise<Result>,
): (event: Event, context: Context) => Promise<Result> {
  return async (event, context) => {
    try {
      return await handle(event, context);
    } catch (error) {
      const described = describeError(error);
      log.error('invocation failed', { request_id: context.awsRequestId, ...described });
      throw new Error(`the invocation failed with ${described.error}; the log line before tells more`);
    }
  };
}
