import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { clientSettings } from '#adapters/aws/client-settings.ts';
import { createDynamoDbTable } from '#adapters/aws/dynamodb-table.ts';
import { createLineLog } from '#adapters/process/console-log.ts';
import { describeError } from '#adapters/process/describe-error.ts';
import { createRandomIds } from '#adapters/process/random-ids.ts';
import { systemClock } from '#adapters/process/system-clock.ts';
import type { LeaseDeps } from '#core/lease/lease.ts';
import type { Ids, Log } from '#core/model/ports/host.ts';
import { timeBudget } from '#core/timing/time-budget.ts';

/** What every function has, whatever it does: built once per container. */
export type LambdaRuntime = LeaseDeps & { readonly ids: Ids; readonly log: Log };

/** Opens the table and names this container. Connects to nothing yet. */
export function createLambdaRuntime(tableName: string): LambdaRuntime {
  const ids = createRandomIds();
  // Straight to stdout: Lambda would wrap what comes through console, and metric filters read the fields.
  const log = createLineLog({ write: (line) => process.stdout.write(line), format: 'json', clock: systemClock });
  return {
    table: createDynamoDbTable(new DynamoDBClient(clientSettings()), tableName),
    clock: systemClock,
    ids,
    log,
    holder: ids.unique(),
    isAlive: () => true,
    leaseMs: timeBudget.leaseMs,
  };
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
