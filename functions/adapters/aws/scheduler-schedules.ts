import {
  CreateScheduleCommand,
  DeleteScheduleCommand,
  GetScheduleCommand,
  ListSchedulesCommand,
  type SchedulerClient,
  UpdateScheduleCommand,
} from '@aws-sdk/client-scheduler';
import type { Clock } from '#core/model/ports/host.ts';
import type { LiveSchedule, Schedule, Schedules } from '#core/model/ports/schedules.ts';
import { bounded } from './bounded.ts';
import { backOff, DEFAULT_PATIENCE, type Patience } from './patience.ts';
import { listedSchedule, liveSchedule, type SchedulerTarget, scheduleRequest } from './scheduler-request.ts';

export type SchedulerSchedulesOptions = SchedulerTarget & {
  readonly clock?: Clock;
  readonly patience?: Patience;
};

/** Both: https://docs.aws.amazon.com/scheduler/latest/APIReference/API_CreateSchedule.html and API_ListSchedules.html */
const NAME = /^[0-9a-zA-Z-_.]{1,64}$/;
const SCHEDULES_A_PAGE = 100;

/** 409 says "exists" and also "is being changed"; both pass, like throttling. */
const CONTENDED = new Set(['ConflictException', 'ThrottlingException']);

/** Some three seconds: a change by somebody else has ended by then, or the next sweep tries again. */
const PATIENCE: Patience = { ...DEFAULT_PATIENCE, retries: 6 };

/**
 * Schedules in one group of EventBridge Scheduler, which must exist. What else was refused (an expression that
 * Scheduler does not take, a quota, no permission) is thrown as the SDK's error.
 */
export function createSchedulerSchedules(
  client: Pick<SchedulerClient, 'send'>,
  options: SchedulerSchedulesOptions,
): Schedules {
  const { clock = { now: Date.now }, patience = PATIENCE, group } = options;
  return {
    async put(schedule) {
      if (!NAME.test(schedule.name)) {
        throw new Error(`the schedule name ${JSON.stringify(schedule.name)} is not 1–64 of [0-9A-Za-z-_.]`);
      }
      await whileContended(patience, () => updateOrCreate(client, options, schedule, clock.now()));
    },
    remove: (name) => whileContended(patience, () => remove(client, options, name)),
    read: (name) => whileContended(patience, () => read(client, options, name)),
    async *list() {
      let token: string | undefined;
      do {
        const request = { GroupName: group, MaxResults: SCHEDULES_A_PAGE, NextToken: token };
        const page = await whileContended(patience, () =>
          bounded((options) => client.send(new ListSchedulesCommand(request), options)),
        );
        yield* (page.Schedules ?? []).flatMap(listedSchedule);
        token = page.NextToken;
      } while (token !== undefined);
    },
  };
}

type Client = Pick<SchedulerClient, 'send'>;

async function updateOrCreate(client: Client, target: SchedulerTarget, schedule: Schedule, now: number): Promise<void> {
  const request = scheduleRequest(schedule, target, now);
  try {
    await bounded((options) => client.send(new UpdateScheduleCommand(request), options));
  } catch (error) {
    if (!isMissing(error)) throw error;
    await bounded((options) => client.send(new CreateScheduleCommand(request), options));
  }
}

async function remove(client: Client, { group }: SchedulerTarget, name: string): Promise<void> {
  try {
    await bounded((options) => client.send(new DeleteScheduleCommand({ Name: name, GroupName: group }), options));
  } catch (error) {
    if (!isMissing(error)) throw error;
  }
}

async function read(client: Client, target: SchedulerTarget, name: string): Promise<LiveSchedule | undefined> {
  try {
    return liveSchedule(
      name,
      await bounded((options) => client.send(new GetScheduleCommand({ Name: name, GroupName: target.group }), options)),
      target,
    );
  } catch (error) {
    if (!isMissing(error) || isOfGroup(error)) throw error;
    return undefined;
  }
}

function isMissing(error: unknown): error is Error {
  return error instanceof Error && error.name === 'ResourceNotFoundException';
}

/** A missing group would make each of its schedules look as if someone had deleted it. `group` is a schedule's name, too. */
function isOfGroup({ message }: Error): boolean {
  return /^schedule ?group (?!does not exist)/i.test(message);
}

/** Makes a request again while somebody else's is in its way, some seconds long; then its error is thrown. */
async function whileContended<T>(patience: Patience, request: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries++) {
    try {
      return await request();
    } catch (error) {
      if (tries > patience.retries || !(error instanceof Error) || !CONTENDED.has(error.name)) throw error;
      await backOff(patience, tries);
    }
  }
}
