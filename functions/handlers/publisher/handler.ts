import { EventBridgeClient } from '@aws-sdk/client-eventbridge';
import type { Context, DynamoDBStreamEvent } from 'aws-lambda';
import { createEventBridgeBus } from '#adapters/aws/event-bridge-bus.ts';
import { readStreamRecord } from '#adapters/aws/stream-changes.ts';
import { publishChanges } from '#core/changes/publish-changes.ts';
import { createLambdaRuntime, reportFailure } from '../lambda-runtime.ts';
import { environment } from './env.ts';

const env = environment.parse(process.env);
const runtime = createLambdaRuntime(env.TABLE_NAME);
const deps = { ...runtime, bus: createEventBridgeBus(new EventBridgeClient(), env.BUS_NAME) };

/** Tells the bus what changed in the table. A batch that was not taken whole is given again and makes the same ids. */
export const handler = reportFailure(
  runtime.log,
  async ({ Records }: DynamoDBStreamEvent, _context: Context): Promise<void> => {
    await publishChanges(deps, Records.map(readStreamRecord));
  },
);
