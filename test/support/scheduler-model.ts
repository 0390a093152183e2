import type { Clock } from '#core/model/ports/host.ts';
import type { LiveSchedule, Schedule, Schedules } from '#core/model/ports/schedules.ts';

/**
 * How a call of Scheduler fails.
 * - before, after: the connection broke before, or after, the call took effect
 * - conflict, throttled, server_error, not_found: Scheduler's own answers 409, 429, 500, 404; nothing took effect
 */
export type SchedulerFault = 'before' | 'after' | 'conflict' | 'throttled' | 'server_error' | 'not_found';
export const schedulerFaults = ['before', 'after', 'conflict', 'throttled', 'server_error', 'not_found'] as const;

export type SchedulerCall = { readonly operation: 'put' | 'remove' | 'read' | 'list'; readonly name: string };

/** Thrown in place of what the SDK throws. */
export class SchedulerRefusal extends Error {}

const refusals: Readonly<Record<SchedulerFault, string>> = {
  before: 'ECONNREFUSED',
  after: 'TimeoutError',
  conflict: 'ConflictException',
  throttled: 'ThrottlingException',
  server_error: 'InternalServerException',
  not_found: 'ResourceNotFoundException',
};

export type SchedulerModel = {
  /** The port, as our own code sees it. */
  readonly schedules: Schedules;
  /** What stands, by name. */
  readonly live: ReadonlyMap<string, LiveSchedule>;
  /** Every put and removal that took effect through the port, in order. */
  readonly calls: SchedulerCall[];
  /** Asked at each call of the port; what it returns is how the call fails. */
  fault: ((call: SchedulerCall) => SchedulerFault | undefined) | undefined;
  /** What a person does in the AWS console: changes some fields of what stands. Throws if nothing stands. */
  edit(name: string, change: Partial<Omit<Schedule, 'name'>>): void;
  delete(name: string): void;
  /** What a deployment does that replaces the function: what stands starts the old one. */
  misdirect(): void;
};

/** EventBridge Scheduler in memory: unconditional writes, a modification time, nothing fires. */
export function createSchedulerModel(clock: Clock): SchedulerModel {
  const live = new Map<string, LiveSchedule>();
  const calls: SchedulerCall[] = [];

  const call = <T>(operation: SchedulerCall['operation'], name: string, effect: () => T): T => {
    const fault = model.fault?.({ operation, name });
    if (fault !== undefined && fault !== 'after') throw new SchedulerRefusal(refusals[fault]);
    const result = effect();
    if (operation === 'put' || operation === 'remove') calls.push({ operation, name });
    if (fault === 'after') throw new SchedulerRefusal(refusals.after);
    return result;
  };
  const keep = (schedule: Schedule): void => {
    live.set(schedule.name, { ...schedule, modifiedAt: clock.now() });
  };

  const model: SchedulerModel = {
    live,
    calls,
    fault: undefined,
    edit(name, change) {
      const before = live.get(name);
      if (before === undefined) throw new Error(`there is no schedule ${name} to edit`);
      keep({ ...before, ...change });
    },
    delete: (name) => {
      live.delete(name);
    },
    misdirect: () => {
      for (const [name, standing] of live) live.set(name, { ...standing, misdirected: true });
    },
    schedules: {
      put: async (schedule) => call('put', schedule.name, () => keep(schedule)),
      remove: async (name) => call('remove', name, () => void live.delete(name)),
      read: async (name) => call('read', name, () => live.get(name)),
      async *list() {
        yield* call('list', '', () =>
          [...live.values()].map(({ name, state, modifiedAt }) => ({ name, state, modifiedAt })),
        );
      },
    },
  };
  return model;
}
