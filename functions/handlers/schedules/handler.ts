import { SchedulerClient } from '@aws-sdk/client-scheduler';
import { SQSClient } from '@aws-sdk/client-sqs';
import type { Context, DynamoDBStreamEvent, ScheduledEvent } from 'aws-lambda';
import { clientSettings } from '#adapters/aws/client-settings.ts';
import { type SchedulerTarget, scheduleForm } from '#adapters/aws/scheduler-request.ts';
import { createSchedulerSchedules } from '#adapters/aws/scheduler-schedules.ts';
import { createSqsWorkQueue } from '#adapters/aws/sqs-work-queue.ts';
import { readStreamRecord } from '#adapters/aws/stream-changes.ts';
import { type SweepCounts, sweep } from '#core/dispatch/sweep.ts';
import { sweepJobs } from '#core/jobs/sweep-jobs.ts';
import { shortHash } from '#core/model/short-hash.ts';
import type { DatasourceRow } from '#core/registry/datasource.ts';
import { firstSlot } from '#core/runs/first-slot.ts';
import { type ComparedCounts, reconcileAllSchedules } from '#core/schedules/reconcile-all-schedules.ts';
import { datasourcesToReconcile } from '#core/schedules/reconcile-request.ts';
import { reconcileSchedule } from '#core/schedules/reconcile-schedules.ts';
import { timeBudget } from '#core/timing/time-budget.ts';
import { createLambdaRuntime, reportFailure } from '../runtime/lambda-runtime.ts';
import { environment } from './env.ts';

const env = environment.parse(process.env);
const runtime = createLambdaRuntime(env.TABLE_NAME);
const sqs = new SQSClient(clientSettings());
const queue = createSqsWorkQueue(sqs, env.WORK_QUEUE_URL);
const target: SchedulerTarget = {
  group: env.SCHEDULE_GROUP,
  roleArn: env.SCHEDULE_ROLE_ARN,
  targetArn: env.SYNC_FUNCTION_ARN,
  deadLetterArn: env.SCHEDULE_DLQ_ARN,
};
const deps = {
  ...runtime,
  queue,
  jobs: createSqsWorkQueue(sqs, env.JOBS_QUEUE_URL),
  fireFirst: (row: DatasourceRow) => queue.send(firstSlot(row)),
  groupId: shortHash([env.STACK_ID, env.TABLE_NAME]),
  schedules: createSchedulerSchedules(new SchedulerClient(clientSettings()), target),
  form: scheduleForm(target),
  // Metrics are made of these two lines: infra/aws/constructs/sync-metrics.ts.
  swept: (counts: SweepCounts) => runtime.log.info('datasources swept', counts),
  compared: (counts: ComparedCounts) => runtime.log.info('schedules compared', counts),
};

/** Makes schedules follow their datasources as they change, and, when the rule of the sweep fires, all of them. */
export const handler = reportFailure(
  runtime.log,
  async (event: DynamoDBStreamEvent | ScheduledEvent, context: Context): Promise<void> => {
    if ('Records' in event) await follow(event);
    else await repair(runtime.clock.now() + context.getRemainingTimeInMillis() - timeBudget.reserveMs);
  },
);

async function follow({ Records }: DynamoDBStreamEvent): Promise<void> {
  const changes = Records.map(readStreamRecord);
  for (const id of datasourcesToReconcile(changes)) await reconcileSchedule(deps, id);
}

/** No part waits for the others to be well. */
async function repair(yieldAt: number): Promise<void> {
  const parts = [sweep({ ...deps, yieldAt }), sweepJobs(deps), reconcileAllSchedules({ ...deps, yieldAt })];
  const outcomes = await Promise.allSettled(parts);
  const reasons = outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.reason] : []));
  if (reasons.length > 0) throw new AggregateError(reasons, reasons.map(String).join('; '));
}
