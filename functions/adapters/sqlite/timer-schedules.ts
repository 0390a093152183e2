import type { Schedule, Schedules } from '#core/model/ports/schedules.ts';
import { nextFire } from '#core/timing/next-fire.ts';
import { FiringLoop, type TimerSchedulesOptions } from './firing-loop.ts';
import {
  listedScheduleOf,
  liveScheduleOf,
  readStoredSchedule,
  SCHEDULES_PK,
  storeSchedule,
} from './stored-schedule.ts';
import { createTurns } from './turns.ts';

export type TimerSchedules = Schedules & {
  /** Begins to fire; what fell due meanwhile fires now, once per schedule, with the latest time that was missed. */
  start(): Promise<void>;
  /** Fires no more; ends when the ticks in flight have ended. */
  stop(): Promise<void>;
};

/** https://docs.aws.amazon.com/scheduler/latest/APIReference/API_CreateSchedule.html */
const NAME = /^[0-9a-zA-Z-_.]{1,64}$/;

/**
 * Schedules in the table, fired by timers of this process, which must be the only one on that table. A firing is
 * stored before it is handed on and once more when it has been handled: a restart repeats none that was, and one that
 * a crash cut short is handed on once more (Scheduler, too, delivers at least once).
 */
export function createTimerSchedules(options: TimerSchedulesOptions): TimerSchedules {
  const { table, clock } = options;
  const inTurn = createTurns();
  const loop = new FiringLoop(options, inTurn);
  return {
    start: () => loop.start(),
    stop: () => loop.stop(),
    async put(schedule) {
      validate(schedule);
      await inTurn(async () => {
        const stored = storeSchedule(schedule, await readStoredSchedule(table, schedule.name), clock.now());
        await table.put(stored);
        loop.arm(stored);
      });
    },
    remove: (name) =>
      inTurn(async () => {
        await table.delete({ pk: SCHEDULES_PK, sk: name });
        loop.disarm(name);
      }),
    async read(name) {
      const stored = await readStoredSchedule(table, name);
      return stored && liveScheduleOf(stored);
    },
    async *list() {
      for await (const item of table.query({ pk: SCHEDULES_PK })) yield listedScheduleOf(item);
    },
  };
}

function validate({ name, expression, timezone, startAt }: Schedule): void {
  if (!NAME.test(name)) throw new Error(`the schedule name ${JSON.stringify(name)} is not 1–64 of [0-9A-Za-z-_.]`);
  if (nextFire(expression, timezone, startAt, startAt - 1) === undefined) {
    throw new Error(`the schedule expression ${JSON.stringify(expression)} in time zone ${timezone} never fires`);
  }
}
