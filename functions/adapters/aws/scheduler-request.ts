import type { CreateScheduleCommandInput, GetScheduleCommandOutput, ScheduleSummary } from '@aws-sdk/client-scheduler';
import type { ListedSchedule, LiveSchedule, Schedule } from '#core/model/ports/schedules.ts';
import { shortHash } from '#core/model/short-hash.ts';
import { shortestGapMs } from '#core/timing/shortest-gap.ts';
import { describeStart, startAtOf, startDateOf } from './schedule-start-date.ts';

/** What all schedules of a deployment share. */
export type SchedulerTarget = {
  readonly group: string;
  /** The role that Scheduler takes on to call the target. */
  readonly roleArn: string;
  readonly targetArn: string;
  /** A queue that gets what could not be delivered. */
  readonly deadLetterArn: string;
};

/** Bounds of MaximumEventAgeInSeconds:
 *  https://docs.aws.amazon.com/scheduler/latest/APIReference/API_RetryPolicy.html */
const SHORTEST_AGE_SECONDS = 60;
const LONGEST_AGE_SECONDS = 86_400;
/** For an expression whose firings cannot be told. */
const USUAL_AGE_SECONDS = 3600;
/** Deliveries after the first: an asynchronous invocation is refused when Lambda is throttled or its role is new. */
const RETRIES = 5;

/** The whole of a schedule: an update resets what it is not given. `now` in epoch ms. */
export function scheduleRequest(schedule: Schedule, target: SchedulerTarget, now: number): CreateScheduleCommandInput {
  return {
    Name: schedule.name,
    GroupName: target.group,
    Description: describeStart(schedule),
    ScheduleExpression: schedule.expression,
    ScheduleExpressionTimezone: schedule.timezone,
    StartDate: startDateOf(schedule, now),
    State: schedule.state === 'enabled' ? 'ENABLED' : 'DISABLED',
    FlexibleTimeWindow: { Mode: 'OFF' },
    ActionAfterCompletion: 'NONE',
    Target: {
      Arn: target.targetArn,
      RoleArn: target.roleArn,
      Input: schedule.input,
      RetryPolicy: { MaximumEventAgeInSeconds: maximumAgeSeconds(schedule), MaximumRetryAttempts: RETRIES },
      DeadLetterConfig: { Arn: target.deadLetterArn },
    },
  };
}

/**
 * Stands for all that a put writes besides the schedule that it is given: another one, and a deployment has changed the
 * function, the role or the manner, so that each schedule has to be read again.
 */
export function scheduleForm(target: SchedulerTarget): string {
  const any = { name: 'any', timezone: 'UTC', state: 'enabled', startAt: 0, input: '' } as const;
  const requests = ['rate(1 hour)', 'cron(0 6 * * ? *)'].map((expression) =>
    scheduleRequest({ ...any, expression }, target, 0),
  );
  return shortHash(requests);
}

/** What the port tells of a schedule, whoever wrote it last. */
export function liveSchedule(name: string, answer: GetScheduleCommandOutput, target: SchedulerTarget): LiveSchedule {
  const expression = answer.ScheduleExpression ?? '';
  return {
    name,
    expression,
    timezone: answer.ScheduleExpressionTimezone ?? 'UTC',
    state: stateOf(answer),
    startAt: startAtOf({ expression, description: answer.Description, startDate: answer.StartDate }),
    input: answer.Target?.Input ?? '',
    modifiedAt: modifiedAt(answer),
    ...(isDirectedTo(target, answer) ? {} : { misdirected: true }),
  };
}

/** What a page of a list tells of one. */
export function listedSchedule(summary: ScheduleSummary): ListedSchedule[] {
  const { Name: name } = summary;
  return name === undefined ? [] : [{ name, state: stateOf(summary), modifiedAt: modifiedAt(summary) }];
}

function stateOf({ State }: Pick<ScheduleSummary, 'State'>): LiveSchedule['state'] {
  return State === 'DISABLED' ? 'disabled' : 'enabled';
}

/** 0 where nothing tells. */
function modifiedAt(told: Pick<ScheduleSummary, 'LastModificationDate' | 'CreationDate'>): number {
  return (told.LastModificationDate ?? told.CreationDate)?.getTime() ?? 0;
}

/** Function, role and queue get new names when a deployment replaces them; schedules keep the old ones until they are put. */
function isDirectedTo(target: SchedulerTarget, { Target: live }: GetScheduleCommandOutput): boolean {
  return (
    live?.Arn === target.targetArn &&
    live.RoleArn === target.roleArn &&
    live.DeadLetterConfig?.Arn === target.deadLetterArn
  );
}

/** A tick that is later than its interval is worth nothing: the next one has been fired. */
function maximumAgeSeconds({ expression, timezone, startAt }: Schedule): number {
  const shortest = shortestGapMs(expression, timezone, startAt);
  if (shortest === undefined) return USUAL_AGE_SECONDS;
  return Math.min(LONGEST_AGE_SECONDS, Math.max(SHORTEST_AGE_SECONDS, Math.floor(shortest / 1000)));
}
