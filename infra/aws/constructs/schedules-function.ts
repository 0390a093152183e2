import { Duration } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import type { SchedulesEnvironment } from '#handlers/schedules/env.ts';
import type { StackConfig } from '../config/config.ts';
import type { DataTable } from './data-table.ts';
import type { DeadLetterQueue } from './dead-letter-queue.ts';
import type { JobsQueue } from './jobs-queue.ts';
import type { ScheduleGroup } from './schedule-group.ts';
import { longestInvocation, StocktakeFunction } from './stocktake-function.ts';
import type { WorkQueue } from './work-queue.ts';

type SchedulesFunctionProps = {
  readonly config: StackConfig;
  readonly data: DataTable;
  readonly work: WorkQueue;
  readonly jobs: JobsQueue;
  readonly group: ScheduleGroup;
  /** For sweeps that failed. */
  readonly deadLetters: DeadLetterQueue;
};

/** Makes schedules follow their datasources, and sweeps up after lost messages and dead workers. */
export class SchedulesFunction extends StocktakeFunction<SchedulesEnvironment> {
  constructor(scope: Construct, id: string, { config, data, work, jobs, group, deadLetters }: SchedulesFunctionProps) {
    super(scope, id, {
      name: 'schedules',
      description: 'Makes the schedules of Stocktake follow its datasources',
      memoryMb: 512,
      timeout: longestInvocation,
      config,
      asynchronous: { retryAttempts: 0, maxEventAge: Duration.minutes(5), deadLetters },
      environment: (role) => ({
        ...data.grantCalls(role, 'schedules', 'get', 'batchGet', 'query', 'put', 'transact'),
        ...work.grantSend(role),
        ...jobs.grantSend(role),
        ...group.grantManage(role),
      }),
    });
  }
}
