import { createSchedulerSchedules } from '#adapters/aws/scheduler-schedules.ts';
import { FakeScheduler } from '#support/aws/fake-scheduler.ts';
import { schedulesContract } from './schedules.contract.ts';

const NOW = Date.parse('2026-11-22T07:00:00.123Z');

schedulesContract('EventBridge Scheduler', async () => {
  const scheduler = new FakeScheduler({ groups: ['stocktake'], now: () => NOW });
  const schedules = createSchedulerSchedules(scheduler.client, {
    group: 'stocktake',
    roleArn: 'arn:aws:iam::111122223333:role/scheduler',
    targetArn: 'arn:aws:lambda:eu-west-1:111122223333:function:sync',
    deadLetterArn: 'arn:aws:sqs:eu-west-1:111122223333:dead',
    clock: { now: () => NOW },
  });
  return { schedules, now: NOW, close: async () => undefined };
});
