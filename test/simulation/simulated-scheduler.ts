import type { Schedule, Schedules } from '#core/model/ports/schedules.ts';
import { nextFire } from '#core/timing/next-fire.ts';
import { createSchedulerModel, type SchedulerModel } from '#support/scheduler-model.ts';
import type { RandomSource } from './random-source.ts';
import type { Outcome } from './simulated-queue.ts';
import type { Pending, SimulatedTime } from './simulated-time.ts';
import type { Trace } from './trace.ts';
import type { Turbulence } from './turbulence.ts';

/** EventBridge Scheduler that really fires, and its console. */
export type SimulatedScheduler = {
  readonly schedules: Schedules;
  readonly live: SchedulerModel['live'];
  edit(name: string, change: Partial<Omit<Schedule, 'name'>>): void;
  delete(name: string): void;
};

/** An asynchronous invocation that fails is tried once more, as infra/aws/constructs/sync-function.ts sets it up. */
const retryAfterMs = 60_000;

export function createSimulatedScheduler(deps: {
  readonly time: SimulatedTime;
  readonly random: RandomSource;
  readonly trace: Trace;
  readonly weather: () => Turbulence;
  /** A tick comes up to this much late. */
  readonly jitterMs: number;
  readonly invoke: (input: string, done: (outcome: Outcome) => void) => void;
}): SimulatedScheduler {
  const { time, random, weather } = deps;
  const model = createSchedulerModel(time.clock);
  const armed = new Map<string, Pending>();

  const deliver = (input: string, after: number, retries: number): void => {
    time.after(after, () => {
      deps.trace.note(time.clock.now(), 'scheduler', 'fires', input.slice(0, 90));
      deps.invoke(input, (outcome) => {
        if (outcome !== 'done' && retries > 0) deliver(input, retryAfterMs, retries - 1);
      });
    });
  };
  const fire = (name: string, at: number): void => {
    const live = model.live.get(name);
    if (live === undefined) return;
    const scheduledTime = `${new Date(at).toISOString().slice(0, 19)}Z`;
    const input = live.input.replace('<aws.scheduler.scheduled-time>', scheduledTime);
    const copies = random.chance(weather().duplicate) ? random.between(2, 3) : 1;
    for (let copy = 0; copy < copies; copy += 1) {
      if (!random.chance(weather().lost)) deliver(input, random.between(0, deps.jitterMs), 1);
    }
    arm(name, at);
  };
  const arm = (name: string, after: number): void => {
    const before = armed.get(name);
    if (before !== undefined) before.called_off = true;
    armed.delete(name);
    const live = model.live.get(name);
    if (live?.state !== 'enabled') return;
    const next = nextFire(live.expression, live.timezone, live.startAt, after);
    if (next !== undefined)
      armed.set(
        name,
        time.at(next, () => fire(name, next)),
      );
  };
  const rearm = (name: string): void => arm(name, time.clock.now());

  return {
    live: model.live,
    edit(name, change) {
      model.edit(name, change);
      rearm(name);
    },
    delete(name) {
      model.delete(name);
      rearm(name);
    },
    schedules: {
      ...model.schedules,
      async put(schedule) {
        await model.schedules.put(schedule);
        rearm(schedule.name);
      },
      async remove(name) {
        await model.schedules.remove(name);
        rearm(name);
      },
    },
  };
}
