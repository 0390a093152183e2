import { ListRulesCommand, ListTargetsByRuleCommand } from '@aws-sdk/client-eventbridge';
import { InvokeCommand } from '@aws-sdk/client-lambda';
import {
  DeleteScheduleCommand,
  GetScheduleCommand,
  type GetScheduleCommandOutput,
  ListSchedulesCommand,
  UpdateScheduleCommand,
  type UpdateScheduleCommandInput,
} from '@aws-sdk/client-scheduler';
import type { Clients } from './clients.ts';

/** Does in one group of schedules what a person does in the AWS console. */
export type ConsoleUser = {
  names(): Promise<string[]>;
  /** Undefined if there is none of that name. */
  look(name: string): Promise<GetScheduleCommandOutput | undefined>;
  /** Saves the whole schedule with some of it changed. */
  edit(name: string, change: Partial<UpdateScheduleCommandInput>): Promise<void>;
  remove(name: string): Promise<void>;
};

export function createConsoleUser({ scheduler }: Clients, group: string): ConsoleUser {
  const look = async (name: string) => {
    try {
      return await scheduler.send(new GetScheduleCommand({ Name: name, GroupName: group }));
    } catch (error) {
      if (error instanceof Error && error.name === 'ResourceNotFoundException') return undefined;
      throw error;
    }
  };
  return {
    look,
    async names() {
      const { Schedules: schedules = [] } = await scheduler.send(new ListSchedulesCommand({ GroupName: group }));
      return schedules.map(({ Name }) => Name ?? '');
    },
    async edit(name, change) {
      const live = await look(name);
      if (live === undefined) throw new Error(`there is no schedule ${name} to edit`);
      const { Arn: _arn, CreationDate: _created, LastModificationDate: _modified, $metadata: _answer, ...whole } = live;
      const { FlexibleTimeWindow, ScheduleExpression, Target } = whole;
      if (!FlexibleTimeWindow || !Target) throw new Error(`the schedule ${name} is not whole`);
      const fields = { ...whole, Name: name, FlexibleTimeWindow, ScheduleExpression, Target };
      await scheduler.send(new UpdateScheduleCommand({ ...fields, ...change }));
    },
    async remove(name) {
      await scheduler.send(new DeleteScheduleCommand({ Name: name, GroupName: group }));
    },
  };
}

/** Starts what the stack's five-minute rule starts, with the event that it would give. Throws what the function threw. */
export async function fireSweepRule({ events, lambda }: Clients): Promise<void> {
  const { Rules: rules = [] } = await events.send(new ListRulesCommand({}));
  const sweep = rules.find(({ ScheduleExpression }) => ScheduleExpression === 'rate(5 minutes)');
  if (sweep?.Name === undefined) throw new Error('the stack has no rule that fires each five minutes');
  const { Targets: [target] = [] } = await events.send(new ListTargetsByRuleCommand({ Rule: sweep.Name }));
  const event = {
    version: '0',
    id: crypto.randomUUID(),
    'detail-type': 'Scheduled Event',
    source: 'aws.events',
    time: new Date().toISOString(),
    resources: [sweep.Arn],
    detail: {},
  };
  const answer = await lambda.send(
    new InvokeCommand({ FunctionName: target?.Arn, Payload: Buffer.from(JSON.stringify(event)) }),
  );
  if (answer.FunctionError !== undefined) {
    throw new Error(`the sweep failed: ${Buffer.from(answer.Payload ?? []).toString()}`);
  }
}
