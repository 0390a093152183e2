import {
  ConflictException,
  CreateScheduleCommand,
  type CreateScheduleCommandInput,
  DeleteScheduleCommand,
  GetScheduleCommand,
  ListSchedulesCommand,
  type ListSchedulesCommandInput,
  ResourceNotFoundException,
  type SchedulerClient,
  ThrottlingException,
  UpdateScheduleCommand,
  ValidationException,
} from '@aws-sdk/client-scheduler';
import { nextFire } from '#core/timing/next-fire.ts';
import { timezoneProblem } from '#core/timing/time-zone.ts';

/** A schedule as it stands in the service, with the defaults of what it was not given. */
export type StandingSchedule = CreateScheduleCommandInput & { readonly LastModificationDate: Date };

export type SchedulerOperation = 'Create' | 'Update' | 'Get' | 'Delete' | 'List';

/** Called before and after an operation takes effect; what it returns is thrown there. */
export type SchedulerFault = (call: {
  readonly operation: SchedulerOperation;
  readonly name: string;
  readonly when: 'before' | 'after';
}) => Error | undefined;

const $metadata = {};

/** Errors as the SDK throws them, for faults. */
export const schedulerErrors = {
  conflict: (message: string) => new ConflictException({ message, Message: message, $metadata }),
  missing: (message: string) => new ResourceNotFoundException({ message, Message: message, $metadata }),
  throttled: () => new ThrottlingException({ message: 'Rate exceeded', Message: 'Rate exceeded', $metadata }),
  invalid: (message: string) => new ValidationException({ message, Message: message, $metadata }),
};

/**
 * EventBridge Scheduler's schedules in memory, behind the SDK client's `send`: groups, whole replacement by an update,
 * conflicts, validation, pages. It fires nothing.
 */
export class FakeScheduler {
  readonly client: SchedulerClient;
  readonly calls: { readonly operation: SchedulerOperation; readonly input: object }[] = [];
  /** Keyed by group and name. */
  readonly #standing = new Map<string, StandingSchedule>();
  readonly #groups: Set<string>;
  readonly #now: () => number;
  fault: SchedulerFault = () => undefined;

  constructor(options: { readonly groups: readonly string[]; readonly now: () => number }) {
    this.#groups = new Set(['default', ...options.groups]);
    this.#now = options.now;
    this.client = { send: (command: object) => this.#send(command) } as unknown as SchedulerClient;
  }

  standing(group: string): StandingSchedule[] {
    return [...this.#standing.values()].filter((schedule) => schedule.GroupName === group);
  }

  /** What someone does in the AWS console: changes some fields and keeps the others. */
  edit(group: string, name: string, change: Partial<CreateScheduleCommandInput>): void {
    const before = this.#find(group, name);
    this.#standing.set(`${group}/${name}`, { ...before, ...change, LastModificationDate: new Date(this.#now()) });
  }

  /** As in the console. */
  delete(group: string, name: string): void {
    this.#find(group, name);
    this.#standing.delete(`${group}/${name}`);
  }

  deleteGroup(group: string): void {
    this.#groups.delete(group);
    for (const [key, { GroupName }] of this.#standing) if (GroupName === group) this.#standing.delete(key);
  }

  async #send(command: object): Promise<object> {
    await Promise.resolve();
    if (command instanceof CreateScheduleCommand) {
      return this.#during('Create', command.input, () => this.#create(command.input));
    }
    if (command instanceof UpdateScheduleCommand) {
      return this.#during('Update', command.input, () => this.#update(command.input));
    }
    if (command instanceof GetScheduleCommand) {
      const { GroupName, Name } = command.input;
      return this.#during('Get', command.input, () => structuredClone(this.#find(GroupName, Name)));
    }
    if (command instanceof DeleteScheduleCommand) {
      const { GroupName = 'default', Name = '' } = command.input;
      return this.#during('Delete', command.input, () => {
        this.delete(GroupName, Name);
        return {};
      });
    }
    if (command instanceof ListSchedulesCommand) {
      return this.#during('List', {}, () => this.#list(command.input));
    }
    throw new Error(`the fake Scheduler does not know ${command.constructor.name}`);
  }

  #during(operation: SchedulerOperation, input: { Name?: string | undefined }, effect: () => object): object {
    this.calls.push({ operation, input });
    const call = { operation, name: input.Name ?? '' };
    const before = this.fault({ ...call, when: 'before' });
    if (before) throw before;
    const answer = effect();
    const after = this.fault({ ...call, when: 'after' });
    if (after) throw after;
    return answer;
  }

  #find(group = 'default', name = ''): StandingSchedule {
    if (!this.#groups.has(group)) throw schedulerErrors.missing(`Schedule group ${group} does not exist.`);
    const found = this.#standing.get(`${group}/${name}`);
    if (found === undefined) throw schedulerErrors.missing(`Schedule ${name} does not exist.`);
    return found;
  }

  #create(input: CreateScheduleCommandInput): object {
    const schedule = this.#checked(input);
    const { GroupName: group = '', Name: name } = schedule;
    if (!this.#groups.has(group)) throw schedulerErrors.missing(`Schedule group ${group} does not exist.`);
    if (this.#standing.has(`${group}/${name}`)) throw schedulerErrors.conflict(`Schedule ${name} already exists.`);
    this.#standing.set(`${group}/${name}`, schedule);
    return { ScheduleArn: `arn:aws:scheduler:eu-west-1:111122223333:schedule/${group}/${name}` };
  }

  #update(input: CreateScheduleCommandInput): object {
    const schedule = this.#checked(input);
    this.#find(schedule.GroupName, schedule.Name);
    this.#standing.set(`${schedule.GroupName}/${schedule.Name}`, schedule);
    return {};
  }

  #list({ GroupName: group = 'default', MaxResults = 100, NextToken }: ListSchedulesCommandInput): object {
    if (!this.#groups.has(group)) throw schedulerErrors.missing(`Schedule group ${group} does not exist.`);
    if (MaxResults < 1 || MaxResults > 100) throw schedulerErrors.invalid('MaxResults must be 1 to 100.');
    const all = this.standing(group).sort((a, b) => ((a.Name ?? '') < (b.Name ?? '') ? -1 : 1));
    const rest = NextToken === undefined ? all : all.filter(({ Name = '' }) => Name > NextToken);
    const page = rest.slice(0, MaxResults);
    return {
      Schedules: page.map(({ Name, GroupName, State, LastModificationDate, Target }) => {
        return { Name, GroupName, State, LastModificationDate, Target: { Arn: Target?.Arn } };
      }),
      ...(rest.length > page.length ? { NextToken: page.at(-1)?.Name } : {}),
    };
  }

  /** Refuses what Scheduler refuses, and gives the defaults to what is missing. */
  #checked(input: CreateScheduleCommandInput): StandingSchedule {
    const reason = refusal(input, this.#now());
    if (reason !== undefined) throw schedulerErrors.invalid(reason);
    const { StartDate: start, Target: target } = input;
    const retry = { MaximumEventAgeInSeconds: 86_400, MaximumRetryAttempts: 185, ...target?.RetryPolicy };
    return structuredClone({
      GroupName: 'default',
      State: 'ENABLED' as const,
      ScheduleExpressionTimezone: 'UTC',
      ActionAfterCompletion: 'NONE' as const,
      ...input,
      // Nobody promises fractions of a second.
      StartDate: start && new Date(Math.floor(start.getTime() / 1000) * 1000),
      Target: target && { ...target, RetryPolicy: retry },
      LastModificationDate: new Date(this.#now()),
    });
  }
}

function refusal(input: CreateScheduleCommandInput, now: number): string | undefined {
  const { Name = '', ScheduleExpression = '', ScheduleExpressionTimezone = 'UTC', StartDate, Target } = input;
  const { MaximumEventAgeInSeconds: age = 60, MaximumRetryAttempts: attempts = 0 } = Target?.RetryPolicy ?? {};
  if (!/^[0-9a-zA-Z-_.]{1,64}$/.test(Name)) return 'Invalid name.';
  if (timezoneProblem(ScheduleExpressionTimezone) !== undefined) return `Invalid Schedule Expression Timezone.`;
  if (nextFire(ScheduleExpression, ScheduleExpressionTimezone, now, now) === undefined) {
    return `Invalid Schedule Expression ${ScheduleExpression}.`;
  }
  if (StartDate && StartDate.getTime() < now - 5 * 60_000) {
    return 'The StartDate you specify cannot be earlier than 5 minutes ago.';
  }
  if ((input.Description ?? '').length > 512) return 'Description is too long.';
  if (input.FlexibleTimeWindow?.Mode === undefined) return 'FlexibleTimeWindow is required.';
  if (!Target?.Arn || !Target.RoleArn) return 'Target is required.';
  if (age < 60 || age > 86_400 || attempts < 0 || attempts > 185) return 'Invalid RetryPolicy.';
  return undefined;
}
